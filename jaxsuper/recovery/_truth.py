"""What there is to be found in a network: spans of circuits, who is on, loads, and paths of edges."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from ._export import Export, reported_of, sizes_of


def spans(export: Export, layer: int) -> list[csr_array]:
    """Return the directions that span each circuit's activity in a layer, one sparse (T, D) per row.

    Row t of matrix r is the indicator of the neurons that stand for small neuron r of circuit t,
    divided by its norm. Matrices of one circuit are orthogonal, as its neurons differ.

    Args:
        export: the network.
        layer: k.

    Returns:
        d matrices of unit rows.
    """
    n_neurons, n_circuits, _ = sizes_of(export)
    neurons = np.asarray(export.truth[f"neurons.{layer}"])
    rows = np.asarray(export.truth["rows"])
    found = []
    for row in range(int(export.config.circuit_width)):
        own = neurons[:, rows == row]
        count = own.shape[1]
        values = np.full(own.size, 1 / max(count, 1) ** 0.5, np.float32)
        starts = np.arange(n_circuits + 1) * count
        matrix = csr_array((values, own.ravel(), starts), shape=(n_circuits, n_neurons))
        matrix.sum_duplicates()
        found.append(matrix)
    return found


def profile(export: Export, layer: int) -> Float[np.ndarray, " d"]:
    """Return the mean activity of an active circuit, by row of it, in units of its unit directions.

    The mean over samples, active circuits and the neurons of a row, times the root of their number:
    what the circuit adds to the layer is about sum_r profile_r spans_r[t].

    Args:
        export: the network.
        layer: k, a reported one.

    Returns:
        A number per row of the small circuits.
    """
    n_circuits = int(export.config.n_circuits)
    active = np.asarray(export.samples["active"])[:, reported_of(export).index(layer)]
    activations = export.samples[f"activations.{layer}"]
    neurons, rows = np.asarray(export.truth[f"neurons.{layer}"]), np.asarray(export.truth["rows"])
    chosen = np.unique(np.linspace(0, len(active) - 1, min(len(active), 2000)).astype(int))
    samples, slots = np.nonzero(active[chosen] < n_circuits)
    width = int(export.config.circuit_width)
    if not len(samples):
        return np.ones(width, np.float32)
    values = np.asarray(activations[chosen])
    own = neurons[active[chosen][samples, slots]]
    means = values[samples[:, None], own].mean(axis=0)
    totals = [means[rows == row] for row in range(width)]
    found = [float(one.mean()) * len(one) ** 0.5 if len(one) else 0.0 for one in totals]
    return np.asarray(found, np.float32)


def templates(export: Export, layer: int) -> Float[np.ndarray, "T D"]:
    """Return the one direction per circuit that its mean activity has: the profile along its span.

    Args:
        export: the network.
        layer: k, a reported one.

    Returns:
        Unit directions.
    """
    weights = profile(export, layer)
    matrices = spans(export, layer)
    dense = np.zeros((int(export.config.n_circuits), int(export.config.n_neurons)), np.float32)
    for weight, matrix in zip(weights, matrices, strict=True):
        dense += weight * matrix.toarray()
    norms = np.linalg.norm(dense, axis=1, keepdims=True)
    return dense / np.where(norms > 0, norms, 1)


def indicators(export: Export, layer: int) -> Float[np.ndarray, "N T"]:
    """Return which circuits are meant to be on after a reported layer, as 0 and 1."""
    _, n_circuits, n_samples = sizes_of(export)
    active = np.asarray(export.samples["active"])[:, reported_of(export).index(layer)]
    table = np.zeros((n_samples, n_circuits + 1), np.float32)
    np.put_along_axis(table, active.astype(np.int64), 1.0, axis=1)
    return table[:, :n_circuits]


def loads(export: Export, layer: int) -> Float[np.ndarray, " T"]:
    """Return for each circuit how many circuits use a neuron of its own, in the mean over them."""
    neurons = np.asarray(export.truth[f"neurons.{layer}"])
    counts = np.bincount(neurons.ravel(), minlength=int(export.config.n_neurons))
    return counts[neurons].mean(axis=1).astype(np.float32)


def paths(export: Export, start: int, hops: int) -> Int[np.ndarray, "E 2"]:
    """Return the true pairs (from, to) that a path of edges joins, sorted.

    Of one hop all edges of the causal graph; of more, in a program, those that lead to another
    circuit (`hops.{h}`), and without one each circuit to itself.

    Args:
        export: the network.
        start: place g of the layer it starts in, among the reported ones.
        hops: h, at least 1.

    Returns:
        Pairs of circuits.
    """
    if hops == 1:
        ends = [np.asarray(export.truth[f"edges.{start}.{end}"]) for end in ("sources", "targets")]
    elif not export.config.program:
        ends = [np.arange(int(export.config.n_circuits))] * 2
    else:
        here = np.asarray(export.truth[f"hops.{hops}.layers"]) == start
        ends = [
            np.asarray(export.truth[f"hops.{hops}.{end}"])[here] for end in ("sources", "targets")
        ]
    pairs = np.stack(ends, axis=1).astype(np.int64)
    return np.unique(pairs, axis=0)


def terciles(values: Sequence[float] | np.ndarray) -> Int[np.ndarray, " T"]:
    """Return 0, 1 or 2 for the lower, middle and upper third of values; ties stay together."""
    given = np.asarray(values, np.float64)
    return np.searchsorted(np.quantile(given, (1 / 3, 2 / 3)), given, side="left").astype(np.int64)
