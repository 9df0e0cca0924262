"""API pages: every public name of a folder, each shown in full on one page and linked from others.

A line `<!-- api jaxsuper.FOLDER -->` is replaced by what the folder exports.
"""

import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import jaxsuper


_MARK = re.compile(r"^<!-- api ([\w.]+) -->$", re.MULTILINE)
_SIMPLE = (int, float, str, bool, tuple, frozenset)


def read(app: Any, page: str, source: list[str]) -> None:
    """Put what folders export into a page; on Sphinx's event `source-read`."""
    source[0] = _MARK.sub(lambda found: shown(found[1]), source[0])


@cache
def folders() -> tuple[str, ...]:
    """Return all public folders that export names, outer ones before those inside of them."""
    root = Path(jaxsuper.__file__).parent
    found = []
    for file in root.rglob("__init__.py"):
        inner = file.parent.relative_to(root).parts
        name = ".".join(("jaxsuper", *inner))
        if not any(part.startswith("_") for part in inner) and _names(import_module(name)):
            found.append(name)
    return tuple(sorted(found, key=lambda name: (name.count("."), name)))


@cache
def homes() -> dict[int, str]:
    """Return where what is exported is shown: id of an object -> its full name.

    Names are shown in the outermost folder that has them, which is never the package itself unless
    no folder has them.
    """
    found: dict[int, str] = {}
    for folder in (*folders()[1:], folders()[0]):
        module = import_module(folder)
        for name in _names(module):
            value = getattr(module, name)
            if not isinstance(value, ModuleType) and _is_object(value):
                found.setdefault(id(value), f"{folder}.{name}")
    return found


def shown(folder: str) -> str:
    """Return a page's text of a folder: what it is for, and its names.

    Args:
        folder: `jaxsuper`, or a folder's full name.
    """
    module = import_module(folder)
    elsewhere, here = [], []
    for name in _names(module):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            continue
        full = f"{folder}.{name}"
        home = homes().get(id(value), full) if _is_object(value) else full
        if home == full:
            here.append(_directive(full, value))
        else:
            elsewhere.append(f"* `{name}`: {{py:obj}}`{home}`")
    # Names of fields and constants in a docstring are Markdown, as pages are.
    said = inspect.getdoc(module) or ""
    listed = "\n".join(elsewhere)
    below = "\n".join(here)
    parts = [said, listed and f"Shown where they belong:\n\n{listed}"]
    parts += [here and f"```{{eval-rst}}\n.. py:module:: {folder}\n\n{below}\n```"]
    return "\n\n".join(part for part in parts if part)


def _names(module: ModuleType) -> list[str]:
    return [name for name in getattr(module, "__all__", ()) if not name.startswith("__")]


def _is_object(value: Any) -> bool:
    """Tell whether a value is something with a name and docstring of its own, not a constant."""
    return inspect.isclass(value) or inspect.isroutine(value) or hasattr(value, "__wrapped__")


def _directive(full: str, value: Any) -> str:
    if inspect.isclass(value):
        special = "\n   :special-members: __call__" if "__call__" in vars(value) else ""
        return f".. autoclass:: {full}\n   :members:\n   :show-inheritance:{special}\n"
    if _is_object(value):
        return f".. autofunction:: {full}\n"
    simple = isinstance(value, _SIMPLE) and len(repr(value)) < 200
    shown = f"   :value: {value!r}\n" if simple else ""
    return f".. py:data:: {full}\n{shown}\n   {_comment(full)}\n"


def _comment(full: str) -> str:
    """Return what stands above the line that defines a constant, as a comment in its folder."""
    folder, name = full.rsplit(".", 1)
    line = re.compile(rf"^((?:# .*\n)+){name}(?:: .+?)? = ", re.MULTILINE)
    for file in sorted(Path(import_module(folder).__file__ or "").parent.rglob("*.py")):
        found = line.search(file.read_text(encoding="utf-8"))
        if found:
            said = " ".join(text.removeprefix("# ") for text in found[1].splitlines())
            return re.sub(r"([*|`_])", r"\\\1", said)
    return ""
