"""Built designs at widths that are small enough for training, measured as trained networks are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..._journal import anew, Once
from ...simulation import capacity_of, Experiment, run_networks
from ._crossing import Crossing, error_crossing, search_crossing
from ._designs import fixed_design, scaling_design, ScalingDesign


CIRCUIT_WIDTH = 4
# Circuits per n^2 that are tried first.
_FIRST = 0.03
_BESIDE = {
    one.name: one
    for one in (
        scaling_design("published"),
        # Where a search at D = 1000, T = 557 ends (`design.frontier`): S = 3 suits few circuits too.
        ScalingDesign(
            "tuned",
            "lines, S = 3, .4/.83, b = .31",
            lambda n: 3,
            {**fixed_design("", "", 3, 0.4, 0.83).settings, "gate_bias": 0.31},
        ),
        ScalingDesign(
            "carried",
            "indicators given and carried, S = 4 and 3, b = .5",
            lambda n: 3,
            {
                "allocation": "transversal",
                "circuit": "rotation3",
                "indicator": "carried",
                "indicator_redundancy": 4,
                "indicator_share": 0.4,
                "gate_bias": 0.5,
            },
        ),
    )
}
BUILT = tuple(_BESIDE)


@dataclass(frozen=True)
class BuiltPoint:
    """T* of a built design at one width.

    Attributes:
        design: its name.
        says: what it is.
        network_width: D.
        measured: where the mean error over networks passes the target.
        held: circuits that the sets hold: if all of them pass, so many is all there is to say.
        tried: T -> the error of each network.
    """

    design: str
    says: str
    network_width: int
    measured: Crossing
    held: int
    tried: dict[int, list[float]]

    @property
    def most(self) -> float:
        """T*, or what the sets hold; 0 where even the fewest circuits fail."""
        side = self.measured.side
        return self.measured.at if side == 0 else float(max(self.tried) if side > 0 else 0)


def built_errors(
    design: str,
    network_width: int,
    n_circuits: int,
    n_active: int,
    n_layers: int,
    networks: int,
    samples: int,
    seed: int,
) -> list[float]:
    """Simulate independent networks of a design; return each one's error of active vectors."""
    sizes = {"n_active": n_active, "n_layers": n_layers, "batch_size": samples, "seed": seed}
    one = _BESIDE[design].at(network_width, n_circuits, **sizes)
    found = run_networks(Experiment(one, n_networks=networks)).measurements[n_active]
    return [float(measured["mse_x_active"][-1]) for measured in found]


def built_points(
    widths: Sequence[int],
    *,
    n_active: int,
    n_layers: int,
    target: float,
    networks: int = 8,
    samples: int = 512,
    seed: int = 0,
    once: Once = anew,
    progress: Callable[[int, int], None] | None = None,
) -> list[BuiltPoint]:
    """Find T* of built designs; a width at which the sets hold too few circuits has no point.

    Args:
        widths: D, multiples of 4.
        n_active: z.
        n_layers: L.
        target: of the error of active circuits' vectors at layer L.
        networks: for each T.
        samples: of each.
        seed: of everything random.
        once: measures the networks of a T, or has their errors.
        progress: called with points done and in all.

    Returns:
        Points by design and width.
    """
    fewest, points = n_active + 2, []
    cells = [(design, width) for design in _BESIDE.values() for width in sorted(set(widths))]
    held = [_held(design, width) for design, width in cells]
    for number, ((design, width), most) in enumerate(zip(cells, held, strict=True)):
        if progress is not None:
            progress(number, len(cells))
        if most < fewest:
            continue

        def errors_of(count: int, name: str = design.name, width: int = width) -> list[float]:
            sizes = (width, count, n_active, n_layers, networks, samples, seed)
            return once(built_errors, name, *sizes)

        first = max(round(_FIRST * (width / CIRCUIT_WIDTH) ** 2), fewest)
        tried = search_crossing(errors_of, target, first, fewest, most)
        measured = error_crossing(tried, target)
        points.append(BuiltPoint(design.name, design.says, width, measured, most, tried))
    return points


def _held(design: ScalingDesign, width: int) -> int:
    """Return how many circuits the sets of a design hold, 0 if blocks are too narrow for any."""
    try:
        found = capacity_of(replace(design.at(width, 3), n_active=1))
    except ValueError:
        return 0
    return width**2 if found is None else found
