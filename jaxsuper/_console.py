"""What several commands need of the terminal: signals that wait, pictures that can be written."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._types import check
from .analytics import check_writable


@contextmanager
def caught_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM; a second SIGINT interrupts at once.

    Yields:
        A list that grows with every signal.
    """
    caught: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        if caught and number == signal.SIGINT:
            raise KeyboardInterrupt
        caught.append(number)

    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            before[number] = signal.signal(number, note)
        except ValueError:  # not the main thread: whoever runs it stops it
            break
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_picture(path: Path | None, argument: str) -> None:
    """Raise a `ValueError` unless a picture can be written at `path`; None passes.

    Args:
        path: where a picture is to go.
        argument: the argument's name in the error.

    Raises:
        ValueError: if no file can be written there, or for an unknown format.
    """
    check_writable(path, argument)
    if path is None:
        return
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    ending = path.suffix.removeprefix(".").lower()
    check(ending in known, argument, f"must end in one of {', '.join(known)}", path.name)
