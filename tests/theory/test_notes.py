"""Every citation of the notes on the theory resolves, and every letter stands among their sources."""

import ast
import re
from pathlib import Path

import jaxsuper
import pytest


PACKAGE = Path(jaxsuper.__file__).parent
NOTES = (PACKAGE / "theory" / "README.md").read_text(encoding="utf-8")
FILES = sorted(PACKAGE.rglob("*.py"))


def anchors(markdown):
    """The anchors of all headings, as renderers of Markdown form them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def unresolved(text, markdown=NOTES):
    """Citations of sections that do not exist, and of letters that are not among the sources."""
    cited = set(re.findall(r"notes#([\w-]*)", text)) - {"name"}
    listed = set(re.findall(r"^\* \[(\w+)\]", markdown.split("## Sources")[1], re.MULTILINE))
    letters = set(re.findall(r"\[([A-Z]\d?)\]", text))
    return sorted(cited - anchors(markdown)) + sorted(letters - listed)


def prose(path):
    """All strings of a file: docstrings and what users read. Code may index with [K]."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    comments = re.findall(r"#.*", path.read_text(encoding="utf-8"))
    return "\n".join([value for value in strings if isinstance(value, str)] + comments)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_citations_resolve(path):
    text = prose(path)
    assert unresolved(text) == []
    assert not re.findall(r"\btheory \d", text), "cite a section of the notes by its heading"


def test_there_are_citations():
    cited = [name for path in FILES for name in re.findall(r"notes#([\w-]+)", prose(path))]
    assert len(cited) > 100
    # Each section but the introductory ones is cited somewhere.
    assert anchors(NOTES) - set(cited) <= {"notes-on-the-theory", "setting", "sources"}


def test_notes_resolve_in_themselves():
    assert unresolved(NOTES) == []
    assert set(re.findall(r"\]\(#([\w-]+)\)", NOTES)) <= anchors(NOTES)


@pytest.mark.parametrize(
    "wrong", ["Source: notes#state-evolutions.", "notes#", "as [Q] shows", "[M3]; notes#circuits"]
)
def test_wrong_citations_fail(wrong):
    assert unresolved(wrong)
    assert not unresolved("[M2]; notes#circuits, notes#closed-forms.")
