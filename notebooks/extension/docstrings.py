"""Docstrings in the house's style, which is Markdown between Google's headings, for autodoc.

Code between single backticks stays code, and leads to what it names if that is public; blocks that
are indented below a blank line are formulas or code; `notes#section` leads to the notes on theory.
"""

import re
from functools import cache
from importlib import import_module
from typing import Any

from .api import folders, homes


# Google's headings, and the fields they are of; the last two have text below, not names.
_FIELDS = {"Args": "param", "Attributes": "ivar", "Raises": "raises", "Returns": "returns"}
_FIELDS["Yields"] = "yields"
_TEXTS = ("returns", "yields")
_SECTION = re.compile(rf"^({'|'.join(_FIELDS)}):$")
_ENTRY = re.compile(r"^(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*): *(.*)$")
_CODE = re.compile(r"``(.+?)``|`([^`\n]+(?:\n[^`\n]+)?)`")
_NOTES = re.compile(r"\bnotes#([a-z][\w-]*)")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[A-Za-z])([^*\n]*[A-Za-z])\*(?![\w*])")


def signature(
    app: Any, what: str, name: str, object_: Any, options: Any, arguments: str, result: str
) -> tuple[str, str] | None:
    """Name arrays in signatures as code does; on autodoc's event."""
    if arguments is None and result is None:
        return None
    short = lambda text: text and text.replace("jaxlib._jax.", "").replace("numpy.", "")
    return short(arguments), short(result)


def skipped(app: Any, what: str, name: str, object_: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the fields of named tuples, which their class explains; on autodoc's event."""
    said = getattr(object_, "__doc__", None) or ""
    return True if said.startswith("Alias for field number") else None


def process(app: Any, what: str, name: str, object_: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring into reStructuredText; on autodoc's event."""
    lines[:] = restructured(lines, name)


def restructured(lines: list[str], name: str = "") -> list[str]:
    """Return a docstring's lines as reStructuredText.

    Args:
        lines: without the indentation that all of them have.
        name: of what is described, for links from relative names.
    """
    out: list[str] = []
    text: list[str] = []
    lines = _with_fields(lines)

    def flush() -> None:
        out.extend(_prose("\n".join(text), name).split("\n") if text else [])
        text.clear()

    at = 0
    while at < len(lines):
        end = _block_end(lines, at)
        if end > at:
            flush()
            out.extend(_literal(lines[at:end], _indent(_last(lines, at))))
            at = end
            continue
        line, before = lines[at], text[-1] if text else (out[-1] if out else "")
        bullet = line.lstrip().startswith("* ")
        if bullet and before.strip() and not before.lstrip().startswith("* "):
            if _indent(before) <= _indent(line):
                text.append("")
        text.append(line)
        at += 1
    flush()
    return out


def _with_fields(lines: list[str]) -> list[str]:
    """Return lines with fields, as `:param name: text`, in the place of Google's sections."""
    out: list[str] = []
    field, margin = "", 0
    for line in lines:
        here = _indent(line)
        heading = _SECTION.match(line.strip())
        if heading:
            field, margin = _FIELDS[heading[1]], here
            # Fields are a list: it begins after an empty line, and its items stand together.
            if out and out[-1].strip():
                out.append("")
            out += [" " * margin + f":{field}:"] if field in _TEXTS else []
        elif field and line.strip() and here <= margin:
            field = ""
            out += ["", line]
        elif field and field not in _TEXTS and here == margin + 4:
            entry = _ENTRY.match(line.strip())
            names, said = (entry[1].split(", "), entry[2]) if entry else ([line.strip()], "")
            out += [f"{' ' * margin}:{field} {name}: {said}".rstrip() for name in names]
        else:
            out.append(line)
    return out


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _last(lines: list[str], at: int) -> str:
    """Return the last line before that has text."""
    return next((line for line in reversed(lines[:at]) if line.strip()), "")


def _block_end(lines: list[str], at: int) -> int:
    """Return the end of the code, formula or table that begins here, or the line itself."""
    line = lines[at]
    if not line.strip():
        return at
    if line.lstrip().startswith("|"):
        end = at
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        return end if end > at + 1 else at
    if line.lstrip().startswith(">>> "):
        end = at
        while end < len(lines) and lines[end].strip():
            end += 1
        return end
    before = _last(lines, at)
    # What stands below a field is indented as it is.
    own = _indent(before) + (4 if before.lstrip().startswith(":") else 0)
    if not before or lines[at - 1].strip() or _indent(line) < own + 4:
        return at
    end = at
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) >= _indent(line)):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def _literal(lines: list[str], indent: int) -> list[str]:
    """Return lines as a block that is shown as it stands."""
    own = min(_indent(line) for line in lines if line.strip())
    python = lines[0].lstrip().startswith(">>> ")
    margin = " " * (own if python or lines[0].lstrip().startswith("|") else own - 4)
    kind = "pycon" if python else "text"
    body = [f"{margin}   {line[own:]}".rstrip() for line in lines]
    return ["", f"{margin}.. code-block:: {kind}", "", *body, ""]


def _prose(text: str, name: str) -> str:
    """Return text with its code as literals, and nothing else that would be read as markup."""
    parts, at = [], 0
    for found in _CODE.finditer(text):
        parts += [_plain(text[at : found.start()]), _code(found[1] or found[2], name)]
        # A literal ends only where a word does.
        if re.match(r"\w", text[found.end() : found.end() + 1]):
            parts.append("\\ ")
        at = found.end()
    return "".join([*parts, _plain(text[at:])])


def _plain(text: str) -> str:
    """Return prose with what reStructuredText would take for markup escaped."""
    kept: list[str] = []

    def keep(shown: str) -> str:
        kept.append(shown)
        return f"\0{len(kept) - 1}\0"

    text = _NOTES.sub(lambda found: keep(f"`notes#{found[1]} <../theory.html#{found[1]}>`__"), text)
    text = _EMPHASIS.sub(lambda found: keep(f"*{found[1]}*"), text)
    text = re.sub(r"^( *)(\* )", lambda found: found[1] + keep(found[2]), text, flags=re.M)
    # No list of "a. ..." or "(a) ..." begins where a sentence or line does.
    text = re.sub(
        r"(^ *|^ *:[^:\n]+: )(\(?(?:[A-Za-z]|\d+|[ivxl]+)[.)](?= |$))",
        lambda found: found[1] + keep("\\" + found[2]),
        text,
        flags=re.M,
    )
    text = re.sub(r"([*|\\`])", r"\\\1", text)
    text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], text)


@cache
def _targets() -> frozenset[str]:
    return frozenset(homes().values())


def _code(text: str, name: str) -> str:
    """Return code as a literal, or as a link if it is the name of something public."""
    text = " ".join(text.split())
    bare = text.removesuffix("()").removeprefix("jaxsuper.")
    if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", bare):
        folder = next((f for f in reversed(folders()) if name.startswith(f"{f}.")), "jaxsuper")
        for start in (f"{folder}.", "jaxsuper."):
            full = start + bare
            if full not in _targets() and "." not in bare and start == "jaxsuper.":
                full = _exported().get(bare, full)
            if full in _targets():
                return f":py:obj:`{text} <{full}>`"
    return f"``{text}``"


@cache
def _exported() -> dict[str, str]:
    """Return names of the package itself -> where they are shown."""
    package = import_module("jaxsuper")
    names = {name: getattr(package, name) for name in package.__all__}
    return {name: homes()[id(value)] for name, value in names.items() if id(value) in homes()}
