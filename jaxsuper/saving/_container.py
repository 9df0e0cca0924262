"""The file: a safetensors file whose metadata hold a header, with a checksum over all of it.

Any reader of safetensors finds the leaves by name. The header is JSON under the one key "jaxsuper":

    {"format": 1, "sha256": ..., "made_with": {...}, "key": ..., "note": ..., "thing": ...}

`sha256` is that of the whole file with zeros in its own place, so that no byte can change unnoticed.
Nothing is pickled, and nothing in a file is run.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from .._errors import bad, check
from .._files import check_writable, written_whole
from .._limits import check_cost, Cost
from .._reading import from_json


FORMAT = 1
_NAME = "jaxsuper"
_LENGTH = 8  # bytes of the number that a safetensors file starts with
_LARGEST_HEADER = 100 * 2**20
_DIGITS = 64
_ZEROS = "0" * _DIGITS
# As it stands in the metadata: JSON in a string of JSON.
_MARK = b'\\"sha256\\":\\"'


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """What a file says of itself.

    Attributes:
        format: of the file.
        sha256: of all of it, with zeros in this place.
        made_with: versions of the library and of what it stands on.
        thing: what was saved, as `_tree.py` describes it.
        key: the key that it was drawn from, if that was said, as `_tree.py` describes it.
        note: whatever was to be kept with it.
    """

    format: int
    sha256: str
    made_with: dict[str, str]
    thing: Any
    key: Any = None
    note: str = ""


class _Format(msgspec.Struct):
    """What the header of any format holds."""

    format: int


def write(path: Path, header: Mapping[str, Any], leaves: Mapping[str, np.ndarray]) -> None:
    """Write a file, whole or not at all.

    Args:
        path: the destination.
        header: as `Header`, without format and checksum.
        leaves: the arrays by name.

    Raises:
        ValueError: if no file can be written there.
    """
    check_writable(path, "path")
    content = {"format": FORMAT, "sha256": _ZEROS, **header}
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    blob = bytearray(save(dict(leaves), {_NAME: text}))
    start = blob.index(_MARK) + len(_MARK)
    digest = hashlib.sha256(blob).hexdigest().encode()
    blob[start : start + _DIGITS] = digest
    with written_whole(path) as partial:
        partial.write_bytes(blob)


def read(path: Path) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a file, and check that it is whole and unchanged.

    Args:
        path: the file.

    Returns:
        Header and leaves.

    Raises:
        ValueError: if there is no such file, or it is of another kind or format, truncated, longer
            than it says, or changed; one line that names it.
    """
    content, text = _read(path)
    rule = "must be saved by `jaxsuper.save`"
    found = _header(_Format, text, path, rule)
    older = "older" if found.format < FORMAT else "newer"
    remedy = f"it is of an {older} version" if older == "older" else "update jaxsuper"
    check(
        found.format == FORMAT,
        "path",
        f"must be of format {FORMAT}",
        _at(path, found.format),
        remedy,
    )
    header = _header(Header, text, path, rule)
    start = content.find(_MARK) + len(_MARK)
    bare = bytearray(content)
    bare[start : start + _DIGITS] = _ZEROS.encode()
    same = hashlib.sha256(bare).hexdigest() == header.sha256
    rule = "must be as it was saved, which its checksum denies"
    check(same, "path", rule, path, "the file is damaged, or was edited")
    try:
        leaves = load(content)
    except SafetensorError as error:
        raise bad("path", "must hold arrays that can be read", path, str(error)) from None
    return header, leaves


def read_header(path: Path) -> Header:
    """Return what a file says of itself, its checksum checked too."""
    return read(path)[0]


def _at(path: Path, what: object) -> str:
    return f"{what} in {path}"


def _read(path: Path) -> tuple[bytes, bytes]:
    """Return all bytes of a file, and the header in them; check that none is missing."""
    check(path.is_file(), "path", "must be a file", path)
    size = path.stat().st_size
    check_cost(lambda size: Cost(3 * size), {"size": size})
    try:
        content = path.read_bytes()
    except OSError as error:
        raise bad("path", "must be readable", path, error.strerror or str(error)) from None
    foreign = bad("path", "must be saved by `jaxsuper.save`", path, "it is another kind of file")
    length = int.from_bytes(content[:_LENGTH], "little")
    start = _LENGTH + length
    if (
        len(content) < _LENGTH + 2
        or content[_LENGTH : _LENGTH + 1] != b"{"
        or length > _LARGEST_HEADER
    ):
        raise bad("path", "must not be empty", path) if not content else foreign
    if len(content) < start:
        ours = _NAME.encode() in content[:1000]
        raise _torn(path, start - len(content)) if ours else foreign
    try:
        table = msgspec.json.decode(content[_LENGTH:start], type=dict[str, dict[str, Any]])
        text = table.pop("__metadata__")[_NAME]
        ends = [tensor["data_offsets"][1] for tensor in table.values()]
        wanted = start + max(ends, default=0)
    except (msgspec.DecodeError, LookupError, TypeError, RecursionError):
        ours = _MARK in content[:start]
        rule, remedy = "must have a header that can be read", "the file is damaged, or was edited"
        raise (bad("path", rule, path, remedy) if ours else foreign) from None
    if not isinstance(text, str) or not isinstance(wanted, int):
        raise foreign
    if len(content) < wanted:
        raise _torn(path, wanted - len(content))
    more = len(content) - wanted
    check(more == 0, "path", "must end where its header says", path, f"{more} bytes too many")
    return content, text.encode()


def _torn(path: Path, missing: int) -> ValueError:
    return bad("path", "must be whole", path, f"{missing} bytes are missing at the end")


def _header(kind: Any, text: bytes, path: Path, rule: str) -> Any:
    try:
        return from_json(kind, text, "header")
    except ValueError as error:
        raise bad("path", rule, path, str(error)) from None
