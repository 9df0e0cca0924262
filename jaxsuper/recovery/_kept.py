"""What a network loses when its weights are replaced by the sum of what was found in them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._export import Export, reported_of


# Samples that are run.
_SAMPLES = 500


class Losses(NamedTuple):
    """What a reported layer gets wrong.

    Attributes:
        active: mean of (estimate - truth)^2 over samples, circuits that are on, and channels.
        inactive: mean of estimate^2 over samples, all other circuits, and channels.
        by_circuit: (T,), the first of each circuit; NaN for those that never are on.
    """

    active: float
    inactive: float
    by_circuit: Float[np.ndarray, " T"]


def errors_with(
    export: Export, weights: Mapping[int, Float[np.ndarray, "D D"]]
) -> dict[int, Losses]:
    """Run a network with other weights and measure it against what its circuits compute alone.

    Args:
        export: the network; its first 500 samples are run.
        weights: W_k by layer, for the network's own.

    Returns:
        Losses by reported layer.
    """
    config, model, samples = export.config, export.model, export.samples
    reported = reported_of(export)
    n_circuits = int(config.n_circuits)
    active = np.asarray(samples["active"][:_SAMPLES]).astype(np.int64)
    values, found = _embedded(export), {}
    for layer in range(int(config.n_relu)):
        if layer:
            own = weights.get(layer)
            own = np.asarray(model[f"layers.{layer}.weight"]) if own is None else own
            values = values @ own.T
        values = values + np.asarray(model[f"layers.{layer}.bias"])[None]
        if config.activation == "masked":
            values = values * _mask(export, active[:, reported.index(layer)], layer)
        else:
            values = np.maximum(values, 0)
        if layer not in reported:
            continue
        place = reported.index(layer)
        estimates = _estimates(export, values, layer)
        true = np.asarray(samples["truth"][:_SAMPLES, place])
        on = active[:, place] < n_circuits
        rows = np.broadcast_to(np.arange(len(active))[:, None], on.shape)[on]
        circuits = active[:, place][on]
        wrong = ((estimates[rows, circuits] - true[on]) ** 2).mean(axis=1)
        sums, counts = np.zeros((2, n_circuits))
        np.add.at(sums, circuits, wrong)
        np.add.at(counts, circuits, 1)
        own = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        estimates[rows, circuits] = 0
        others = max(estimates.size - len(rows) * estimates.shape[2], 1)
        total = float(wrong.mean()) if on.any() else 0.0
        found[layer] = Losses(total, float((estimates**2).sum() / others), own)
    return found


def _embedded(export: Export) -> np.ndarray:
    """Return what the inputs write into layer 0, (N, D)."""
    model, samples = export.model, export.samples
    neurons, weight = (np.asarray(model[f"embedding.{name}"]) for name in ("neurons", "weight"))
    embedded = np.asarray(samples["embedded"][:_SAMPLES]).astype(np.int64)
    inputs = np.asarray(samples["inputs"][:_SAMPLES])
    total = np.zeros((len(embedded), int(export.config.n_neurons)), np.float32)
    for slot in range(embedded.shape[1]):
        rows = np.flatnonzero(embedded[:, slot] < int(export.config.n_circuits))
        given = embedded[rows, slot]
        written = np.einsum("nrd,nd->nr", weight[given], inputs[rows, slot])
        total[rows[:, None], neurons[given]] += written
    return total


def _mask(export: Export, active: np.ndarray, layer: int) -> np.ndarray:
    """Return 1 at the neurons of active circuits, (N, D)."""
    neurons = np.asarray(export.truth[f"neurons.{layer}"])
    mask = np.zeros((len(active), int(export.config.n_neurons)), np.float32)
    for slot in active.T:
        rows = np.flatnonzero(slot < len(neurons))
        mask[rows[:, None], neurons[slot[rows]]] = 1
    return mask


def _estimates(export: Export, values: np.ndarray, layer: int) -> np.ndarray:
    """Return all circuits' channels, (N, T, c)."""
    model = export.model
    neurons, weight = np.asarray(model[f"readout.{layer}.neurons"]), model["readout.weight"]
    common = values @ np.asarray(model["readout.shared"]).T
    total = np.zeros((len(values), len(neurons), len(weight)), np.float32)
    for column, share in enumerate(np.asarray(weight).T):
        total += values[:, neurons[:, column]][..., None] * share[None, None]
    return total + common[:, None] + np.asarray(model["readout.constant"])[None, None]
