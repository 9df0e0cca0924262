"""Claims about circuits of one's own behind an on-indicator (notes#any-circuits, notes#larger-circuits)."""

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
    run: Run, sets: Allocation, small: Guarded, z: int
) -> tuple[AbstractNetwork, Measurement]:
    """Return one of the networks, and the mean over all."""
    count, batch = run.draws(48, 96), run.choose(800, 1000)
    keys = [jax.random.fold_in(run.key("guards"), index) for index in range(count)]
    networks = (build(small, sets, _LAYERS, key=key) for key in keys)
    found = [
        (net, simulate(net, z, batch, key=key)) for net, key in zip(networks, keys, strict=True)
    ]
    return found[0][0], merge_networks([measurement for _, measurement in found])


def _networks(run: Run, count: int, z: int) -> tuple[AbstractNetwork, Measurement]:
    sets = allocate(200, 4, count, "transversal")
    make = lambda: _simulated(run, sets, _guarded(run, count, _PAYLOAD), z)
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
