"""Texts that stand in one file of the repository and are shown on a page: README, notes, changelog.

A line `<!-- part FILE: HEADING -->` is replaced by the section below that heading, without the
heading, `<!-- part FILE: HEADING (alone) -->` without the sections inside of it, `<!-- rest ... -->`
by what follows the first code of the section;
`<!-- part FILE -->` by the whole file without its title. A line `<!-- code FILE: MARK -->` is
replaced by a cell with the Python code below that mark, which the build runs. Links between files of the
repository become links between pages, and downloads of what is no page.
"""

import re
from pathlib import Path
from posixpath import normpath
from typing import Any


ROOT = Path(__file__).parents[2]
# Files that are pages of the site, from the repository's root.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "jaxsuper/CHANGELOG.md": "changelog.md",
    "jaxsuper/theory/README.md": "theory.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/": "benchmarks.md",
}
_MARK = re.compile(r"^<!-- (part|rest) ([^\s:]+)(?:: (.+?))?( \(alone\))? -->$", re.MULTILINE)
_CODE = re.compile(r"^<!-- code ([^\s:]+): (.+?) -->$", re.MULTILINE)
_LINK = re.compile(r"(?<!`)\]\((?!https?:|#)([^)#\s]*)(#[^)\s]*)?\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def read(app: Any, page: str, source: list[str]) -> None:
    """Put parts of files into a page; on Sphinx's event `source-read`."""

    def part(found: re.Match[str]) -> str:
        app.env.note_dependency(str(ROOT / found[2]))
        part = part_of(found[2], found[3], alone=bool(found[4]))
        if found[1] == "rest":
            part = _FENCE.split(part, maxsplit=1)[1]
        up = "../" * page.count("/")
        return re.sub(r"\]\((path:)?\./", lambda link: f"]({link[1] or ''}{up}", part)

    def code(found: re.Match[str]) -> str:
        app.env.note_dependency(str(ROOT / found[1]))
        return f"```{{code-cell}} ipython3\n{code_of(found[1], found[2])}```"

    source[0] = _CODE.sub(code, _MARK.sub(part, source[0]))


def code_of(file: str, mark: str) -> str:
    """Return the Python code below a mark, `<!-- MARK -->`.

    Args:
        file: from the repository's root.
        mark: what stands in the comment; or the first words of the code itself.

    Raises:
        ValueError: if no code or more than one is found.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    blocks = re.findall(
        r"(?:^<!-- ([^\n]+) -->\n)?^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    named = [code for name, code in blocks if mark == name] or [c for _, c in blocks if mark in c]
    if len(named) != 1:
        raise ValueError(f"{file} has {len(named)} blocks of code {mark!r}")
    return named[0]


def part_of(file: str, heading: str | None = None, *, alone: bool = False) -> str:
    """Return a file's section, or all of it but the title, as a page of the site can show it.

    Args:
        file: from the repository's root.
        heading: of the section, as it stands there; None for everything.
        alone: without the sections inside of it.

    Returns:
        Markdown whose links between files begin with `./`, for the folder `notebooks`.

    Raises:
        ValueError: if there is no such heading.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    headings = [found for found in re.finditer(r"^(#+) (.+)$", _without_code(text), re.MULTILINE)]
    if heading is None:
        first, level = headings[0], 0
    else:
        named = [found for found in headings if found[2] == heading]
        if len(named) != 1:
            raise ValueError(f"{file} has {len(named)} headings {heading!r}")
        first, level = named[0], len(named[0][1])
    later = [
        found.start()
        for found in headings
        if found.start() > first.start() and (alone or len(found[1]) <= level)
    ]
    body = text[first.end() : later[0] if later else len(text)]
    # Sections stand one level higher where their own heading was the page's title.
    body = _LINK.sub(lambda found: _page_link(file, found), body)
    if level > 1:
        body = re.sub(rf"^#{{{level}}}(#+ )", r"#\1", body, flags=re.MULTILINE)
    return re.sub(r"^<!-- [^/]*? -->\n|^<!-- /\w+ -->\n?", "", body, flags=re.MULTILINE).strip()


def _without_code(text: str) -> str:
    """Return a text of the same length without headings inside of code."""
    return _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _page_link(file: str, found: re.Match[str]) -> str:
    """Return the end of a link, from the folder `notebooks`."""
    target, anchor = found[1], found[2] or ""
    place = normpath((Path(file).parent / target).as_posix()) + ("/" if target[-1:] == "/" else "")
    if place.startswith("notebooks/"):
        return f"](./{place.removeprefix('notebooks/')}{anchor})"
    if place in PAGES:
        return f"](./{PAGES[place]}{anchor})"
    # Markdown that is no page is a file like others.
    return f"]({'path:' if place.endswith('.md') else ''}./../{place}{anchor})"
