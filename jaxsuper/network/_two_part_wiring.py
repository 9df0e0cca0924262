"""Whose weights are whose in networks whose indicators have neurons of their own."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..circuits import mean_matrix
from . import _shared as shared
from ._two_part import AbstractTwoPart
from ._wiring import blockwise, clipped_rests, counted, ends_of, Gap, repeated, Rest, Wiring


def part_of_row(network: AbstractTwoPart) -> list[int]:
    """Return 0 for rows of indicators, 1 for rows of payloads."""
    outputs = network.circuits.layout.difference_outputs
    return [int(row in outputs) for row in range(network.circuits.width)]


def row_neurons(network: AbstractTwoPart, layer: int) -> Int[np.ndarray, "T d S"]:
    """Return the columns of each circuit's neurons, row by row, padded with -1."""
    sets, own = np.asarray(network.placement.sets[layer]), network.indicator_redundancy
    parts = sets[:, :own], sets[:, own:]
    found = np.full(
        (len(sets), network.circuits.width, max(own, sets.shape[1] - own)), -1, np.int32
    )
    for row, part in enumerate(part_of_row(network)):
        found[:, row, : parts[part].shape[1]] = parts[part]
    return found


def two_part_gap(
    network: AbstractTwoPart, layer: int, step_chi: Any = None, payload_chi: Any = None
) -> Gap:
    """Return what leads into array layer `layer`.

    Args:
        network: the network.
        layer: 1..L-1.
        step_chi: chi' of indicator neurons, if they are computed anew; otherwise they are copied.
        payload_chi: chi' of payload neurons for mean weights between them, if there are any.
    """
    circuits, n = network.circuits, network.block_width
    rows = np.asarray(part_of_row(network))
    sends = network.indicator_redundancy, network.payload_redundancy
    sources, targets, there = ends_of(network, layer)
    own, opens = (np.asarray(part)[there] for part in shared.dense_own(network, layer))
    mean = np.array(mean_matrix(circuits, layer))
    bias = repeated(shared.bias_of(circuits, layer), n) * network.exists()
    copied = step_chi is None
    if copied:
        mean[rows == 0], own[:, rows == 0], bias[rows == 0] = 0.0, 0.0, 0.0
    whole = (own + opens[:, None, None] * mean[None]) / np.take(sends, rows)[None, None]
    before, after = row_neurons(network, layer - 1), row_neurons(network, layer)
    factor, opening = np.asarray(network.inhibition_factor), opens > 0
    columns, on = np.arange(n), network.indicator_width
    rests: list[Rest] = []
    chis = np.zeros((3, n), np.float32)
    chis[1][on:] = np.asarray(network.gate_inhibition[layer - 1]) * factor
    if not copied:
        chis[0][:on] = np.asarray(step_chi) * factor
    if payload_chi is not None:
        chis[2][on:] = np.asarray(payload_chi) * factor
    kinds = [(0, 0, " of steps"), (1, 0, " of gates"), (1, 1, " of relays")]
    for part, source, to in kinds[int(copied) : 2 + (payload_chi is not None)]:
        sent, got = (int(np.flatnonzero(rows == each)[0]) for each in (source, part))
        ends = after[targets[opening], got], before[sources[opening], sent]
        receives, sending = (
            columns < on if each == 0 else columns >= on for each in (part, source)
        )
        written = mean * (rows == part)[:, None] * (rows == source)[None]
        where = receives[:, None] & sending[None]
        rests += clipped_rests(
            written, counted(*ends, n), chis[part + source], sends[source], where, to
        )
    if copied:
        weights = np.zeros_like(mean)
        weights[0, 0] = 1.0
        links = np.diag((columns < on).astype(np.float32))
        rests.append(Rest("copies", True, lambda: blockwise(weights, links)))
    return Gap(sources, targets, whole.astype(np.float32), tuple(rests), bias)


def two_part_wiring(
    network: AbstractTwoPart,
    gap_of: Callable[[int], Gap],
    embedding: Any,
    first_bias: Float[np.ndarray, " d"],
) -> Wiring:
    """Return the wiring of a network with indicators on neurons of their own."""
    layout, layers = network.circuits.layout, network.n_layers
    sends = network.indicator_redundancy, network.payload_redundancy
    reading = layout.matrix / np.take(sends, part_of_row(network)).astype(np.float32)
    return Wiring(
        neurons=tuple(row_neurons(network, layer) for layer in range(layers)),
        embedding=np.asarray(embedding),
        first_bias=repeated(first_bias, network.block_width) * network.exists(),
        gaps=tuple(gap_of(layer) for layer in range(1, layers)),
        reported=tuple(range(layers)),
        reading=reading.astype(np.float32),
        reading_all=np.zeros_like(reading, dtype=np.float32),
        reading_constant=np.zeros(len(reading), np.float32),
    )
