"""Which neuron, and which part of every weight, belongs to whom: the truth about a network.

W is a sum over edges e (circuits, each its own successor, without a program) of

    w_e,ij e_target ⊗ e_source / S      on the neurons that rows i and j of both circuits have,

and of what belongs to no circuit, each piece written from its definition:

    clipping     wbar_ij (min(1, N) - N) / S     N counts the edges that use a link; mean weights are
                                                 written once, so that no circuit's part is whole
    inhibition   -chi' wbar_ij (N = 0) / S
    correction   c sum_e w_e,ij (e_target - 1) ⊗ e_source            of plain and split
    self-links   less the parts' diagonals                           of private
    and the machinery that all circuits need: gates, addresses, copies of them.

All over d·n entries of a layer, of which some may be no neurons. Source: ours;
notes#parts-of-the-weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from ..circuits import mean_matrix, small_weights
from ._placement import Placement


if TYPE_CHECKING:
    from ._network import AbstractNetwork


@dataclass(frozen=True)
class Rest:
    """Weights that belong to no circuit.

    Attributes:
        name: which.
        needed: whether all circuits need them; otherwise they are interference.
        make: writes them out, (d, n, d, n).
    """

    name: str
    needed: bool
    make: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Gap:
    """W and B from one layer of the large network to the next, as parts.

    Attributes:
        sources: (E,), the circuit that each edge reads.
        targets: (E,), the one that it writes.
        weights: (E, d, d), from each neuron of row j of the source to each of row i of the target.
        rests: what belongs to no circuit.
        bias: (d, n).
    """

    sources: Int[np.ndarray, " E"]
    targets: Int[np.ndarray, " E"]
    weights: Float[np.ndarray, "E d d"]
    rests: tuple[Rest, ...]
    bias: Float[np.ndarray, "d n"]


@dataclass(frozen=True)
class Wiring:
    """A network as parts.

    Attributes:
        neurons: for each layer of the large network (T, d, S), the column of its block, -1 where a
            row has fewer.
        embedding: (T, d, d), from what is embedded to row i of the first layer.
        first_bias: (d, n).
        gaps: from layer to layer.
        reported: the layers that circuits are read out after.
        reading: (k, d), channels from each of a circuit's neurons of row i.
        reading_all: (k, d), channels from every neuron of row i.
        reading_constant: (k,).
        inputs: what is embedded, in words.
        masked: whether neurons are told which circuits are active, instead of a ReLU.
    """

    neurons: tuple[Int[np.ndarray, "T d S"], ...]
    embedding: Float[np.ndarray, "T d d"]
    first_bias: Float[np.ndarray, "d n"]
    gaps: tuple[Gap, ...]
    reported: tuple[int, ...]
    reading: Float[np.ndarray, "k d"]
    reading_all: Float[np.ndarray, "k d"]
    reading_constant: Float[np.ndarray, " k"]
    inputs: str = "what the circuits are given, a^0"
    masked: bool = False

    def parts(self, gap: int) -> Float[np.ndarray, "d n d n"]:
        """Return the sum of all edges' parts of a gap, counted from 0."""
        one = self.gaps[gap]
        to, from_ = self.neurons[gap + 1][one.targets], self.neurons[gap][one.sources]
        return scatter(one.weights, to, from_, one.bias.shape[1])

    def weights(self, gap: int) -> Float[np.ndarray, "d n d n"]:
        """Return W of a gap: all parts and all that belongs to none."""
        total = self.parts(gap)
        for rest in self.gaps[gap].rests:
            total += rest.make()
        return total


def per_row(sets: Any, width: int) -> Int[np.ndarray, "T d S"]:
    """Return the same sets for each of the d rows."""
    sets = np.asarray(sets, np.int32)
    return np.repeat(sets[:, None], width, axis=1)


def ends_of(network: "AbstractNetwork", layer: int) -> tuple[Any, Any, Any]:
    """Return sources and targets of the edges into array layer `layer`, and which places are edges."""
    if network.edges is None:
        every = np.arange(network.n_circuits, dtype=np.int32)
        return every, every, np.ones(network.n_circuits, bool)
    edges = network.edges
    targets = np.asarray(edges.targets[layer - 1], np.int32)
    there = targets < network.n_circuits
    return np.asarray(edges.sources[layer - 1], np.int32)[there], targets[there], there


