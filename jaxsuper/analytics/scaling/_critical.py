"""The critical number of circuits by width: measured through a store, beside theory, with fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..._errors import check
from ...circuits import width_of
from ...sweep import config_id, Progress, run_sweep
from ...theory.seizure import bare_critical_circuits, critical_circuits, DEAD, GROWTH
from ._crossing import Crossing, find_crossing
from ._designs import check_widths, ScalingDesign
from ._fits import fit_power, PowerFit
from ._table import by_configuration


# Around what theory says, and by how much further to look each time it is not there.
_AROUND, _STRIDE = (0.8, 0.9, 1.0, 1.1, 1.25), 1.25
_ROUNDS = 4
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
    cells = {
        (design.name, width): _Cell.of(design, width, settings, around)
        for design in designs
        for width in widths
    }
    stopped = False
    for _ in range(_ROUNDS):
        wanted = [c for cell in cells.values() for c in cell.configurations(networks)]
        result = run_sweep(wanted, out, progress=progress, stop=stop)
        table = by_configuration(out, wanted, (_INACTIVE, _ACTIVE, _PAYLOAD))
        for cell in cells.values():
            cell.read(table, networks)
        if stopped := result.stopped:
            break
        if not any([cell.extend() for cell in cells.values()]):
            break
    points = [cell.point() for cell in cells.values() if cell.measured]
    return CriticalLaw(n_active, n_layers, points, _fits(points), stopped)


@dataclass
class _Cell:
    """One design at one width: the T tried so far and what was measured."""

    design: ScalingDesign
    width: int
    settings: dict[str, Any]
    theory: float
    ends_by: str
    held: int
    counts: list[int]
    measured: dict[int, Any]

    @classmethod
    def of(
        cls,
        design: ScalingDesign,
        width: int,
        settings: dict[str, Any],
        around: Sequence[float | int],
    ) -> "_Cell":
        one = design.at(width, 1, **settings)
        n, held = width // width_of(one.circuit), design.held(width)
        found = critical_circuits(
            n,
            one.redundancy,
            one.n_active,
            one.n_layers,
            one.lower_threshold,
            one.upper_threshold,
            loads_of=design.loads(width),
            most=held,
        )
        cell = cls(design, width, settings, found.n_circuits, found.ends_by, held, [], {})
        cell.counts = cell._within(found.n_circuits * np.array(around, float))
        return cell

    def _within(self, counts: Any) -> list[int]:
        fewest = self.settings["n_active"] + 2
        return sorted({int(min(max(round(count), fewest), self.held)) for count in counts})

    def configurations(self, networks: int) -> list[Any]:
        """Return what is to be measured."""
        return [
            self.design.at(self.width, count, network=index, **self.settings)
            for count in self.counts
            for index in range(networks)
        ]

    def read(self, table: dict[str, Any], networks: int) -> None:
        """Take the measurements of the T of which all networks are there."""
        last = self.settings["n_layers"]
        for count in self.counts:
            rows = [
                table.get(config_id(self.design.at(self.width, count, network=i, **self.settings)))
                for i in range(networks)
            ]
            if all(rows):
                self.measured[count] = np.array(
                    [
                        [
                            row[_INACTIVE, 1],
                            row[_INACTIVE, last],
                            row[_ACTIVE, last],
                            row[_PAYLOAD, last],
                        ]
                        for row in rows
                        if row is not None
                    ]
                )

    def extend(self) -> bool:
        """Add T on the side where the crossing must be; return whether there is more to measure."""
        side = find_crossing(self.measured, works).side
        if side == 0:
            return False
        edge = max(self.counts) if side > 0 else min(self.counts)
        before = len(self.counts)
        steps = [_STRIDE**side, _STRIDE ** (2 * side)]
        self.counts = sorted({*self.counts, *self._within([edge * step for step in steps])})
        return len(self.counts) > before

    def point(self) -> CriticalPoint:
        """Return what was found."""
        one = self.design.at(self.width, 1, **self.settings)
        crossing = find_crossing(self.measured, works)
        means = {count: values.mean(0) for count, values in self.measured.items()}
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
            crossing,
            self.theory,
            self.ends_by,
            bare,
            payload,
            self.held,
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
