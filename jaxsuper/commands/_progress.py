"""How far long work is: a bar on a terminal, now and then a line of a log elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


Bar = Callable[[int, int, str], None]

# Seconds before the first line, so that short work prints none, and between lines: these grow with
# the time that has passed. A day's work prints about 320 of them.
_FIRST, _EVERY, _SELDOM = 10.0, 30.0, 600.0
_SHARE = 1 / 60


@contextmanager
def progress_bar(
    console: Console | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Bar]:
    """Show a bar on a terminal; elsewhere print lines on standard error, at most one in 30 s.

    Args:
        console: where the bar goes; by default standard error.
        clock: seconds, for the lines.

    Yields:
        A function to be called with (pieces done, pieces in all, what is next).
    """
    console = console or Console(stderr=True)
    # Not what rich takes for a terminal: the environment can force that on a file.
    if not console.file.isatty() or console.is_dumb_terminal:
        yield Lines(clock).report
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total, description=label)

        yield report


class Lines:
    """Progress as lines of a log: pieces done, rate, time elapsed and left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """Start the clock.

        Args:
            clock: seconds.
        """
        self._clock = clock
        self._started = clock()
        self._next = self._started + _FIRST
        self._last = (0, 0)
        self._base = (0, self._started)

    def report(self, done: int, total: int, label: str) -> None:
        """Note how far the work is, and print it if it is time to.

        Args:
            done: pieces done.
            total: pieces in all, 0 if that is not known.
            label: what they are, or what is next.
        """
        now = self._clock()
        if total != self._last[1] or done < self._last[0]:
            # Other work begins; what was done before, by an earlier run, says nothing of its rate.
            self._base = (done, now)
        self._last = (done, total)
        if now < self._next:
            return
        self._next = now + min(max(_EVERY, (now - self._started) * _SHARE), _SELDOM)
        print(f"jaxsuper: {self._line(done, total, label, now)}", file=sys.stderr, flush=True)

    def _line(self, done: int, total: int, label: str, now: float) -> str:
        parts = [f"{label} {done}/{total}" if total else label]
        pieces, seconds = done - self._base[0], now - self._base[1]
        rate = pieces / seconds if seconds > 0 else 0.0
        if rate:
            parts.append(_per(rate))
        parts.append(f"{_clocked(now - self._started)} elapsed")
        if rate:
            parts.append(f"{_clocked((total - done) / rate)} left")
        return ", ".join(parts)


class _Rate(ProgressColumn):
    """Pieces per second, minute or hour."""

    def render(self, task: Task) -> Text:
        """Return the recent rate, nothing while it is not known."""
        speed = task.finished_speed or task.speed
        return Text(_per(speed) if speed else "", style="progress.data.speed")


def _per(rate: float) -> str:
    """Return pieces per second as a number with a unit that suits it."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if rate * seconds >= 1:
            return f"{rate * seconds:.3g}/{unit}"
    return f"{rate * 3600:.3g}/h"


def _clocked(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
