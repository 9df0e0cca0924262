"""The critical number of circuits by width: measured through a store, beside theory, with fits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..._errors import check
from ...circuits import width_of
from ...sweep import Progress
from ...theory.seizure import (
    bare_critical_circuits,
    Critical,
    critical_circuits,
    DEAD,
    GROWTH,
)
from ._crossing import Crossing
from ._designs import check_widths, ScalingDesign
from ._fits import fit_power, PowerFit
from ._search import Search, search


# What is tried first, times what theory says.
_AROUND = (0.8, 0.9, 1.0, 1.1, 1.25)
_INACTIVE, _ACTIVE, _PAYLOAD = "mse_on_inactive", "mse_on_active", "mse_x_active"


@dataclass(frozen=True)
class CriticalPoint:
    """The critical number of circuits at one width.

    Attributes:
        design: its name.
        network_width: D.
        redundancy: S.
        measured: where growth passes 2, or the active indicators' error 0.1.
        theory: T_c by density evolution, for the loads of these very sets.
        ends_by: what theory says ends it, "seizure" or "dying".
        bare: T_c by the rule n q = z S.
        payload: E|x_est - x|^2 of active circuits at layer L, for the T next below.
        held: circuits that the sets hold.
        tried: T -> growth and active indicators' error, means over networks.
    """

    design: str
    network_width: int
    redundancy: int
    measured: Crossing
    theory: float
    ends_by: str
    bare: float
    payload: float
    held: int
    tried: dict[int, tuple[float, float]]


@dataclass(frozen=True)
class CriticalLaw:
    """T_c over widths, for several designs.

    Attributes:
        n_active: z.
        n_layers: L.
        points: of all designs and widths.
        fits: design -> of the measured points, and of theory's at the same widths.
        stopped: whether it ended before all was measured.
    """

    n_active: int
    n_layers: int
    points: list[CriticalPoint]
    fits: dict[str, tuple[PowerFit, PowerFit]]
    stopped: bool


def works(means: Any) -> Any:
    """Return the criterion: below 1 while inactive indicators stay and active ones live.

    Args:
        means: (..., 4), E alpha^2 inactive at layers 1 and L, E (alpha - 1)^2 and the payload's at L.
    """
    first, last, active = means[..., 0], means[..., 1], means[..., 2]
    return np.maximum(last / first / GROWTH, active / DEAD)


def critical_law(
    designs: Sequence[ScalingDesign],
    widths: Sequence[int],
    out: Path,
    *,
    n_active: int = 1,
    n_layers: int = 5,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    around: Sequence[float | int] = _AROUND,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> CriticalLaw:
    """Measure T_c for designs and widths; what the store has is not run again.

    Args:
        designs: which.
        widths: D, multiples of d.
        out: the results store.
        n_active: z.
        n_layers: L.
        networks: independent ones for each T.
        samples: of each.
        seed: of everything random.
        around: theory's T_c times these are tried first.
        progress: as of `run_sweep`.
        stop: asked between calls.

    Raises:
        ValueError: for bad sizes.
    """
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    check_widths(widths, n_active, n_layers)
    settings = {
        "n_active": n_active,
        "n_layers": n_layers,
        "batch_size": samples,
        "seed": seed,
    }
    cells = [_Cell.of(design, width, settings, around) for design in designs for width in widths]
    stopped = search([cell.found for cell in cells], out, networks, progress, stop)
    points = [cell.point() for cell in cells if cell.found.measured]
    return CriticalLaw(n_active, n_layers, points, _fits(points), stopped)


@dataclass
class _Cell:
    """One design at one width: what theory says, and the search by measurement."""

    design: ScalingDesign
    width: int
    theory: Critical
    found: Search

    @classmethod
    def of(
        cls,
        design: ScalingDesign,
        width: int,
        settings: Mapping[str, Any],
        around: Sequence[float | int],
    ) -> "_Cell":
        one = design.at(width, 1, **settings)
        held = design.held(width)
        theory = critical_circuits(
            width // width_of(one.circuit),
            one.redundancy,
            one.n_active,
            one.n_layers,
            one.lower_threshold,
            one.upper_threshold,
            loads_of=design.loads(width),
            most=held,
        )
        last = one.n_layers
        found = Search(
            lambda count, index: design.at(width, count, network=index, **settings),
            ((_INACTIVE, 1), (_INACTIVE, last), (_ACTIVE, last), (_PAYLOAD, last)),
            works,
            one.n_active + 2,
            held,
        )
        found.try_at(theory.n_circuits * np.array(around, float))
        return cls(design, width, theory, found)

    def point(self) -> CriticalPoint:
        """Return what was found."""
        one = self.found.at(self.found.fewest, 0)
        means = {count: values.mean(0) for count, values in self.found.measured.items()}
        below = [count for count, mean in means.items() if works(mean) <= 1]
        payload = float(means[max(below)][3]) if below else float("nan")
        n = self.width // width_of(one.circuit)
        bare = bare_critical_circuits(n, one.redundancy, one.n_active, one.lower_threshold)
        tried = {
            count: (float(mean[1] / mean[0]), float(mean[2]))
            for count, mean in sorted(means.items())
        }
        return CriticalPoint(
            self.design.name,
            self.width,
            one.redundancy,
            self.found.crossing,
            self.theory.n_circuits,
            self.theory.ends_by,
            bare,
            payload,
            self.found.most,
            tried,
        )


def _fits(points: Sequence[CriticalPoint]) -> dict[str, tuple[PowerFit, PowerFit]]:
    """Return the exponents of measured and of theory's T_c in D, where two widths or more are there."""
    fits = {}
    for name in dict.fromkeys(point.design for point in points):
        found = [p for p in points if p.design == name and np.isfinite(p.measured.at)]
        if len(found) < 2:
            continue
        widths = [p.network_width for p in found]
        draws = np.stack([p.measured.draws for p in found], 1)
        draws = draws[np.isfinite(draws).all(1)]
        theory = [p.theory for p in found]
        fits[name] = (
            fit_power(widths, [p.measured.at for p in found], draws),
            fit_power(widths, theory, np.array([theory])),
        )
    return fits
