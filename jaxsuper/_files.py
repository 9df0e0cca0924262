"""Files that hold results: checked before a run, written whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._errors import bad, check


def check_writable(path: Path | None, argument: str) -> None:
    """Raise a `ValueError` unless a file can be written at `path`; None passes.

    Args:
        path: where a result is to go.
        argument: the argument's name in the error.

    Raises:
        ValueError: if it is a folder, its folder does not exist, or may not be written to.
    """
    if path is None:
        return
    check(not path.is_dir(), argument, "must be a file", f"the folder {path}")
    folder = path.resolve().parent
    check(folder.is_dir(), argument, "must lie in an existing folder", path, f"create {folder}")
    if not path.exists() or path.is_file():
        _check_takes_files(folder, path, argument)
    check(not path.exists() or os.access(path, os.W_OK), argument, "must be writable", path)


def make_writable_folder(folder: Path, argument: str) -> None:
    """Make a folder, or raise a `ValueError` unless files can be written to it.

    Args:
        folder: where results are to go.
        argument: the argument's name in the error.

    Raises:
        ValueError: if it is a file, cannot be made, or may not be written to.
    """
    check(not folder.exists() or folder.is_dir(), argument, "must be a folder", folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise bad(argument, "must be writable", folder, reason) from None
    _check_takes_files(folder, folder, argument)


def _check_takes_files(folder: Path, given: Path, argument: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise bad(argument, "must be writable", given, reason) from None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside the destination to write to, and move it there if that succeeds.

    A file is there whole or not at all, also after a crash of the machine; a link stays one. What is
    there and no file, such as a pipe or a device, is written to as it is.

    Args:
        path: the destination; the other path has the same ending.

    Yields:
        The path to write to, so that no half file is ever seen at the destination.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    partial = path.with_name(f"{partial_prefix()}{os.getpid()}.{path.stem}.partial{path.suffix}")
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
    except OSError as error:
        if error.filename is None:  # said of a write: which file is known here only
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def partial_prefix() -> str:
    """Return how the names of files that this machine is writing begin; the process follows."""
    return f".{os.uname().nodename}."


def remove_abandoned(folder: Path, below: bool = False) -> None:
    """Remove what killed processes of this machine left half written.

    Args:
        folder: where they wrote.
        below: look into the folders in it too.
    """
    prefix = partial_prefix()
    pattern = f"{prefix}*.partial*"
    for path in folder.rglob(pattern) if below else folder.glob(pattern):
        try:
            os.kill(int(path.name.removeprefix(prefix).split(".")[0]), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (ValueError, OSError):
            continue


def _sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all.

    Args:
        path: the destination.
        content: plain data without NaN.
    """
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    with written_whole(path) as partial:
        partial.write_text(text)
