"""Formulas as MathML, which browsers lay out themselves: no script, no font, no network."""

from typing import Any

from jaxsuper.plotting import formula_mathml
from sphinx.errors import ExtensionError


def connect(app: Any) -> None:
    """Make it the way in which a build shows formulas."""
    nothing = lambda translator, node: None
    app.add_html_math_renderer("mathml", (_inline, nothing), (_block, nothing))
    app.config.html_math_renderer = "mathml"


def mathml(text: str, where: Any = "") -> str:
    """Return a formula as one `math` element.

    Args:
        text: LaTeX.
        where: what to name if it does not parse.

    Raises:
        ExtensionError: if it does not parse.
    """
    try:
        return formula_mathml(" ".join(text.split()))
    except ValueError as error:
        raise ExtensionError(f"{where}: {error}") from None


def _inline(translator: Any, node: Any) -> None:
    text = mathml(node.astext(), node.source).replace('display="block"', 'display="inline"', 1)
    translator.body.append(text)
    _skip()


def _block(translator: Any, node: Any) -> None:
    # One formula a line, where lines are ended by a double backslash.
    lines = [line for line in node.astext().split("\\\\\n") if line.strip()]
    shown = "".join(mathml(line, node.source) for line in lines)
    several = " lines" * (len(lines) > 1)
    translator.body.append(f'<div class="formula{several}">{shown}</div>\n')
    _skip()


def _skip() -> None:
    from docutils.nodes import SkipNode

    raise SkipNode
