"""What several commands need of the terminal: signals that wait, pictures that can be written."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ._errors import check
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


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on a terminal, nothing elsewhere.

    Yields:
        A function to be called with (pieces done, pieces in all, what is next).
    """
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[at]}"),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task("design", total=None, at="")

        def report(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total, at=label)

        yield report
