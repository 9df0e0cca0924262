"""Claims about circuits of any kind: MLPs in the clipped construction (notes#closed-forms)."""

import jax
import numpy as np

from ... import circuits
from ...network import AbstractNetwork, build
from ...simulation import Measurement, merge_networks, simulate
from ..prediction import predict
from ._evidence import Evidence, Point
from ._matrices import lines
from ._measured import measured_at
from ._registry import claim, Run


_LAYERS = 3


def _mlps(run: Run) -> tuple[AbstractNetwork, dict[int, Measurement]]:
    """Return one of the networks, and measurements by z, of MLPs that neither amplify nor forget.

    Permutations of three neurons keep the norm, so errors are handed on as they are.
    """
    count, width, S, q = 300, 3, 6, 83
    n_networks, batch = run.draws(24, 48), run.choose(400, 600)
    allocation = lines(S * q, q, S, np.arange(count))
    rng = np.random.default_rng(run.seed)
    orders = np.array([rng.permutation(width) for _ in range(count)])
    mlps = circuits.MLP(np.eye(width, dtype=np.float32)[orders][None])
    keys = [jax.random.fold_in(run.key("mlp"), index) for index in range(n_networks)]
    networks = [build(mlps, allocation, _LAYERS, key=key) for key in keys]
    by_z = {}
    for z in run.choose((2,), (1, 2)):
        measurements = [
            simulate(network, z, batch, key=key)
            for network, key in zip(networks, keys, strict=True)
        ]
        by_z[z] = merge_networks(measurements)
    return networks[0], by_z


def _points(run: Run, metric: str, layers: range) -> list[Point]:
    network, by_z = run.once(("mlp", run.effort), lambda: _mlps(run))
    points = []
    for z, measured in by_z.items():
        predicted = predict(network, z)
        for layer in layers:
            right = float(predicted[metric][layer - 1])
            rival = right * (6 if metric == "mse_a_inactive" else 0.5)
            points.append(measured_at(measured, metric, layer, right, rival, series=f"z = {z}"))
    return points


@claim(
    "generals.inactive",
    "Any circuit that is inactive reads z e E|a_v|^2 after layer 1.",
    tier="science",
    formula=r"\mathrm{E}|\delta a|^2 = z\,e\,\mathrm{E}|a_v|^2",
    source="[C2]; notes#closed-forms",
    regime="MLPs with d = 3, T = 300, n = 498, S = 6, layer 1; within 8 %",
    expected="established",
    rival="z S e E|a_v|^2, the sum over the neurons instead of their mean",
)
def _inactive(run: Run) -> Evidence:
    points = _points(run, "mse_a_inactive", range(1, 2))
    return Evidence(points, "layer", "E|a|^2 of inactive circuits", tolerance=0.08)


@claim(
    "generals.active",
    "Any circuit that is active and does not amplify errors: through third circuits, mean weights and "
    "direct overlap.",
    tier="science",
    formula=r"\mathrm{E}|\delta a^l|^2 = (l-1)\left(T e^2 z\,\mathrm{E}|\delta w_u a_v|^2 + "
    r"J (z-1)\,\mathrm{E}|\overline{w} a_v|^2\right) + l\,e\,(z-1)\,\mathrm{E}|w_v a_v|^2",
    source="[C2], [R] with J derived here; notes#closed-forms",
    regime="MLPs with d = 3, T = 300, n = 498, S = 6, within 12 % in layers 1 and 2, not in layer 3",
    expected="established in regime",
    rival="half of it",
)
def _active(run: Run) -> Evidence:
    points = _points(run, "mse_a_active", range(1, _LAYERS + 1))
    note = (
        "Nothing silences inactive circuits here: from layer 3 on they hand on what they received, which "
        "the form leaves out. Rotations have a gate against that (errors.rotation-active)."
    )
    return Evidence(
        points,
        "layer",
        "E|da|^2 of active circuits",
        tolerance=0.12,
        slack=1e-10,
        boundary=(2, 3),
        note=note,
    )
