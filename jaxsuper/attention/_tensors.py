"""Arrays in .npz and .safetensors files, read piece by piece: a file need not fit into memory.

Pieces are read, not mapped: what is mapped counts as memory of the process. Members of an .npz that
are compressed can only be read from their beginning on.
"""

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from .._errors import bad, check


_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16"}
_KINDS |= {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1"}
_LARGEST_HEADER = 100 * 2**20
# Of the header of a member of a zip file: its fixed part, and where two lengths stand in it.
_LOCAL, _LENGTHS = 30, (26, 28)


@dataclass
class Tensor:
    """An array in a file.

    Attributes:
        path: of the file.
        name: of the array.
        kind: its type as numpy writes it, or "bfloat16", which numpy has not.
        shape: its axes.
        offset: bytes before it in the file; None if it is compressed.
        stream: opens its bytes from the beginning on, if it is compressed.
    """

    path: Path
    name: str
    kind: str
    shape: tuple[int, ...]
    offset: int | None = None
    stream: Callable[[], Any] | None = None
    _file: Any = None
    _place: int = 0
    _lock: Any = field(default_factory=Lock)

    @property
    def compressed(self) -> bool:
        """Whether pieces can only be read in their order."""
        return self.offset is None

    @property
    def raw(self) -> np.dtype:
        """The type of its bytes; bfloat16 are 16-bit integers."""
        return np.dtype("<u2") if self.kind == "bfloat16" else np.dtype(self.kind)

    def read(self, start: int, count: int) -> np.ndarray:
        """Return elements as they stand in the file.

        Args:
            start: elements before them.
            count: how many.

        Returns:
            (count,), new, of type `raw`.

        Raises:
            ValueError: if the file ends before.
        """
        found = np.empty(count, self.raw)
        view: Any = memoryview(found.data).cast("B")
        if self.offset is None:
            with self._lock:
                self._forward(start, view)
            return found
        if self._file is None:
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        place, done = self.offset + start * self.raw.itemsize, 0
        while done < len(view):
            got = os.preadv(self._file, [view[done:]], place + done)
            if not got:
                raise _torn(self.path, len(view) - done)
            done += got
        return found

    def close(self) -> None:
        """Close the file."""
        if self.offset is None and self._file is not None:
            self._file.close()
        elif self._file is not None:
            os.close(self._file)
        self._file, self._place = None, 0

    def whole(self) -> np.ndarray:
        """Return all of a small array; bfloat16 as float32."""
        return floats(self.read(0, prod(self.shape)), self.kind).reshape(self.shape)

    def _more(self, count: int) -> bytes:
        """Return the next bytes of a compressed array, at most so many."""
        part = self._file.read(count)
        check(len(part) > 0, "file", "must be whole", self.path, f"{self.name} is cut off")
        return part

    def _forward(self, start: int, view: Any) -> None:
        """Read a piece of a compressed array, which lies further on than the last one."""
        assert self.stream is not None
        start *= self.raw.itemsize
        try:
            if self._file is None or start < self._place:
                self.close()
                self._file = self.stream()
            while self._place < start:
                self._place += len(self._more(min(2**20, start - self._place)))
            done = 0
            while done < len(view):
                part = self._more(len(view) - done)
                view[done : done + len(part)] = part
                done += len(part)
            self._place += done
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, _zlib_error()) as error:
            if isinstance(error, ValueError) and str(error).startswith("`"):
                raise
            raise bad("file", "must be whole", self.path, f"{self.name}: {error}") from None


