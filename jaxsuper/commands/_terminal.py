"""What all commands show and hear on the terminal: bar, numbers, tables, pictures, signals."""

import io
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .._errors import bad
from .._files import check_writable
from ._progress import Bar, progress_bar
from ._signals import caught_signals, exit_status, terminated_like_interrupted


if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "PICTURES",
    "Bar",
    "caught_signals",
    "check_picture",
    "complain",
    "drawing_prepared",
    "exit_status",
    "interrupted_status",
    "number",
    "plain_warnings",
    "progress_bar",
    "save_picture",
    "say",
    "table",
    "terminated_like_interrupted",
    "use_no_window",
]

# What pictures may be, as the help of every command says.
PICTURES = (".png", ".pdf", ".svg")


# Squares of rounding errors in single precision, of numbers of order one, lie below this (eps is
# 1.2e-7): in a table they stand for 0.
_ROUNDING = 1e-12


def number(value: float | None, digits: int = 4) -> str:
    """Return a number for a table, 0 for what is rounding alone, and nothing for None."""
    if value is None:
        return ""
    return "0" if abs(value) < _ROUNDING else f"{value:.{digits}g}"


def say(console: Console, text: str) -> None:
    """Print a line as it is: no colours of numbers, no breaks."""
    console.print(text, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print a line on standard error."""
    print(f"jaxsuper: {text}", file=sys.stderr)


def table(title: str, columns: Sequence[str], left: Sequence[str], **options: Any) -> Table:
    """Return an empty table.

    Args:
        title: above it.
        columns: their names.
        left: those that hold text; numbers stand on the right.
        **options: of rich's table.
    """
    made = Table(title=title, title_justify="left", **options)
    for name in columns:
        made.add_column(name, justify="left" if name in left else "right")
    return made


def interrupted_status(caught: Sequence[int], consequence: str) -> int:
    """Return the exit status after signals, 0 if there were none, and say what they led to."""
    if not caught:
        return 0
    complain(f"interrupted; {consequence}")
    return 128 + caught[0]


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print the warnings of this package as one line each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning, module="jaxsuper")
        shown = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None):
            if issubclass(category, UserWarning):
                complain(f"warning: {message}")
            else:
                shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


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
    if path.suffix.lower() not in PICTURES:
        raise bad(argument, f"must end in one of {', '.join(PICTURES)}", path.name)


def use_no_window() -> None:
    """Let matplotlib draw into files only; to be called before anything is drawn."""
    import matplotlib

    matplotlib.use("agg")


@contextmanager
def drawing_prepared(path: Path | None) -> Iterator[None]:
    """Load matplotlib and its fonts while the body compiles; None loads nothing.

    Compiling leaves the interpreter free. What goes wrong here is told by what draws in earnest.
    """
    if path is None:
        yield
        return
    thread = threading.Thread(target=_draw_nothing, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _draw_nothing() -> None:
    """Draw the kinds of text of a figure once: the fonts and the parser of formulas stay loaded."""
    use_no_window()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    figure.subplots().set(yscale="log", title=r"$\mathrm{E}|\hat x-x|^2$")
    figure.savefig(io.BytesIO())


def save_picture(path: Path | None, figure_of: Callable[[], "Figure"]) -> None:
    """Draw a picture into a file; None draws nothing.

    Args:
        path: where.
        figure_of: draws it.
    """
    if path is None:
        return
    use_no_window()
    from ..plotting import save

    save(figure_of(), path)
