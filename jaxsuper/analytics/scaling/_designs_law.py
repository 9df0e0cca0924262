"""T*(D) of every design: the most circuits under an error target, with and without a logarithm.

Source: ours; notes#designs-by-width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..._errors import check
from ..._journal import anew, Once
from ..._limits import check_index, check_positive
from ...circuits import width_of
from ...sweep import Progress
from ._comparison import compare_fits, Comparison
from ._contenders import Contender, contender, Expected, expected, METRIC
from ._crossing import Crossing
from ._designs import check_widths
from ._search import Search, search


# What is tried first, times what theory says, and how close to the crossing the last tries are.
_AROUND, _NARROW = (0.85, 1.0, 1.18), 1.1
# Error of the guess x = 0.
_USELESS = 1.0
# Powers of ln n that are fitted where theory has none, to see what it would look like.
_LOG_POWER = 2.0
# d of the circuits that n = D/d counts: the published ones.
_PUBLISHED_CIRCUIT = "rotation"


@dataclass(frozen=True)
class DesignPoint:
    """The most circuits of a design at one width.

    Attributes:
        design: its name.
        network_width: D.
        redundancy: S.
        measured: where the mean error over networks passes the target; NaN where it was not found.
        theory: what theory says.
        ends_by: what ended it: "error", "sets" if all circuits that the sets hold pass (then the
            crossing is at them, without interval), "budget" if more would have to be simulated than
            was asked for, or "undecided".
        held: circuits that the sets hold.
        tried: T -> error, means over networks.
    """

    design: str
    network_width: int
    redundancy: int
    measured: Crossing
    theory: Expected
    ends_by: str
    held: int
    tried: dict[int, float]


class DesignFit(NamedTuple):
    """How a design's T* grows with n = D/4.

    Attributes:
        measured: fits of the measured T*.
        theory: fits of theory's T* at the same widths.
        limit: (k, c) that theory has for n without end, or None.
        log_power: c of the fits with a logarithm: that of the limit, or 2 to see what it looks like.
    """

    measured: Comparison
    theory: Comparison
    limit: tuple[float, float] | None
    log_power: float


@dataclass(frozen=True)
class DesignsLaw:
    """T* over widths, for several designs.

    Attributes:
        error_target: for E|x_est - x|^2 of active circuits at layer L.
        n_active: z.
        n_layers: L.
        points: of all designs and widths.
        fits: design -> how it grows, where T* was found at two widths or more.
        stopped: whether it ended before all was measured.
    """

    error_target: float
    n_active: int
    n_layers: int
    points: list[DesignPoint]
    fits: dict[str, DesignFit]
    stopped: bool


def designs_law(
    designs: Sequence[str],
    widths: Sequence[int],
    out: Path,
    *,
    error_target: float | int = 0.3,
    most_circuits: int = 300_000,
    n_active: int = 1,
    n_layers: int = 5,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    progress: Callable[..., None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    once: Once = anew,
) -> DesignsLaw:
    """Measure the most circuits under an error target; what the store has is not run again.

    Args:
        designs: names, of `CONTENDERS`.
        widths: D, multiples of 4.
        out: the results store.
        error_target: for E|x_est - x|^2 of active circuits at layer L, the mean over networks.
        most_circuits: where theory sees T* above it, theory alone is reported.
        n_active: z.
        n_layers: L.
        networks: independent ones for each T.
        samples: of each.
        seed: of everything random.
        progress: as of `run_sweep`; while theory is worked out a second argument says so.
        stop: asked between designs and calls.
        once: works out a theory, minutes for wide networks, or has what came of it.

    Raises:
        ValueError: for bad sizes, names or targets.
    """
    check_designs(designs, widths, error_target, most_circuits, n_active, n_layers)
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    more = {"n_active": n_active, "n_layers": n_layers, "batch_size": samples, "seed": seed}
    wanted = [(contender(name), width) for name in dict.fromkeys(designs) for width in widths]
    cells: list[_Cell] = []
    for done, (one, width) in enumerate(wanted):
        if stop():
            return DesignsLaw(float(error_target), n_active, n_layers, [], {}, True)
        if progress is not None:
            progress(Progress(done, len(wanted), 1, 1), f"theory of {one.name}, D = {width}")
        if one.design.held(width) >= n_active + 2:
            theory = once(_theory, one.name, width, float(error_target), n_active, n_layers)
            cells.append(_Cell.of(one, width, more, theory, error_target, most_circuits))
    stopped = search(
        [cell.found for cell in cells if cell.found.counts], out, networks, progress, stop
    )
    points = [cell.point() for cell in cells]
    fits = _fits([cell.contender for cell in cells], points)
    return DesignsLaw(float(error_target), n_active, n_layers, points, fits, stopped)


def _theory(name: str, width: int, target: float, n_active: int, n_layers: int) -> Expected:
    """Return what theory says, from plain arguments."""
    return expected(contender(name), width, target, {"n_active": n_active, "n_layers": n_layers})


def check_designs(
    designs: Sequence[str],
    widths: Sequence[int],
    error_target: float | int,
    most_circuits: int,
    n_active: int,
    n_layers: int,
) -> None:
    """Check the arguments of `designs_law` before anything is worked out or made.

    Args:
        designs: names.
        widths: D.
        error_target: above 0, and below the error of a guess.
        most_circuits: the most that are simulated.
        n_active: z.
        n_layers: L.

    Raises:
        ValueError: for unknown designs, bad sizes, or a target or a limit that says nothing.
    """
    check(len(designs) > 0, "design", "must name at least one", "none")
    for name in designs:
        contender(name)
    check_positive("error_target", error_target)
    rule = f"must be below {_USELESS:g}, the error of guessing 0"
    check(error_target < _USELESS, "error_target", rule, error_target)
    check_index("most_circuits", most_circuits)
    check_widths(widths, n_active, n_layers)


@dataclass
class _Cell:
    """One design at one width: what theory says, and the search by measurement."""

    contender: Contender
    width: int
    theory: Expected
    found: Search

    @classmethod
    def of(
        cls,
        one: Contender,
        width: int,
        settings: dict[str, Any],
        theory: Expected,
        target: float,
        most: int,
    ) -> "_Cell":
        first = one.design.at(width, 1, **settings)
        found = Search(
            lambda count, index: one.design.at(width, count, network=index, **settings),
            ((METRIC, first.n_layers),),
            lambda means: np.where(np.isfinite(means[..., 0]), means[..., 0] / target, np.inf),
            first.n_active + 2,
            one.design.held(width),
            _NARROW,
        )
        sets = theory.n_circuits == found.most
        first_tries = [theory.n_circuits] if sets else theory.n_circuits * np.array(_AROUND)
        if max(first_tries) <= most:
            found.try_at(first_tries)
        return cls(one, width, theory, found)

    def point(self) -> DesignPoint:
        """Return what was found."""
        found = self.found
        if not found.counts:
            measured, ends_by = _nowhere(), "budget"
        elif not found.measured:
            measured, ends_by = _nowhere(), "undecided"
        else:
            measured = found.crossing
            ends_by = "undecided" if measured.side else "error"
            if measured.side > 0 and max(found.measured) == found.most:
                measured, ends_by = _at(found.most), "sets"
        tried = {count: float(found.measured[count].mean()) for count in sorted(found.measured)}
        redundancy = found.at(found.fewest, 0).redundancy
        return DesignPoint(
            self.contender.name,
            self.width,
            redundancy,
            measured,
            self.theory,
            ends_by,
            found.most,
            tried,
        )


def _nowhere() -> Crossing:
    return Crossing(nan, nan, nan, 0, np.array([nan]))


def _at(count: int) -> Crossing:
    """Return a crossing that is known: what the sets hold is no matter of networks."""
    return Crossing(float(count), float(count), float(count), 1, np.full(1, float(count)))


def _fits(contenders: Sequence[Contender], points: Sequence[DesignPoint]) -> dict[str, DesignFit]:
    """Return how each design's T* grows in n, where two widths or more are there."""
    fits = {}
    d = width_of(_PUBLISHED_CIRCUIT)
    for one in {one.name: one for one in contenders}.values():
        found = [p for p in points if p.design == one.name and isfinite(p.measured.at)]
        # Where sets end some and the error others, the law is that of the error.
        by_error = [p for p in found if p.ends_by == "error"]
        found = by_error if len(by_error) >= 2 else found
        if len(found) < 2:
            continue
        log_power = one.limit[1] if one.limit and one.limit[1] else _LOG_POWER
        n = [point.network_width / d for point in found]
        most = max(len(point.measured.draws) for point in found)
        # What the sets hold has a single draw.
        draws = np.stack([np.resize(point.measured.draws, most) for point in found], 1)
        draws = draws[np.isfinite(draws).all(1)]
        theory = [point.theory.n_circuits for point in found]
        fits[one.name] = DesignFit(
            compare_fits(n, [point.measured.at for point in found], draws, log_power),
            compare_fits(n, theory, np.array([theory]), log_power),
            one.limit,
            log_power,
        )
    return fits
