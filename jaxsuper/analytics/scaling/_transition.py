"""The transition: at S ~ ln n the density of the clipped matrix decides, the more sharply the larger n."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

from ...circuits import width_of
from ...sweep import Progress
from ...theory.seizure import density_evolution, even_loads, Links
from ._critical import critical_law, CriticalPoint
from ._designs import scaling_design


_AROUND = (0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5)


@dataclass(frozen=True)
class TransitionPoint:
    """The transition at one width.

    Attributes:
        point: the critical number of circuits, and what was tried.
        density: kappa* = 1 - exp(-T S^2/n^2) there, measured.
        low: lower end of its 95 % interval.
        high: upper end.
        theory: kappa* by density evolution.
        tried: density -> growth and active indicators' error, measured and by density evolution.
    """

    point: CriticalPoint
    density: float
    low: float
    high: float
    theory: float
    tried: dict[float, tuple[float, float, float, float]]


def transition_law(
    widths: Sequence[int],
    out: Path,
    *,
    n_active: int = 1,
    n_layers: int = 10,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[TransitionPoint]:
    """Measure how networks fail as their density grows, with S = log2 n - 3.

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
        A point for each width that was measured.
    """
    settings: dict[str, Any] = {"n_active": n_active, "n_layers": n_layers, "networks": networks}
    settings |= {"samples": samples, "seed": seed, "progress": progress, "stop": stop}
    law = critical_law([scaling_design("logarithmic")], widths, out, around=_AROUND, **settings)
    return [_point(point, n_active, n_layers) for point in law.points]


def _point(point: CriticalPoint, z: int, n_layers: int) -> TransitionPoint:
    one = scaling_design(point.design).at(point.network_width, 1)
    n, S = point.network_width // width_of(one.circuit), point.redundancy
    density = lambda T: 1 - exp(-T * S**2 / n**2)
    tried = {}
    for T, (growth, active) in point.tried.items():
        links = Links.of(even_loads(T, S, n), z)
        thresholds = one.lower_threshold, one.upper_threshold
        theory = density_evolution(links, n_layers, *thresholds, until=1e3)
        tried[density(T)] = (growth, active, theory.growth, float(theory.active[-1]))
    at, low, high = (
        density(T) for T in (point.measured.at, point.measured.low, point.measured.high)
    )
    return TransitionPoint(point, at, low, high, density(point.theory), tried)
