"""The search for the number of circuits at which a criterion is passed, by measurement in a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ..._settings import Configuration
from ...sweep import config_id, Progress, run_sweep
from ._crossing import Crossing, find_crossing
from ._table import by_configuration


# By how much further to look each time the crossing is not there, and how often.
_STRIDE, _ROUNDS = 1.25, 4


@dataclass
class Search:
    """One design at one size: the T tried so far and what was measured.

    Attributes:
        at: from T and the number of a network to its settings.
        wanted: (metric, layer) of the quantities that the criterion is about.
        criterion: from means (..., quantities) to (...), below 1 where a design works.
        fewest: T is not lowered further.
        most: T is not raised further, what the sets hold.
        narrow: T next to the crossing are tried until their ratio is below it.
        counts: T that are to be measured.
        measured: T -> (networks, quantities), of those of which all networks are there.
    """

    at: Callable[[int, int], Configuration]
    wanted: Sequence[tuple[str, int]]
    criterion: Callable[[Any], Any]
    fewest: int
    most: int
    narrow: float = np.inf
    counts: list[int] = field(default_factory=list)
    measured: dict[int, Any] = field(default_factory=dict)

    def try_at(self, counts: Any) -> bool:
        """Add T within limits; return whether there is more to measure."""
        within = {min(max(round(count), self.fewest), self.most) for count in counts}
        before = len(self.counts)
        self.counts = sorted({*self.counts, *within})
        return len(self.counts) > before

    @property
    def crossing(self) -> Crossing:
        """Where the criterion is passed, as far as it was measured."""
        return find_crossing(self.measured, self.criterion)

    def configurations(self, networks: int) -> list[Configuration]:
        """Return what is to be measured."""
        return [self.at(count, index) for count in self.counts for index in range(networks)]

    def read(self, table: dict[str, Any], networks: int) -> None:
        """Take the measurements of the T of which all networks are there."""
        for count in self.counts:
            rows = [table.get(config_id(self.at(count, index))) for index in range(networks)]
            if all(rows):
                values = [[row[one] for one in self.wanted] for row in rows if row is not None]
                self.measured[count] = np.array(values)

    def extend(self) -> bool:
        """Add T where the crossing must be; return whether there is more to measure."""
        found = self.crossing
        if found.side:
            edge = max(self.counts) if found.side > 0 else min(self.counts)
            return self.try_at(edge * _STRIDE**steps for steps in (found.side, 2 * found.side))
        if not isfinite(found.at):
            return False
        below = max(count for count in self.measured if count <= found.at)
        above = min(count for count in self.measured if count > found.at)
        return above > below * self.narrow and self.try_at([found.at])


def search(
    searches: Sequence[Search],
    out: Path,
    networks: int,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Measure through a store until every crossing is found, or no more T are left; return if stopped.

    Args:
        searches: with the T to be tried first.
        out: the store; what it has is not run again.
        networks: independent ones for each T.
        progress: as of `run_sweep`.
        stop: asked between calls.
    """
    metrics = sorted({metric for one in searches for metric, _ in one.wanted})
    for _ in range(_ROUNDS):
        wanted = [each for one in searches for each in one.configurations(networks)]
        result = run_sweep(wanted, out, progress=progress, stop=stop)
        table = by_configuration(out, wanted, metrics)
        for one in searches:
            one.read(table, networks)
        if result.stopped:
            return True
        if not any([one.extend() for one in searches if one.measured]):
            break
    return False
