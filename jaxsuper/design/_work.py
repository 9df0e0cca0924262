"""Pieces of work: counted, reported before each, and not begun once a stop is asked for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar


# Called with (pieces of work done, pieces in all as far as known, what is next).
WorkReport: TypeAlias = Callable[[int, int, str], None]


Piece = TypeVar("Piece")


@dataclass
class Work:
    """Counts pieces of work and asks whether to stop."""

    report: WorkReport
    stop: Callable[[], bool]
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
