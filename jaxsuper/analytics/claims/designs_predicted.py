"""Claims about the predictions of designs beyond the published one, over small grids."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ._evidence import Evidence
from ._measured import measured_at
from ._reference import CARRIED, carried_settings, LINES, own_settings, PRIVATE, private_settings
from ._registry import claim, Run


_METRIC = "mse_x_active"


def _predicted(
    run: Run,
    cells: list[dict[str, Any]],
    rival: Callable[[Float[np.ndarray, " L"], int], float | None],
    factor: float,
) -> Evidence:
    """Compare every cell's errors, layers 2 to L, with the prediction, in logarithms.

    Args:
        run: how thoroughly.
        cells: settings.
        rival: (predictions by layer, l) -> what the rival says of layer l, if anything.
        factor: that measured and predicted may differ by.

    Returns:
        The evidence.
    """
    points, worst = [], 1.0
    for settings in cells:
        experiment = run.experiment(**settings)
        sizes = experiment.configuration
        for z, measured in run.measure(**settings).items():
            predicted = run.predict(experiment, z)[_METRIC]
            if not predicted.any():
                continue  # exact, and so a claim of its own
            series = f"D = {sizes.network_width}, T = {sizes.n_circuits}, z = {z}"
            for layer in range(2, sizes.n_layers + 1):
                right = float(predicted[layer - 1])
                other = rival(predicted, layer)
                points.append(measured_at(measured, _METRIC, layer, right, other, series=series))
                off = measured[_METRIC][layer - 1] / right
                worst = max(worst, off, 1 / off)
    note = f"The worst of {len(points)} is off by a factor {worst:.2f}."
    return Evidence(points, "layer", "E|x_est - x|^2", factor=factor, log_y=True, note=note)


@claim(
    "designs.private-predicted",
    "The closed form of private links gives the error of active vectors within a factor 1.5.",
    tier="science",
    formula=r"M' = M + (z-1)\left(e + \frac{k}{(S-1)^2}(1 + M + Q)\right)",
    source="derived in `theory.private_active_mse`",
    regime="D = 450 to 999, T = 150 to 1000, z = 2 to 4, layers 2 to 5 (10)",
    expected="established",
    rival="direct overlap alone: (z-1)(l+2)e, without links of third circuits",
)
def _private_predicted(run: Run) -> Evidence:
    common: dict[str, Any] = {**PRIVATE, "n_networks": 8, "batch_size": 200}
    # The networks of designs.private-targets, and others in full.
    some = [
        {
            **private_settings(run),
            "n_networks": run.choose(12, 24),
            "batch_size": run.choose(100, 300),
        }
    ]
    more: list[dict[str, Any]] = [
        {"network_width": D, "n_circuits": T, "redundancy": S, "n_active": (2, z)}
        for D, T, S, z in ((450, 300, 5, 4), (600, 400, 4, 3), (999, 1000, 6, 3), (750, 557, 5, 3))
    ]

    direct = lambda predicted, layer: predicted[0] * (layer + 2) / 3
    cells = [{**common, **cell} for cell in run.choose(some, some + more)]
    return _predicted(run, cells, direct, 1.5)


@claim(
    "designs.carried-predicted",
    "The closed form of carried indicators gives the error of active vectors within a fifth.",
    tier="science",
    formula=r"E_x(l) = (z-1)(3 e_x + 2 e_a) + (l-1)\left(T e_x z (3 e_x + 2 e_a) + \ldots\right)",
    source="derived in `theory.carried_errors`",
    regime="D = 600 to 1000, T = 150 to 557, z = 1 to 3, layers 2 to 5",
    expected="established",
    rival="offsets cancel as in the clipped construction: a third of the error",
)
def _carried_predicted(run: Run) -> Evidence:
    shape: dict[str, Any] = {"indicator_share": 0.5, "indicator_redundancy": 6, **CARRIED}
    common: dict[str, Any] = {"n_networks": 8, "batch_size": 200, "redundancy": 3, **shape}
    # In the quick run the networks of designs.early-guess-is-carried.
    quick = {**carried_settings(run), "n_networks": 12, "batch_size": 100}
    some = [run.choose(quick, {"n_active": (1, 2, 3)})]
    more: list[dict[str, Any]] = [
        {"network_width": 600, "n_circuits": 150, "n_active": (1, 3), "gate_bias": 0.5},
        {"network_width": 800, "n_circuits": 300, "n_active": (2,), "gate_bias": 1.0},
        {"n_circuits": 557, "n_active": (1, 2, 3), "gate_bias": 0.5},
    ]
    third = lambda predicted, layer: predicted[layer - 1] / 3
    cells = [{**common, **cell} for cell in run.choose(some, some + more)]
    return _predicted(run, cells, third, 1.2)


@claim(
    "designs.separate-predicted",
    "State evolution of two populations gives the error of active vectors within a third where "
    "indicators are recomputed on neurons of their own, collapse included.",
    tier="science",
    formula=r"h_m = \frac{1}{S_a}\left((1+\chi') \sum_{i \in N(m)} \alpha_i - \chi' A\right)",
    source="derived in `theory.separate_evolution`",
    regime="D = 600 to 1000, T = 200 to 557, S_a, S_x = 6, 3 and 6, 6, z = 1 to 3, layers 2 to 5",
    expected="established",
    rival="no collapse: errors of z = 1 grow evenly, layer by layer, from those of layer 2",
)
def _separate_predicted(run: Run) -> Evidence:
    shape: dict[str, Any] = {"indicator_share": 0.5, "indicator_redundancy": 6, **LINES}
    common: dict[str, Any] = {"n_networks": 12, "batch_size": 100, **shape}
    # The networks of designs.redundant-indicators, and others in full.
    some = [{**own_settings(3, 6, 0.5, 1), "batch_size": run.choose(100, 300)}]
    more: list[dict[str, Any]] = [
        {"redundancy": 6, "n_active": (1, 3)},
        {"network_width": 600, "n_circuits": 200, "redundancy": 6, "n_active": (1,)},
        {"redundancy": 3, "n_active": (2,), "lower_threshold": 0.4, "upper_threshold": 0.8},
    ]

    def even(predicted, layer):
        # With little to start from: there a collapse can be told from even growth.
        return predicted[1] * (layer - 1) if layer > 2 and predicted[1] < 0.1 else None

    cells = [{**common, **cell} for cell in run.choose(some, some + more)]
    return _predicted(run, cells, even, 1.35)