def scatter(
    weights: Float[np.ndarray, "E d d"],
    to: Int[np.ndarray, "E d S"],
    from_: Int[np.ndarray, "E d S2"],
    width: int,
) -> Float[np.ndarray, "d n d n"]:
    """Return sum_e weights_e,ij 1_to ⊗ 1_from over the columns of rows i and j."""
    d = weights.shape[1]
    total = np.zeros((d, width, d, width), np.float32)
    for i in range(d):
        for j in range(d):
            if not weights[:, i, j].any():
                continue
            total[i, :, j] = counted(to[:, i], from_[:, j], width, weights[:, i, j])
    return total


def counted(
    to: Int[np.ndarray, "E S"],
    from_: Int[np.ndarray, "E S2"],
    width: int,
    each: Float[np.ndarray, " E"] | None = None,
) -> Float[np.ndarray, "n n"]:
    """Return sum_e each_e 1_to ⊗ 1_from; entries below 0 are no neurons."""
    pairs = to[:, :, None].astype(np.int64) * width + from_[:, None, :]
    there = (to[:, :, None] >= 0) & (from_[:, None, :] >= 0)
    values = None
    if each is not None:
        values = np.broadcast_to(each[:, None, None], pairs.shape)[there]
    sums = np.bincount(pairs[there], values, minlength=width * width)
    return sums.reshape(width, width).astype(np.float32)


def blockwise(weights: Any, links: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "d n d n"]:
    """Return weights_ij links, a d x d matrix times an n x n one."""
    return np.asarray(weights, np.float32)[:, None, :, None] * links[None, :, None, :]


def clipped_rests(
    mean: Any,
    count: Float[np.ndarray, "n n"],
    chi: Any,
    sends: int,
    where: Any = None,
    to: str = "",
) -> tuple[Rest, Rest]:
    """Return what Ctilde / S has besides the circuits' own mean weights.

    Args:
        mean: (d, d), wbar, for the rows that Ctilde writes.
        count: N, how many edges use a link.
        chi: (n,), chi' of each receiving neuron, factor included.
        sends: S of the sending neurons.
        where: links that there can be, all if left out.
        to: what they lead to, if there are several.
    """
    mean, exists = np.asarray(mean), np.ones_like(count) if where is None else where

    def clipping() -> np.ndarray:
        return blockwise(mean, (np.minimum(1.0, count) - count) / sends)

    def inhibition() -> np.ndarray:
        return blockwise(mean, -np.asarray(chi)[:, None] * (count == 0) * exists / sends)

    return Rest(f"clipping{to}", False, clipping), Rest(f"inhibition{to}", False, inhibition)


def repeated(bias: Any, width: int) -> Float[np.ndarray, "d n"]:
    """Return biases of the rows for each of n neurons."""
    return np.repeat(np.asarray(bias, np.float32)[:, None], width, axis=1)


def identical(placement: Placement, width: int) -> tuple[Int[np.ndarray, "T d S"], ...]:
    """Return the neurons of networks whose rows all have the same sets."""
    return tuple(per_row(sets, width) for sets in np.asarray(placement.sets))


def small(network: "AbstractNetwork", layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Return wbar (d, d) and w_t (T, d, d) of a layer."""
    circuits = network.circuits
    return np.asarray(mean_matrix(circuits, layer)), np.asarray(small_weights(circuits, layer))


def simple_wiring(
    network: "AbstractNetwork",
    gap_of: Callable[[int], Gap],
    reading: Any,
    reading_all: Any | None = None,
) -> Wiring:
    """Return the wiring of a network that embeds w_t a^0 in the first layer, and reports all layers.

    Args:
        network: the network.
        gap_of: from array layers 1..L-1 to what leads into them.
        reading: (k, d).
        reading_all: (k, d), 0 if left out.
    """
    circuits, layers = network.circuits, network.n_layers
    reading = np.asarray(reading, np.float32)
    return Wiring(
        neurons=identical(network.placement, circuits.width),
        embedding=small(network, 0)[1],
        first_bias=repeated(circuits.biases()[0], network.block_width),
        gaps=tuple(gap_of(layer) for layer in range(1, layers)),
        reported=tuple(range(layers)),
        reading=reading,
        reading_all=np.zeros_like(reading) if reading_all is None else reading_all,
        reading_constant=np.zeros(len(reading), np.float32),
    )
