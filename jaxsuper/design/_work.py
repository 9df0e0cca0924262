"""Pieces of work: counted, reported before each, and not begun once a stop is asked for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from .._journal import anew, Once


# Called with (pieces of work done, pieces in all as far as known, what is next).
WorkReport: TypeAlias = Callable[[int, int, str], None]


Piece = TypeVar("Piece")


@dataclass
class Work:
    """Counts pieces of work, asks whether to stop, and makes none that is kept already."""

    report: WorkReport
    stop: Callable[[], bool]
    once: Once = anew
    done: int = 0
    total: int = 1

    def each(self, pieces: Iterable[Piece], label: Callable[[Piece], str]) -> Iterator[Piece]:
        """Yield pieces until stopped, reporting each before it is done."""
        for piece in pieces:
            if self.stop():
                return
            self.report(self.done, max(self.total, self.done + 1), label(piece))
            yield piece
            self.done += 1
