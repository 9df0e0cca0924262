"""Claims about circuits of one's own behind an on-indicator (notes#any-circuits, notes#larger-circuits)."""

from functools import partial
from typing import Any

import jax
import numpy as np

from ...allocation import allocate, Allocation
from ...circuits import Guarded
from ...network import AbstractNetwork, build
from ...simulation import Measurement, merge_networks, simulate
from ..prediction import predict
from ._evidence import Evidence, Point
from ._measured import measured_at
from ._registry import claim, Run


_LAYERS, _PAYLOAD = 3, 4
_WIDTH, _LARGE = 2000, 14
# Where nothing seizes, and where indicators begin to.
_QUIET, _BEGINNING = 200, 400
_STEP = {"lower_threshold": 0.4, "upper_threshold": 0.9}
_SIZES = "random networks of 4 neurons a layer, n = 200, S = 4, lo/hi = 0.4/0.9"


def _guarded(run: Run, count: int, m: int) -> Guarded:
    """Return circuits of random ReLU layers whose signals keep their size, more or less."""
    rng = np.random.default_rng(run.seed)
    layers = [
        (1.2 / m**0.5 * rng.normal(size=(count, m, m)), 0.3 * rng.normal(size=(count, m)))
        for _ in range(_LAYERS)
    ]
    return Guarded.from_layers(layers, **_STEP)


def _simulated(
    run: Run, sets: Allocation, small: Guarded, z: int, count: int, **options: Any
) -> tuple[AbstractNetwork, Measurement]:
    """Return one of the networks, and the mean over all."""
    batch = run.choose(800, 1000)
    keys = [jax.random.fold_in(run.key("guards"), index) for index in range(count)]
    networks = (build(small, sets, _LAYERS, key=key, **options) for key in keys)
    found = [
        (net, simulate(net, z, batch, key=key)) for net, key in zip(networks, keys, strict=True)
    ]
    return found[0][0], merge_networks([measurement for _, measurement in found])


def _networks(run: Run, count: int, z: int) -> tuple[AbstractNetwork, Measurement]:
    sets = allocate(200, 4, count, "transversal")
    make = lambda: _simulated(run, sets, _guarded(run, count, _PAYLOAD), z, run.draws(48, 96))
    return run.once(("guards", count, z, run.effort), make)


@claim(
    "guards.errors",
    "The error of any ReLU network behind an on-indicator is the noise of each layer, carried on by its "
    "own weights and through its own ReLUs.",
    formula=r"\Sigma' = g g' \circ (w \Sigma w' + F) + \ldots",
    source="derived here; notes#any-circuits",
    regime=f"T = {_QUIET}, {_SIZES}, z = 1 in layers 2 and 3, in full also z = 2; within 20 %",
    rival="no more in layer 3 than in layer 2, as if nothing were carried on",
)
def _errors(run: Run) -> Evidence:
    points: list[Point] = []
    for z in run.choose((1,), (1, 2)):
        network, measured = _networks(run, _QUIET, z)
        expected = predict(network, z, state_evolution=False)["mse_x_active"]
        for layer in (2, 3):
            rival = float(expected[1]) if layer == 3 else None
            value = float(expected[layer - 1])
            points.append(
                measured_at(measured, "mse_x_active", layer, value, rival, series=f"z = {z}")
            )
    return Evidence(points, "layer", "E|da|^2 of active circuits", tolerance=0.2)


@claim(
    "guards.indicators",
    "What fires by mistake is decided by indicators alone, whatever circuits compute: density evolution "
    "predicts it for circuits of one's own.",
    formula=r"\epsilon_{l+1} = f(\epsilon_l;\, S, n, r, lo, hi)",
    source="derived here; notes#critical-load",
    regime=f"T = {_BEGINNING}, {_SIZES}, z = 1, layers 2 and 3; within 6 %",
    rival="z e in every layer: nothing fires because of what fired by mistake",
)
def _indicators(run: Run) -> Evidence:
    network, measured = _networks(run, _BEGINNING, 1)
    prediction = predict(network, 1)
    evolved, closed = prediction.state_evolution, prediction.closed_form
    assert evolved is not None and closed is not None
    metric = "mse_on_inactive"
    points = [
        measured_at(
            measured,
            metric,
            layer,
            float(evolved.values[metric][layer - 1]),
            float(closed.values[metric][layer - 1]),
        )
        for layer in (2, 3)
    ]
    return Evidence(points, "layer", "E alpha^2 of inactive circuits", tolerance=0.06)


@claim(
    "guards.more-indicators",
    "Circuits of 16 neurons that give four instead of two to their indicators keep them quiet where the "
    "others seize, at the same D: what counts is how many neurons indicate.",
    formula=r"n_a = r\,n_x,\quad T_c \sim n_a^2/\ln^2 n_a",
    source="[R] leaves it to larger circuits; notes#larger-circuits",
    regime="D = 2000, T = 400 random networks of 14 neurons a layer, S = 4, indicators with 4 and 8, "
    "lo/hi = 0.4/0.9, z = 1, layer 3; within 15 %",
    rival="the law of one indicator for both, as if redundancy did nothing",
    quick=False,
)
def _more_indicators(run: Run) -> Evidence:
    points: list[Point] = []
    one = 0.0
    for r in (1, 2):
        network, measured = run.once(
            ("indicators", r, run.effort), partial(_with_indicators, run, r)
        )
        evolved = predict(network, 1).state_evolution
        assert evolved is not None
        value = float(evolved.values["mse_on_inactive"][_LAYERS - 1])
        one = one or value
        rival = one if r > 1 else None
        series = f"{r} indicators"
        points.append(
            measured_at(measured, "mse_on_inactive", _LAYERS, value, rival, x=r, series=series)
        )
    return Evidence(points, "indicators", "E alpha^2 of inactive circuits", tolerance=0.15)


def _with_indicators(run: Run, r: int) -> tuple[AbstractNetwork, Measurement]:
    """Return what `_simulated` does of circuits with r indicators of two neurons each."""
    n = _WIDTH // (_LARGE + 2 * r)
    sets = allocate(n, 4, _BEGINNING, "transversal")
    options: dict[str, Any] = {}
    if r > 1:
        own = allocate(r * n, 4 * r, _BEGINNING, "transversal")
        options = {"construction": "separate", "indicators": own}
    small = _guarded(run, _BEGINNING, _LARGE)
    return _simulated(run, sets, small, 1, run.draws(8, 8), **options)
