"""How errors grow with several settings at once: exponents fitted to measured and to predicted errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..._errors import check
from ..._limits import check_index, check_positive
from ..._settings import Configuration
from ...circuits import width_of
from ...simulation import capacity_of, check_network_fits, check_settings
from ...sweep import config_id, Progress, run_sweep
from ...theory.seizure import DEAD, GROWTH
from ..prediction import predict
from ._crossing import widening
from ._fits import interval
from ._table import by_configuration


_REPLICATES = 1000
_PAYLOAD, _INACTIVE, _ACTIVE = "mse_x_active", "mse_on_inactive", "mse_on_active"
# Lines, with thresholds that keep inactive indicators silent.
_QUIET: dict[str, Any] = {
    "allocation": "transversal",
    "lower_threshold": 0.6,
    "upper_threshold": 0.9,
}
# What is varied: T (d/D)^2, z, the l - 1 layers that have been fed by others, b, S.
LOAD, ACTIVE, ROTATIONS, BIAS, REDUNDANCY = "T (d/D)^2", "z", "l - 1", "b", "S"


class Exponent(NamedTuple):
    """The exponent of one setting.

    Attributes:
        value: by least squares of ln(mean error over networks).
        low: lower end of its 95 % interval, a bootstrap over networks.
        high: upper end.
    """

    value: float
    low: float
    high: float


class ExponentFit(NamedTuple):
    """Error = a times a power of each setting.

    Attributes:
        exponents: setting -> exponent.
        prefactor: a.
        residual: root mean square of ln(error/fit): what no product of powers has.
    """

    exponents: dict[str, Exponent]
    prefactor: float
    residual: float


def fit_exponents(
    settings: Mapping[str, Any], errors: Any, where: Any = None, seed: int = 0
) -> ExponentFit:
    """Fit a product of powers to errors.

    Networks of a configuration are drawn again together in all its rows, such as the layers that were
    measured on the same ones; those of different configurations independently.

    Args:
        settings: name -> (G,) or (G, R), positive.
        errors: (G, networks, R), of G configurations in R rows each; one network has no interval.
        where: (G, R), which of them count; all if left out.
        seed: of the bootstrap.

    Raises:
        ValueError: for settings that do not vary independently, or values that are not positive.
    """
    errors = np.asarray(errors, float)
    groups, networks, rows = errors.shape
    used = np.ones((groups, rows), bool) if where is None else np.asarray(where, bool)
    columns = []
    for name, values in settings.items():
        values = np.asarray(values, float)
        wide = np.broadcast_to(values[:, None] if values.ndim == 1 else values, (groups, rows))
        check(bool((wide[used] > 0).all()), name, "must be positive", values.min())
        columns.append(np.log(wide[used]))
    basis = np.stack([np.ones(int(used.sum())), *columns], 1)
    rank = int(np.linalg.matrix_rank(basis))
    rule = "must vary independently of each other"
    check(rank == basis.shape[1], "settings", rule, ", ".join(settings))
    means = errors.mean(1)[used]
    check(bool((means > 0).all()), "errors", "must be positive", means.min(initial=0.0))
    inverse = np.linalg.pinv(basis)
    found = inverse @ np.log(means)
    rest = np.log(means) - basis @ found
    chosen = np.random.default_rng(seed).integers(0, networks, (_REPLICATES, groups, networks))
    replicates = errors[np.arange(groups)[:, None], chosen].mean(2)[:, used]
    spread = (np.log(replicates) @ inverse.T - found) * (
        widening(networks) if networks > 1 else 0.0
    )
    exponents = {
        name: Exponent(float(found[i]), *interval(found[i] + spread[:, i]))
        for i, name in enumerate(settings, 1)
    }
    return ExponentFit(exponents, float(np.exp(found[0])), float(np.sqrt((rest**2).mean())))


@dataclass(frozen=True)
class ErrorExponents:
    """How errors of active vectors grow below the seizure.

    Attributes:
        measured: fit of the measured errors.
        theory: fit of the closed form at the same settings.
        ratio: (low, median, high) of measured/closed form over all rows.
        used: rows that were quiet, of `rows`.
        rows: configurations times layers.
        stopped: whether it ended before all was measured.
    """

    measured: ExponentFit
    theory: ExponentFit
    ratio: tuple[float, float, float]
    used: int
    rows: int
    stopped: bool


def error_exponents(
    out: Path,
    *,
    widths: Sequence[int] = (6400, 12800),
    loads: Sequence[float | int] = (0.001, 0.002, 0.003),
    actives: Sequence[int] = (1, 2),
    biases: Sequence[float | int] = (0.25, 1.0),
    redundancies: Sequence[int] = (3, 4, 6),
    n_layers: int = 5,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> ErrorExponents | None:
    """Measure the exponents of E|x_est - x|^2 in all settings at once; what the store has is not run again.

    Lines with .6/.9. Rows in which inactive indicators have grown or active ones have died are left
    out: exponents are of networks that work. A setting with one value has no exponent.

    Args:
        out: the results store.
        widths: D.
        loads: T (d/D)^2.
        actives: z.
        biases: b.
        redundancies: S.
        n_layers: L, layers 2..L are rows.
        networks: independent ones for each configuration.
        samples: of each.
        seed: of everything random.
        progress: as of `run_sweep`.
        stop: asked between calls.

    Returns:
        The fits; None if it was stopped before they could be made.

    Raises:
        ValueError: for bad sizes.
    """
    check_index("networks", networks, 2)
    check_index("n_layers", n_layers, 3)
    lists = {"loads": loads, "actives": actives, "biases": biases, "redundancies": redundancies}
    for name, values in lists.items():
        check(len(values) > 0, name, "must name at least one", "none")
    more = {"n_layers": n_layers, "batch_size": samples, "seed": seed}
    cells = [
        _cell(width, load, z, b, S, more)
        for width, load, z, b, S in product(widths, loads, actives, biases, redundancies)
    ]
    wanted = [one(index) for one, _ in cells for index in range(networks)]
    stopped = run_sweep(wanted, out, progress=progress, stop=stop).stopped
    metrics = (_PAYLOAD, _INACTIVE, _ACTIVE)
    table = by_configuration(out, wanted, metrics)
    done = [
        (one, sizes, rows)
        for one, sizes in cells
        if all(rows := [table.get(config_id(one(index))) for index in range(networks)])
    ]
    if not done or stopped:
        return None
    layers = range(1, n_layers + 1)
    # (G, networks, L, metrics)
    values = np.array(
        [
            [[[row[m, l] for m in metrics] for l in layers] for row in rows if row is not None]
            for _, _, rows in done
        ]
    )
    means = values.mean(1)
    quiet = (means[:, :, 1] <= GROWTH * means[:, :1, 1]) & (means[:, :, 2] <= DEAD)
    quiet = np.logical_and.accumulate(quiet, 1)[:, 1:]
    settings: dict[str, Any] = {
        name: np.array([sizes[name] for _, sizes, _ in done])
        for name, values in zip((LOAD, ACTIVE, BIAS, REDUNDANCY), lists.values(), strict=True)
        if len(set(values)) > 1
    }
    settings[ROTATIONS] = np.broadcast_to(np.arange(1, n_layers), quiet.shape)
    closed = np.array([_closed(one(0)) for one, _, _ in done])[:, None, 1:]
    errors = values[:, :, 1:, 0]
    ratio = (errors.mean(1) / closed[:, 0])[quiet]
    low, middle, high = np.percentile(ratio, (2.5, 50, 97.5))
    return ErrorExponents(
        fit_exponents(settings, errors, quiet),
        fit_exponents(settings, closed, quiet),
        (float(low), float(middle), float(high)),
        int(quiet.sum()),
        quiet.size,
        stopped,
    )


def _cell(
    width: int, load: float, z: int, b: float, S: int, more: dict[str, Any]
) -> tuple[Callable[[int], Configuration], dict[str, float]]:
    """Return the settings of each network of a configuration, checked, and its sizes as they are."""
    n = width // width_of("rotation")
    check_positive("loads", load)
    count = round(load * n**2)
    sizes: dict[str, Any] = {"n_circuits": count, "n_active": z, "gate_bias": float(b)}
    one = lambda index: Configuration(width, redundancy=S, network=index, **sizes, **more, **_QUIET)
    check_settings(one(0))
    # Fewer than a circuit and a half on each neuron do not interfere.
    held = capacity_of(one(0))
    rule = f"must put at least 1.5 circuits on a neuron and at most what {held} sets hold"
    fits = 1.5 * n <= count * S and (held is None or count <= held)
    check(fits, "loads", rule, load, f"n = {n}, S = {S}")
    check_network_fits(one(0), ("network_width", "n_circuits", "n_layers"))
    return one, {LOAD: count / n**2, ACTIVE: float(z), BIAS: float(b), REDUNDANCY: float(S)}


def _closed(one: Configuration) -> Any:
    """Return (L,), what the closed form says of the active vector."""
    form = predict(one, state_evolution=False).closed_form
    assert form is not None
    return form.values[_PAYLOAD]
