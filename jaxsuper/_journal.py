"""Finished pieces of work, kept in a file, so that a run that was killed goes on from them.

    jaxsuper journal 1
    <SHA-256 of the rest of the line> <key> <content>

The key is a hash of all that decides a piece, the content MessagePack in base64. Lines are only
added. A last line without its end is what a kill or a full disk left of it: it is dropped. A whole
line that its checksum does not fit is damage, and the file is refused, as are those of others.
"""

import base64
import fcntl
import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import get_type_hints, ParamSpec, Protocol, runtime_checkable, TypeVar

import msgspec

from ._errors import bad
from ._reading import from_binary


_FORMAT = b"jaxsuper journal 1\n"
_Arguments = ParamSpec("_Arguments")
_Made = TypeVar("_Made")


@runtime_checkable
class Once(Protocol):
    """Calls a function, or returns what it returned to the same arguments before."""

    def __call__(
        self,
        make: Callable[_Arguments, _Made],
        *arguments: _Arguments.args,
        **more: _Arguments.kwargs,
    ) -> _Made: ...


def anew(
    make: Callable[_Arguments, _Made], *arguments: _Arguments.args, **more: _Arguments.kwargs
) -> _Made:
    """Call a function: the `Once` that remembers nothing."""
    return make(*arguments, **more)


def journal_beside(path: Path) -> Path:
    """Return where the pieces of a result are kept until it is written."""
    return path.with_name(f"{path.name}.journal")


class Journal:
    """A journal that is open; one run at a time has it."""

    def __init__(self, path: Path, argument: str, origin: str):
        """Open a journal, making it if it is not there.

        Args:
            path: the file.
            argument: what named it, in errors.
            origin: of all that decides a piece besides function and arguments: pieces of another
                origin are left alone, and not used.

        Raises:
            ValueError: if another run has it open, if it is no journal of this version, or damaged.
        """
        self.path, self._argument = path, argument
        self._origin = _digest(origin.encode())[:16]
        self._pieces: dict[str, tuple[int, bytes]] = {}
        self._lock, self._waiting, self._finished = Lock(), b"", False
        self._file = self._open()
        try:
            self._end = self._read()
        except BaseException:
            os.close(self._file)
            raise

    def __len__(self) -> int:
        """Return how many pieces of this origin there are."""
        return sum(key.startswith(self._origin) for key in self._pieces)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error: object) -> None:
        """Close it; remove it if it is finished, or holds nothing."""
        if self._finished or not self._pieces:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def finish(self) -> None:
        """Have the file removed on closing: the results that it was kept for are written."""
        self._finished = True

    def once(
        self,
        make: Callable[_Arguments, _Made],
        *arguments: _Arguments.args,
        **more: _Arguments.kwargs,
    ) -> _Made:
        """Call a function unless the journal has what it returned to these arguments.

        Args:
            make: says what it returns: a type that `msgspec` reads back.
            *arguments: plain data and dataclasses.
            **more: the same by name.

        Returns:
            The same bit for bit, whether it is made now or was before.

        Raises:
            ValueError: if the content of the piece is not of its type.
        """
        called = (make.__module__, make.__qualname__, arguments, more)
        key = f"{self._origin}-{_digest(msgspec.msgpack.encode(called, order='deterministic'))}"
        kind = get_type_hints(make)["return"]
        if key in self._pieces:
            number, content = self._pieces[key]
            try:
                return from_binary(kind, base64.b64decode(content), make.__name__)
            except ValueError as error:
                raise self._refused(f"line {number}: {error}") from None
        made = make(*arguments, **more)
        self._keep(key, base64.b64encode(msgspec.msgpack.encode(made)))
        return made

    def _open(self) -> int:
        """Return the file, locked; another run that ends meanwhile may have removed its own."""
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                _lock(file)
                if os.path.samestat(os.fstat(file), os.stat(self.path)):
                    return file
            except FileNotFoundError:
                pass
            except BlockingIOError:
                os.close(file)
                rule, remedy = "must not be in use by another run", "let that end, or name another"
                raise bad(self._argument, rule, self.path, remedy) from None
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _read(self) -> int:
        """Read the pieces; return where the last whole line ends."""
        content = self.path.read_bytes()
        *lines, torn = content.split(b"\n")
        if not lines and _FORMAT.startswith(torn):
            self._write(_FORMAT, 0)
            return len(_FORMAT)
        if not lines or lines[0] + b"\n" != _FORMAT:
            raise self._refused("must be a journal of this version")
        for number, line in enumerate(lines[1:], 2):
            checksum, _, rest = line.partition(b" ")
            key, _, piece = rest.partition(b" ")
            if checksum.decode("ascii", "replace") != _digest(rest):
                raise self._refused(f"line {number} must be undamaged, as its checksum says")
            self._pieces[key.decode("ascii", "replace")] = number, piece
        return len(content) - len(torn)

    def _refused(self, rule: str) -> ValueError:
        remedy = "remove the file to start anew"
        return ValueError(f"`{self._argument}`: {self.path} {rule}; {remedy}")

    def _keep(self, key: str, content: bytes) -> None:
        """Write a piece; while the disk takes none, pieces wait for the next one."""
        rest = key.encode() + b" " + content
        with self._lock:
            self._pieces[key] = len(self._pieces) + 2, content
            told = bool(self._waiting)
            self._waiting += _digest(rest).encode() + b" " + rest + b"\n"
            try:
                self._end = self._write(self._waiting, self._end)
            except OSError as error:
                reason = error.strerror or str(error)
                lost = "until it does, a kill loses what is finished"
                if not told:
                    warnings.warn(f"{self.path} takes no more ({reason}): {lost}", stacklevel=4)
                return
            self._waiting = b""

    def _write(self, content: bytes, start: int) -> int:
        """Put whole lines after the last one, on the disk; return where they end."""
        end = start
        try:
            while end < start + len(content):
                end += os.pwrite(self._file, content[end - start :], end)
            # What was left of a line may reach further.
            os.ftruncate(self._file, end)
            os.fsync(self._file)
        except BaseException:
            os.ftruncate(self._file, start)
            raise
        return end


def _lock(file: int) -> None:
    """Lock a file.

    Raises:
        BlockingIOError: if another process has.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks: what two runs mix up fits no checksum
        pass


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
