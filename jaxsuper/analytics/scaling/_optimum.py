"""The optimum over redundancy and thresholds: theory's choice, and measured beside its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from ...sweep import Progress
from ...theory.seizure import best_thresholds, Optimum
from ._critical import critical_law, CriticalPoint
from ._designs import check_widths, fixed_design


# How far from theory's thresholds the search looks.
_STEPS = ((0.0, 0.0), (-0.05, 0.0), (0.05, 0.0), (0.0, -0.04), (0.0, 0.04))
_HIGHEST, _NARROWEST = 0.99, 0.02


@dataclass(frozen=True)
class OptimumPoint:
    """The most circuits at one width.

    Attributes:
        network_width: D.
        theory: S* and thresholds by density evolution.
        measured: the best measured design.
        lower_threshold: its lo.
        upper_threshold: its hi.
        searched: all that were measured, with thresholds.
    """

    network_width: int
    theory: Optimum
    measured: CriticalPoint
    lower_threshold: float
    upper_threshold: float
    searched: list[tuple[float, float, CriticalPoint]]

    @property
    def constant(self) -> float:
        """C of T* = C n^2/ln^2 n, from what was measured; n = D/4."""
        n = self.network_width / 4
        return self.measured.measured.at * log(n) ** 2 / n**2


def optimum_law(
    widths: Sequence[int],
    out: Path,
    *,
    n_active: int = 1,
    n_layers: int = 5,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[OptimumPoint]:
    """Search redundancy and thresholds by measurement around theory's optimum.

    For S*-1, S* and S*+1 the critical number of circuits is measured at theory's thresholds and at
    four steps from them.

    Args:
        widths: D.
        out: the results store.
        n_active: z.
        n_layers: L.
        networks: independent ones for each T.
        samples: of each.
        seed: of everything random.
        progress: as of `run_sweep`.
        stop: asked between calls.

    Returns:
        A point for each width that was finished.
    """
    check_widths(widths, n_active, n_layers)  # before theory, which takes a while
    points = []
    for width in widths:
        n = width // 4
        by_redundancy = _around_best(n, n_active, n_layers)
        designs, thresholds = [], {}
        for S, best in by_redundancy.items():
            for down, up in _STEPS:
                lo = round(best.lower_threshold + down, 3)
                hi = round(min(best.upper_threshold + up, _HIGHEST), 3)
                if hi < lo + _NARROWEST:
                    continue
                name = f"S = {S}, {lo:g}/{hi:g}"
                designs.append(fixed_design(name, name, S, lo, hi))
                thresholds[name] = (lo, hi)
        law = critical_law(
            list({design.name: design for design in designs}.values()),
            (width,),
            out,
            n_active=n_active,
            n_layers=n_layers,
            networks=networks,
            samples=samples,
            seed=seed,
            progress=progress,
            stop=stop,
        )
        if law.stopped or not law.points:
            break
        best = max(law.points, key=lambda point: point.measured.at)
        theory = max(by_redundancy.values())
        searched = [(*thresholds[point.design], point) for point in law.points]
        lo, hi = thresholds[best.design]
        points.append(OptimumPoint(width, theory, best, lo, hi, searched))
    return points


def _around_best(n: int, z: int, n_layers: int) -> dict[int, Optimum]:
    """Return the best thresholds of S* and its neighbours."""
    found = {2: best_thresholds(n, 2, z, n_layers)}
    while True:
        S = max(found) + 1
        found[S] = best_thresholds(n, S, z, n_layers)
        best = max(found.values()).redundancy
        if S > best:
            return {S: one for S, one in found.items() if abs(S - best) <= 1}
