"""`save` and `load`: anything of this library that can be drawn, built or measured, as one file."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import check_key
from .._errors import check, check_kind
from .._types import KeyScalar
from ._container import read, write
from ._tree import built, described


_PACKAGES = ("jaxsuper", "jax", "numpy", "equinox")


def save(path: Path | str, thing: Any, *, key: KeyScalar | None = None, note: str = "") -> None:
    """Write circuits, an allocation, a network, a program or a measurement to one file.

    The file is safetensors, with a header that says the format, the class by a short name, static
    fields and versions, and a checksum over all bytes. Nothing is pickled. It is written whole or
    not at all.

    Args:
        path: the destination.
        thing: what `load` is to return: instances of classes that are known
            (`jaxsuper.saving.classes`), or tuples, lists and tables of them.
        key: that it was drawn from, to be kept with it.
        note: whatever else is to be kept with it.

    Raises:
        ValueError: for what cannot be saved, which is named with its place, and if no file can be
            written there.
    """
    check_kind("note", note, str)
    if key is not None:
        check_key("key", key)
    leaves: dict[str, np.ndarray] = {}
    header = {
        "made_with": {name: version(name) for name in _PACKAGES},
        "thing": described(thing, "thing", leaves),
        "key": described(key, "key", leaves),
        "note": note,
    }
    write(Path(path), header, leaves)


def load(path: Path | str) -> Any:
    """Read what `save` wrote.

    Args:
        path: the file.

    Returns:
        The same, bit for bit.

    Raises:
        ValueError: if there is no such file, or it is of another kind or format, truncated, damaged,
            or of a class that is not known here; one line that names it.
    """
    return contents(path)["thing"]


def contents(path: Path | str) -> dict[str, Any]:
    """Read what `save` wrote, and what was kept with it.

    Args:
        path: the file.

    Returns:
        `thing`, `key` and `note` as they were given, and `made_with`, versions.

    Raises:
        ValueError: as `load`.
    """
    file = Path(path)
    header, leaves = read(file)
    try:
        found = {name: built(getattr(header, name), leaves) for name in ("thing", "key")}
        check(not leaves, "leaf", "must be described by the header", f"{next(iter(leaves), '')!r}")
    except ValueError as error:
        raise ValueError(
            f"`path` must be what this version can load, got {file}: {error}"
        ) from None
    return found | {"note": header.note, "made_with": header.made_with}
