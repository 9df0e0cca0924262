"""How the site reads formulas that stand as text in the notes, and docstrings."""

import ast
import importlib
import re
import sys

import pytest
from jaxsuper.plotting import formula_mathml

from .test_site import load, ROOT, SOURCES


formulas = load("formulas")
NOTES = (ROOT / "jaxsuper" / "theory" / "README.md").read_text()


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("E (K/S)^2", r"\mathrm{E}\, (K/S)^{2}"),
        ("sum_{i in N(m)} alpha_i", r"\sum _{i \text{ in }N(m)} \alpha _{i}"),
        ("a <= T*, C~ e_v", r"a \le  T^{*}, \tilde{C} e_{v}"),
        ("wbar_ij -> n^(2 - 1/h)", r"\bar{w} _{i j} \to  n^{2 - 1/h}"),
        ("z e    active: alpha alike", r"z e\qquad \text{ active: }\alpha  \text{ alike }"),
        ("layers until a tenth is wrong", r"\text{ layers until a tenth is wrong }"),
        ("1{c >= 1}", r"1\{c \ge  1\}"),
    ],
)
def test_formulas(text, latex):
    assert formulas.latex(text) == latex
    assert formula_mathml(latex).startswith("<math")


def test_every_formula_of_the_notes():
    """Each becomes one element, with nothing left over that is LaTeX."""
    shown = formulas.typeset(NOTES)
    blocks = shown.split("```{math}\n")[1:]
    assert len(blocks) > 15
    for block in blocks:
        for line in block.split("```")[0].split("\\\\\n"):
            assert formula_mathml(line)
    # No word is lost between the lines of a formula, nor a line of the notes outside of them.
    assert "what is brought beside" in shown and "others that open" not in shown
    kept = [line for line in NOTES.splitlines() if line.startswith(("#", "* **", "|"))]
    assert len(kept) > 60
    for line in kept:
        assert line.startswith("|") or formulas._raised(line) in shown or line in shown


def test_sentences():
    said = formulas._sentences("w_t^l a_t^{l-1}, n^(-1/h), `a_b` and [alpha](#chi_x): chi' <= beta")
    assert said == (
        "w<sub>t</sub><sup>l</sup> a<sub>t</sub><sup>l-1</sup>, n<sup>-1/h</sup>, `a_b` and "
        "[α](#chi_x): χ′ ≤ β"
    )
    assert formulas._sentences("# alpha_t\n```\na^2\n```") == "# alpha_t\n```\na^2\n```"


DOCSTRING = """
Return x_t for `simulate` of all, *args, see notes#closed-forms and the `jaxsuper.build` of it.

    a^2 = b_
    c

Args:
    a, b: |x| of both; a list
        that goes on:

            v*w
    *more: n.
    table: rows.

Returns:
    The bound. Source: S. M. Johnson (1962).
"""


@pytest.mark.slow
def test_docstrings(monkeypatch):
    """Fields, formulas as they stand, links to the notes and to what is public."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    nodes = pytest.importorskip("docutils.nodes")
    frontend = importlib.import_module("docutils.core")
    monkeypatch.syspath_prepend(str(SOURCES))
    docstrings = importlib.import_module("extension.docstrings")
    try:
        lines = docstrings.restructured(DOCSTRING.strip().split("\n"), "jaxsuper.simulation.x")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "extension"]:
            del sys.modules[name]
    text = "\n".join(lines)
    assert ":py:obj:`simulate <jaxsuper.simulation.simulate>`" in text
    assert ":py:obj:`jaxsuper.build <jaxsuper.network.build>`" in text
    plain = text.replace(":py:obj:", "")
    settings = {"report_level": 1, "halt_level": 1}  # any complaint is an error
    tree = frontend.publish_doctree(plain, settings_overrides=settings)
    assert [node.astext() for node in tree.findall(nodes.literal_block)] == ["a^2 = b_\nc", "v*w"]
    names = [node.astext() for node in tree.findall(nodes.field_name)]
    assert names == ["param a", "param b", "param *more", "param table", "returns"]
    assert "Source: S. M. Johnson (1962)." in tree.astext() and "*args" in tree.astext()
    (link,) = [n for n in tree.findall(nodes.reference) if n.get("refuri")]
    assert link["refuri"] == "../theory.html#closed-forms"


def examples():
    """Yield the code that readers see, by where: notebooks whole, elsewhere block by block."""
    for path in sorted(SOURCES.glob("[0-9]*.py")):
        yield path.name, path.read_text()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(SOURCES.glob("*.md"))):
        cells = re.findall(r"```\{code-cell\}.*?\n(.*?)```", path.read_text(), re.DOTALL)
        yield path.name, "\n".join(cells)
        for code in re.findall(
            r"^```python\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE
        ):
            yield path.name, code


def reused(code):
    """Return keys, as they are written, that more than one call gets."""
    code = re.sub(r"^:.*\n", "", code, flags=re.MULTILINE)
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    keys = [
        ast.unparse(word.value) for call in calls for word in call.keywords if word.arg == "key"
    ]
    return sorted({key for key in keys if keys.count(key) > 1})


def test_keys_are_used_once():
    found = list(examples())
    assert sum("key=" in code for _, code in found) > 5
    assert not {(name, *reused(code)) for name, code in found if reused(code)}
    assert reused("f(key=key)\ng(1, key=key)\nh(key=split(key)[0])") == ["key"]
