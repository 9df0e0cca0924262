"""The payload's budget: the error of active vectors against T, z, layers and D, while all stays quiet.

Below the seizure E|dx|^2 ~ T z l e^2, with e -> d/D for T S >> n. Along each of the four sizes, the others
being those of a base, errors are measured, fitted by a power, and held against the closed form at the
very same sizes, which has what the budget leaves out: direct overlap, noise of single neurons, returns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..._errors import check, lookup
from ..._limits import check_index
from ..._settings import Configuration
from ...simulation import check_network_fits, check_settings, parts_of
from ...sweep import config_id, Progress, run_sweep
from ...theory.seizure import DEAD, GROWTH
from ..prediction import predict
from ._crossing import widening
from ._fits import fit_power, PowerFit
from ._table import by_configuration


_LAST, _INACTIVE, _ACTIVE = "mse_x_active", "mse_on_inactive", "mse_on_active"
_REPLICATES = 1000
# Layers whose errors are fitted: rotations l - 1 double from one to the next.
_FIRST_LAYER = 2
# Exponents of T z l (d/D)^2.
_LIMIT = {"n_circuits": 1.0, "n_active": 1.0, "rotations": 1.0, "network_width": -2.0}
_LINES: dict[str, Any] = {"allocation": "transversal"}
PAYLOAD_DESIGNS: dict[str, tuple[str, dict[str, Any]]] = {
    "recomputed": (
        "lines, S = 3, .6/.9",
        {**_LINES, "redundancy": 3, "lower_threshold": 0.6, "upper_threshold": 0.9},
    ),
    "carried": (
        "carried indicators, S = 3, on half of D, payload S = 8",
        {
            **_LINES,
            "circuit": "rotation3",
            "construction": "carried",
            "indicator": "carried",
            "indicator_redundancy": 3,
            "indicator_share": 0.5,
            "redundancy": 8,
        },
    ),
}


@dataclass(frozen=True)
class PayloadAxis:
    """Errors along one size.

    Attributes:
        design: its name.
        along: "n_circuits", "n_active", "rotations" (l - 1) or "network_width".
        sizes: values of it.
        errors: E|dx|^2 of active circuits, means over networks.
        low: lower ends of their 95 % intervals over networks.
        high: upper ends.
        closed: by the closed form.
        quiet: whether neither has inactive indicators' error grown nor have active ones died.
        fit: of the measured errors.
        theory: exponent of the closed form at the same sizes.
        budget: exponent of T z l e^2 at the same sizes, e the overlap rate of the payload's sets.
        limit: exponent of T z l (d/D)^2.
    """

    design: str
    along: str
    sizes: list[int]
    errors: list[float]
    low: list[float]
    high: list[float]
    closed: list[float]
    quiet: list[bool]
    fit: PowerFit
    theory: float
    budget: float
    limit: float


@dataclass(frozen=True)
class PayloadLaw:
    """The four axes of each design.

    Attributes:
        base: D, T, z and L that the other axes are measured at.
        axes: those of which at least two sizes were measured.
        stopped: whether it ended before all was measured.
    """

    base: tuple[int, int, int, int]
    axes: list[PayloadAxis]
    stopped: bool


def payload_law(
    designs: Sequence[str],
    widths: Sequence[int],
    out: Path,
    *,
    n_circuits: Sequence[int],
    actives: Sequence[int],
    n_active: int = 1,
    n_layers: int = 9,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> PayloadLaw:
    """Measure the exponents of the payload's error; what the store has is not run again.

    Args:
        designs: of `PAYLOAD_DESIGNS`.
        widths: D; the one in the middle is the base.
        out: the results store.
        n_circuits: T; the one in the middle is the base.
        actives: z along their axis.
        n_active: z of the base.
        n_layers: L; errors along T, z and D are those of layer L.
        networks: independent ones for each size.
        samples: of each.
        seed: of everything random.
        progress: as of `run_sweep`.
        stop: asked between calls.

    Raises:
        ValueError: for bad sizes, or too few of them.
    """
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    check_index("n_layers", n_layers, 3)
    lists = {"network_width": widths, "n_circuits": n_circuits, "n_active": actives}
    for name, values in lists.items():
        check(len(set(values)) >= 2, name, "must name at least two different ones", list(values))
    base = (_middle(widths), _middle(n_circuits), n_active, n_layers)
    more = {"batch_size": samples, "seed": seed}
    cells = {
        (name, along): [_configuration(name, base, along, size, more) for size in sorted({*sizes})]
        for name in dict.fromkeys(designs)
        for along, sizes in lists.items()
    }
    wanted = [
        replace(one, network=index)
        for one in {one for each in cells.values() for one in each}
        for index in range(networks)
    ]
    stopped = run_sweep(wanted, out, progress=progress, stop=stop).stopped
    table = by_configuration(out, wanted, (_LAST, _INACTIVE, _ACTIVE))
    found = {}
    for (name, along), each in cells.items():
        done = [(one, _read(table, one, networks)) for one in each]
        found[name, along] = [(one, values) for one, values in done if values is not None]
    axes = [
        _axis(name, along, [getattr(one, along) for one, _ in points], points)
        for (name, along), points in found.items()
        if len(points) >= 2
    ]
    for name in dict.fromkeys(designs):
        at_base = _configuration(name, base, "n_active", n_active, more)
        values = _read(table, at_base, networks)
        if values is not None:
            axes.append(_by_layer(name, at_base, values))
    return PayloadLaw(base, axes, stopped)


def _middle(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]


def _configuration(
    name: str, base: tuple[int, int, int, int], along: str, size: int, more: dict[str, Any]
) -> Configuration:
    """Return the base with another size, checked."""
    sizes: dict[str, Any] = dict(
        zip(("network_width", "n_circuits", "n_active", "n_layers"), base, strict=True)
    ) | {along: size}
    for argument, value in sizes.items():
        check_index(argument, value)
    settings = lookup(PAYLOAD_DESIGNS, name, "design")[1]
    one = Configuration(**sizes, **settings, **more)
    check_settings(one)
    check_network_fits(one, ("network_width", "n_circuits", "n_layers"))
    return one


def _read(table: Any, one: Configuration, networks: int) -> Any:
    """Return (networks, L, 3), or None while some network is missing."""
    rows = [table.get(config_id(replace(one, network=index))) for index in range(networks)]
    if not all(rows):
        return None
    layers = range(1, one.n_layers + 1)
    metrics = (_LAST, _INACTIVE, _ACTIVE)
    return np.array([[[row[m, layer] for m in metrics] for layer in layers] for row in rows])


def _quiet(values: Any) -> Any:
    """Return (L,), whether up to a layer nothing has seized or died."""
    mean = values.mean(0)
    return (mean[:, 1] <= GROWTH * mean[0, 1]) & (mean[:, 2] <= DEAD)


def _closed(one: Configuration) -> Any:
    """Return (L,), what the closed form says of the active vector; NaN where it says nothing."""
    form = predict(one, state_evolution=False).closed_form
    assert form is not None
    return form.values.get(_LAST, np.full(one.n_layers, np.nan))


def _budget(one: Configuration, rotations: int) -> float:
    """Return T z l e^2."""
    return one.n_circuits * one.n_active * rotations * parts_of(one).allocation.overlap_rate ** 2


def _axis(name: str, along: str, sizes: list[int], points: list[tuple[Configuration, Any]]):
    """Return an axis whose points are measured on different networks."""
    rng = np.random.default_rng(0)
    each = [values[:, -1, 0] for _, values in points]
    draws = np.stack([_means(one, rng.integers(0, len(one), _picks(one))) for one in each], 1)
    # Carried indicators hold a number of active circuits, with an error from the start.
    quiet = [bool(_quiet(values)[-1]) or name == "carried" for _, values in points]
    closed = [float(_closed(one)[-1]) for one, _ in points]
    budget = [_budget(one, one.n_layers - 1) for one, _ in points]
    errors = np.array([one.mean() for one in each])
    return _fitted(name, along, sizes, errors, draws, closed, quiet, budget)


def _by_layer(name: str, one: Configuration, values: Any) -> PayloadAxis:
    """Return the axis of layers, whose points are measured on the same networks."""
    layers = [_FIRST_LAYER]
    while 2 * layers[-1] - 1 <= one.n_layers:
        layers.append(2 * layers[-1] - 1)
    at = np.array(layers) - 1
    errors = values[:, at, 0]
    rng = np.random.default_rng(0)
    draws = _means(errors, rng.integers(0, len(errors), _picks(errors)))
    quiet = [bool(x) or name == "carried" for x in _quiet(values)[at]]
    closed, sizes = _closed(one)[at].tolist(), at.tolist()
    budget = [_budget(one, rotations) for rotations in sizes]
    return _fitted(name, "rotations", sizes, errors.mean(0), draws, closed, quiet, budget)


def _picks(values: Any) -> tuple[int, int]:
    return _REPLICATES, len(values)


def _means(values: Any, chosen: Any) -> Any:
    """Return bootstrap replicates of a mean over networks, as widely spread as so few make it."""
    mean = np.log(values.mean(0))
    return np.exp(mean + widening(len(values)) * (np.log(values[chosen].mean(1)) - mean))


def _exponent(sizes: list[int], values: list[float]) -> float:
    """Return that of a power through numbers without errors, NaN unless all are there."""
    known = bool(np.isfinite(values).all())
    return fit_power(sizes, values, np.array([values])).exponent if known else float("nan")


def _fitted(
    name: str,
    along: str,
    sizes: list[int],
    errors: Any,
    draws: Any,
    closed: list[float],
    quiet: list[bool],
    budget: list[float],
) -> PayloadAxis:
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    fit = fit_power(sizes, errors.tolist(), draws)
    exponents = _exponent(sizes, closed), _exponent(sizes, budget), _LIMIT[along]
    lists = errors.tolist(), low.tolist(), high.tolist()
    return PayloadAxis(name, along, sizes, *lists, closed, quiet, fit, *exponents)
