"""What the site needs beyond Sphinx: parts of files, API pages, docstrings, helps, maths."""

from typing import Any

from . import api, docstrings, formulas, helps, maths, parts


def setup(app: Any) -> dict[str, Any]:
    """Connect it to a build."""
    maths.connect(app)
    app.connect("source-read", parts.read)
    app.connect("source-read", formulas.read)
    app.connect("source-read", api.read)
    app.connect("source-read", helps.read)
    app.connect("autodoc-process-docstring", docstrings.process)
    app.connect("autodoc-skip-member", docstrings.skipped)
    app.connect("autodoc-process-signature", docstrings.signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