def floats(raw: np.ndarray, kind: str) -> np.ndarray:
    """Return elements as numpy calculates with them: half precision as single.

    Args:
        raw: as they stand in a file.
        kind: of `Tensor`.
    """
    if kind == "bfloat16":
        return (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if raw.dtype.kind == "f" and raw.dtype.itemsize == 2:
        return _from_half(raw)
    return raw.astype(raw.dtype.newbyteorder("="), copy=False)


def _from_half(raw: np.ndarray) -> np.ndarray:
    """Return half precision as single: bits are moved where all are finite and none has a sign."""
    bits = raw.view(np.uint16)
    if bits.size and bits.max() < 0x7C00:
        # Exponents of half precision start 112 higher; numbers below the normal ones come out too.
        wide = np.left_shift(bits, np.uint32(13), dtype=np.uint32).view(np.float32)
        return np.multiply(wide, np.float32(2.0**112), out=wide)
    return raw.astype(np.float32)


def open_tensors(path: Path) -> dict[str, Tensor]:
    """Return what arrays a file holds; nothing of them is read.

    Args:
        path: a .npz or .safetensors file, by any framework.

    Returns:
        name -> array.

    Raises:
        ValueError: if there is no such file, it is of another kind, damaged or truncated.
    """
    check(path.is_file(), "file", "must be an existing .npz or .safetensors file", path)
    kinds = {".npz": _npz, ".safetensors": _safetensors}
    known = path.suffix.lower() in kinds
    check(known, "file", "must end in .npz or .safetensors", path.name)
    try:
        found = kinds[path.suffix.lower()](path)
    except OSError as error:
        raise bad("file", "must be readable", path, error.strerror or str(error)) from None
    check(len(found) > 0, "file", "must hold arrays", path, "it holds none")
    return found


def _safetensors(path: Path) -> dict[str, Tensor]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        rule = "must be a safetensors file"
        check(2 <= length <= _LARGEST_HEADER and size > 8, "file", rule, path, "it is none")
        if 8 + length > size:
            raise bad("file", "must be a whole safetensors file", path, "its header is cut off")
        header = file.read(length)
    try:
        table = msgspec.json.decode(header, type=dict[str, dict[str, Any]])
        table.pop("__metadata__", None)
        entries = {
            name: (str(one["dtype"]), tuple(map(int, one["shape"])), tuple(one["data_offsets"]))
            for name, one in table.items()
        }
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError):
        raise bad("file", rule, path, "its header cannot be read") from None
    found = {}
    for name, (kind, shape, (start, end)) in entries.items():
        if end + 8 + length > size:
            raise _torn(path, end + 8 + length - size)
        if kind not in _KINDS:  # of no use here, and no fault
            continue
        made = Tensor(path, name, _KINDS[kind], shape, 8 + length + start)
        same = prod(shape) * made.raw.itemsize == end - start
        check(same, "file", "must hold as many bytes as shapes say", path, f"see {name}")
        found[name] = made
    return found


def _npz(path: Path) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename.endswith(".npy")]
            found = [_member(path, archive, one) for one in members]
            return {one.name: one for one in found if one is not None}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, _zlib_error()):
        remedy = "it is none, or truncated"
        raise bad("file", "must be a whole .npz file", path, remedy) from None


def _member(path: Path, archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Tensor | None:
    """Return an array of numbers; None for other things, which are of no use here."""
    name = one.filename.removesuffix(".npy")
    with archive.open(one) as file:
        try:
            version = np.lib.format.read_magic(file)
            first = version == (1, 0)
            reading = np.lib.format.read_array_header_1_0
            header = (reading if first else np.lib.format.read_array_header_2_0)(file)
        except ValueError as error:
            raise bad("file", "must hold arrays", f"{name} in {path}", str(error)) from None
        start = file.tell()
    shape, fortran, kind = header
    if kind.kind not in "fiu":
        return None
    rule, remedy = "must hold arrays in C order", "np.ascontiguousarray makes them so"
    check(not fortran or len(shape) < 2, "file", rule, f"{name} of {path}", remedy)
    if one.compress_type != zipfile.ZIP_STORED:

        def stream() -> Any:
            opened = zipfile.ZipFile(path).open(one)
            opened.read(start)
            return opened

        return Tensor(path, name, kind.str, tuple(shape), None, stream)
    with path.open("rb") as file:
        file.seek(one.header_offset)
        local = file.read(_LOCAL)
    lengths = [int.from_bytes(local[at : at + 2], "little") for at in _LENGTHS]
    begin = one.header_offset + _LOCAL + sum(lengths) + start
    made = Tensor(path, name, kind.str, tuple(shape), begin)
    if one.file_size < start + prod(shape) * made.raw.itemsize:
        raise bad("file", "must hold as many bytes as shapes say", path, f"see {name}")
    return made


def _zlib_error() -> type[Exception]:
    import zlib

    return zlib.error


def _torn(path: Path, missing: int) -> ValueError:
    return bad("file", "must be whole", path, f"{missing} bytes are missing")
