"""Safetensors files larger than memory: written row by row, read as memory maps, checked first.

A file is 8 bytes of length, a JSON header {name: {dtype, shape, data_offsets}}, then the arrays, one
after the other. Nothing in it is run.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from .._errors import bad, check
from .._files import check_writable, written_whole


_TYPES = {"F32": np.float32, "I32": np.int32, "U8": np.uint8}
_NAMES = {np.dtype(kind): name for name, kind in _TYPES.items()}
_LENGTH, _LARGEST_HEADER, _ALIGNED = 8, 100 * 2**20, 64
_PIECE = 2**24


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: list[int]
    data_offsets: list[int]


Shapes = Mapping[str, tuple[tuple[int, ...], type[Any]]]


def size_of(shapes: Shapes) -> int:
    """Return the bytes of arrays, without the header.

    Args:
        shapes: name -> (shape, type).
    """
    return sum(prod(shape) * np.dtype(kind).itemsize for shape, kind in shapes.values())


class Writer:
    """An open file whose arrays are filled in any order.

    Attributes:
        arrays: name -> writable memory map.
    """

    def __init__(self, path: Path, shapes: Shapes):
        """Lay the file out.

        Args:
            path: which is written over.
            shapes: name -> (shape, type), in the order of the file.
        """
        header, end = {}, 0
        for name, (shape, kind) in shapes.items():
            start, end = end, end + prod(shape) * np.dtype(kind).itemsize
            code = _NAMES[np.dtype(kind)]
            header[name] = {"dtype": code, "shape": list(shape), "data_offsets": [start, end]}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-(len(text) + _LENGTH) % _ALIGNED)
        self._path, self._start = path, _LENGTH + len(text)
        with path.open("wb") as file:
            file.write(len(text).to_bytes(_LENGTH, "little") + text)
            file.truncate(self._start + end)
        self._header = header

    def put(self, name: str, values: Any, row: int = 0) -> None:
        """Write rows of an array.

        Args:
            name: of the array.
            values: consecutive rows of it.
            row: the first of them.
        """
        entry = self._header[name]
        kind, shape = _TYPES[entry["dtype"]], entry["shape"]
        values = np.ascontiguousarray(values, kind)
        check(
            list(values.shape[1:]) == shape[1:],
            name,
            f"must have rows of {shape[1:]}",
            values.shape,
        )
        each = prod(shape[1:]) * np.dtype(kind).itemsize
        with self._path.open("r+b") as file:
            file.seek(self._start + entry["data_offsets"][0] + row * each)
            file.write(values.data)


@contextmanager
def written(path: Path, shapes: Shapes) -> Iterator[Writer]:
    """Write a file, whole or not at all.

    Args:
        path: the destination.
        shapes: name -> (shape, type).

    Yields:
        What its arrays are written with.
    """
    check_writable(path, "directory")
    with written_whole(path) as partial:
        yield Writer(partial, shapes)


def shapes_of(arrays: Mapping[str, np.ndarray]) -> Shapes:
    """Return the shapes of arrays at hand."""
    return {name: (array.shape, array.dtype.type) for name, array in arrays.items()}


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays at hand, whole or not at all."""
    with written(path, shapes_of(arrays)) as file:
        for name, array in arrays.items():
            file.put(name, array)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def mapped(path: Path, argument: str = "directory") -> dict[str, np.ndarray]:
    """Return the arrays of a file as read-only memory maps, none of them read yet.

    Args:
        path: the file.
        argument: what it is called in errors.

    Raises:
        ValueError: if there is no such file, or it is no safetensors file of int32, float32 and uint8
            arrays, is truncated or longer than it says; one line that names it.
    """
    check(path.is_file(), argument, "must hold the file", path)
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH), "little")
            fits = size >= _LENGTH + 2 and 2 <= length <= min(_LARGEST_HEADER, size - _LENGTH)
            text = file.read(length) if fits else b""
    except OSError as error:
        raise bad(argument, "must be readable", path, error.strerror or str(error)) from None
    rule = "must hold whole safetensors files"
    check(fits, argument, rule, path, "it is damaged, or another kind of file")
    try:
        table = msgspec.json.decode(text, type=dict[str, Any])
        table.pop("__metadata__", None)
        entries = msgspec.convert(table, dict[str, _Entry])
    except (msgspec.MsgspecError, RecursionError):
        raise bad(argument, rule, path, "its header cannot be read") from None
    start, end, arrays = _LENGTH + length, 0, {}
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        kind = _TYPES.get(entry.dtype)
        right = (
            kind is not None and len(entry.data_offsets) == 2 and min(entry.shape, default=0) >= 0
        )
        bytes_ = prod(entry.shape) * np.dtype(kind).itemsize if kind else 0
        right = right and entry.data_offsets == [end, end + bytes_]
        check(right, argument, rule, path, f"the entry of {name!r} is wrong")
        assert kind is not None
        end += bytes_
        if start + end > size:
            missing = f"{start + end - size} bytes or more are missing at the end"
            raise bad(argument, rule, path, missing)
        shape = tuple(entry.shape)
        if bytes_:
            where = start + end - bytes_
            arrays[name] = np.memmap(path, kind, "r", offset=where, shape=shape)
        else:
            arrays[name] = np.zeros(shape, kind)
    more = size - start - end
    check(more == 0, argument, rule, path, f"{more} bytes too many")
    return arrays
