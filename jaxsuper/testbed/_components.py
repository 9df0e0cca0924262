"""The parts of a network's weights: each circuit's or edge's, and what belongs to none of them.

Indices are of the D neurons that exist, in the order of `network.dense_network`; matrices are
[to, from]. Parts are kept as d x d matrices and lists of neurons: written out, T of them are T D^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from .._errors import check, check_kind
from .._limits import check_index
from ..network import AbstractNetwork, neurons_that_exist, Rest, Wiring
from ._format import INTERFERENCE, LABELS, MACHINERY, NONE, OWN, SHARED


# Less than this is rounding: weights are of order one, or 1/S.
_NOTHING = 1e-7


@dataclass(frozen=True)
class Parts:
    """One matrix W as parts: `_format` says how a part is written out.

    Attributes:
        sources: (E,), the circuit that each edge reads.
        targets: (E,), the one that it writes.
        weights: (E, d, d).
        rows: (R,), which of the d neurons a column of the lists below stands for.
        to: (T, R), the neurons of each circuit in the layer that is written.
        from_: (T, R), those in the layer that is read.
        channels: (c, d), the combinations that circuits read.
        n_neurons: D.
    """

    sources: Int[np.ndarray, " E"]
    targets: Int[np.ndarray, " E"]
    weights: Float[np.ndarray, "E d d"]
    rows: Int[np.ndarray, " R"]
    to: Int[np.ndarray, "T R"]
    from_: Int[np.ndarray, "T R"]
    channels: Float[np.ndarray, "c d"]
    n_neurons: int

    def __len__(self) -> int:
        return len(self.sources)

    def _links(self, which: Any) -> tuple[Int[np.ndarray, "m R R"], Float[np.ndarray, "m R R"]]:
        """Return where the weights of parts stand in the flat matrix, and the weights."""
        to, from_ = self.to[self.targets[which]], self.from_[self.sources[which]]
        places = to[:, :, None].astype(np.int64) * self.n_neurons + from_[:, None, :]
        return places, self.weights[which][:, self.rows[:, None], self.rows[None, :]]

    def _sum(self, which: Any, count: bool = False) -> Float[np.ndarray, "D D"]:
        total = np.zeros(self.n_neurons**2, np.float32)
        every = np.arange(len(self))[which]
        # So many at once that lists of places stay small.
        size = max(1, 2**22 // max(len(self.rows) ** 2, 1))
        for start in range(0, len(every), size):
            places, values = self._links(every[start : start + size])
            used = values != 0
            np.add.at(total, places[used], 1.0 if count else values[used])
        return total.reshape(self.n_neurons, self.n_neurons)

    def matrix(self, edge: int) -> Float[np.ndarray, "D D"]:
        """Return one part written out."""
        check_index("edge", edge, 0)
        check(edge < len(self), "edge", f"must be below {len(self)}", edge)
        return self._sum([edge])

    def total(self, which: Any = slice(None)) -> Float[np.ndarray, "D D"]:
        """Return the sum of all parts, or of some.

        Args:
            which: their numbers, or a mask.
        """
        return self._sum(which)

    def users(self) -> Float[np.ndarray, "D D"]:
        """Return how many parts have a weight on each pair of neurons."""
        return self._sum(slice(None), count=True)

    def small_pairs(
        self,
    ) -> tuple[Int[np.ndarray, " P"], Float[np.ndarray, "P d"], Float[np.ndarray, "P d"]]:
        """Return rank-one pairs over the d neurons of a circuit: edge, u and v.

        A part has one for each channel that its edge reads, v the channel and u where it is written;
        of edges that read something else, those of a singular value decomposition. Both have the same
        norm, pairs of 0 are left out.
        """
        # w = u_c channel_c for the least squares u, exact if w reads channels alone.
        solved = self.weights @ np.linalg.pinv(self.channels.astype(np.float64))
        written, read = (
            solved.transpose(0, 2, 1),
            np.broadcast_to(self.channels, (len(self), *self.channels.shape)),
        )
        again = np.einsum("eci,ecj->eij", written, read)
        other = np.abs(again - self.weights).max(axis=(1, 2), initial=0.0) > _NOTHING
        width = self.weights.shape[1]
        u = np.zeros((len(self), max(width, len(self.channels)), width))
        v = np.zeros_like(u)
        u[:, : len(self.channels)], v[:, : len(self.channels)] = written, read
        if other.any():
            left, sizes, right = np.linalg.svd(self.weights[other].astype(np.float64))
            u[other], v[other] = 0.0, 0.0
            u[other, :width] = (left * sizes[:, None]).transpose(0, 2, 1)
            v[other, :width] = right
        norms = np.linalg.norm(u, axis=2), np.linalg.norm(v, axis=2)
        there = (norms[0] > _NOTHING) & (norms[1] > 0)
        scale = np.sqrt(norms[1][there] / norms[0][there])[:, None]
        part = np.nonzero(there)[0].astype(np.int32)
        return part, (u[there] * scale).astype(np.float32), (v[there] / scale).astype(np.float32)

    def pairs(
        self, which: Any = slice(None), small: Any = None
    ) -> tuple[Float[np.ndarray, "P D"], Float[np.ndarray, "P D"], Int[np.ndarray, " P"]]:
        """Return rank-one pairs written out: u, v, and the edge of each; sum u v^T is `total()`.

        Args:
            which: the numbers of the pairs wanted; 8 D bytes each.
            small: of `small_pairs`, if they have been made already.
        """
        part, u, v = small or self.small_pairs()
        part, u, v = part[which], u[which], v[which]
        wide = [np.zeros((len(part), self.n_neurons), np.float32) for _ in range(2)]
        places = self.to[self.targets[part]], self.from_[self.sources[part]]
        for full, values, neurons in zip(wide, (u, v), places, strict=True):
            np.put_along_axis(full, neurons.astype(np.int64), values[:, self.rows], axis=1)
        return wide[0], wide[1], part


@dataclass(frozen=True)
class Components:
    """A network's weights as parts; entry k - 1 of each list is of W_k.

    Attributes:
        parts: of the circuits or edges.
        rests: what belongs to none, by name: (D, D), and whether all circuits need it; made when asked.
        biases: (D,) of layers 0..K-1.
        rows: (R,), which of the d neurons a column of `neurons` stands for.
        neurons: (T, R), for layers 0..K-1.
        wiring: where it was taken from.
    """

    parts: tuple[Parts, ...]
    biases: tuple[Float[np.ndarray, " D"], ...]
    rows: Int[np.ndarray, " R"]
    neurons: tuple[Int[np.ndarray, "T R"], ...]
    wiring: Wiring
    keep: Int[np.ndarray, " D"]

    def __len__(self) -> int:
        return len(self.parts)

    def _cut(self, rest: Rest) -> Float[np.ndarray, "D D"]:
        size = self.wiring.first_bias.size
        full = rest.make().reshape(size, size)
        whole = len(self.keep) == size
        return full if whole else full[np.ix_(self.keep, self.keep)]

    def rests(self, layer: int) -> dict[str, Float[np.ndarray, "D D"]]:
        """Return what belongs to no circuit of W into a layer, by name, from its definition.

        Args:
            layer: 1..K-1.
        """
        return {rest.name: self._cut(rest) for rest in self.wiring.gaps[layer - 1].rests}

    def needed(self, layer: int) -> tuple[str, ...]:
        """Return which of the rests are machinery that all circuits need."""
        return tuple(rest.name for rest in self.wiring.gaps[layer - 1].rests if rest.needed)

    def weights(self, layer: int) -> Float[np.ndarray, "D D"]:
        """Return W into a layer: all parts, and all that belongs to none.

        Args:
            layer: 1..K-1.
        """
        total = self.parts[layer - 1].total()
        for rest in self.wiring.gaps[layer - 1].rests:
            total += self._cut(rest)
        return total

    def labels(
        self, layer: int, weights: Float[np.ndarray, "D D"] | None = None
    ) -> UInt8[np.ndarray, "D D"]:
        """Return a label of `_format` for every weight into a layer.

        Args:
            layer: 1..K-1.
            weights: of `weights`, if they have been made already.
        """
        weights = self.weights(layer) if weights is None else weights
        others, machine = weights, np.zeros(weights.shape, bool)
        for rest in self.wiring.gaps[layer - 1].rests:
            if rest.needed:
                needed = self._cut(rest)
                others, machine = others - needed, machine | (np.abs(needed) > _NOTHING)
        users = self.parts[layer - 1].users()
        # A part's weight that is left out on purpose is no weight.
        users[np.abs(others) <= _NOTHING] = 0
        found = np.where(np.abs(weights) > _NOTHING, np.uint8(INTERFERENCE), np.uint8(NONE))
        found[machine] = MACHINERY
        found[users == 1], found[users > 1] = OWN, SHARED
        return found


def counts_of(labels: UInt8[np.ndarray, "D D"]) -> dict[str, int]:
    """Return how many weights have each label."""
    return dict(
        zip(LABELS, np.bincount(labels.ravel(), minlength=len(LABELS)).tolist(), strict=True)
    )


def components(network: AbstractNetwork) -> Components:
    """Take a network's weights apart.

    Args:
        network: of one of the constructions.

    Returns:
        Parts, and what belongs to none; they add up to W.

    Raises:
        ValueError: for a construction that does not say which weights are whose, or a padded network.
    """
    check_kind("network", network, AbstractNetwork)
    padded = network.placement.padded is None
    check(padded, "network", "must not be padded", "room to spare", "build it at its own size")
    wiring, keep = network.wiring(), neurons_that_exist(network)
    width, n = wiring.first_bias.shape
    place = np.full(width * n, -1, np.int32)
    place[keep] = np.arange(len(keep), dtype=np.int32)
    there = wiring.neurons[0][0] >= 0
    rows = np.nonzero(there)[0].astype(np.int32)
    neurons = tuple(_flat(each, there, rows, n, place) for each in wiring.neurons)
    channels = np.asarray(network.circuits.layout.matrix)
    parts = tuple(
        Parts(
            gap.sources,
            gap.targets,
            gap.weights,
            rows,
            neurons[number + 1],
            neurons[number],
            channels,
            len(keep),
        )
        for number, gap in enumerate(wiring.gaps)
    )
    biases = (wiring.first_bias, *(gap.bias for gap in wiring.gaps))
    flat = tuple(bias.reshape(-1)[keep].astype(np.float32) for bias in biases)
    return Components(parts, flat, rows, neurons, wiring, keep)


def _flat(columns, there, rows, n: int, place) -> np.ndarray:
    """Return the neurons of each circuit in one list."""
    found = place[rows[None] * n + columns[:, there]]
    assert (found >= 0).all()
    return found


def graph_of(network: AbstractNetwork) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return sources, targets and which edges open, from each reported layer to the next."""
    if network.edges is None:
        every = np.arange(network.n_circuits, dtype=np.int32)
        return [(every, every, np.ones_like(every, np.uint8))] * (network.n_layers - 1)
    edges, found = network.edges, []
    for sources, targets, opens in zip(
        *(np.asarray(each) for each in (edges.sources, edges.targets, edges.opens)), strict=True
    ):
        real = targets < network.n_circuits
        found.append(
            (
                sources[real].astype(np.int32),
                targets[real].astype(np.int32),
                opens[real].astype(np.uint8),
            )
        )
    return found


def hops_of(
    graph: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n_circuits: int
) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return which circuits reach which others by paths of h edges.

    Args:
        graph: of `graph_of`.
        n_circuits: T.

    Returns:
        h -> (layer that the path starts in, source, target), of pairs of different circuits.
    """
    from scipy.sparse import csr_array

    shape, found = (n_circuits, n_circuits), {}
    steps = [
        csr_array((np.ones(len(sources), np.int64), (sources, targets)), shape)
        for sources, targets, _ in graph
    ]
    reached = list(steps)
    for hops in range(1, len(steps) + 1):
        lists = []
        for layer, paths in enumerate(reached):
            source, target = paths.nonzero()
            other = source != target
            start = np.full(other.sum(), layer)
            lists.append((start, source[other], target[other]))
        joined = (np.concatenate(each).astype(np.int32) for each in zip(*lists, strict=True))
        found[hops] = tuple(joined)
        # One edge further, from the layer where the path ends.
        reached = [
            paths @ steps[layer + hops]
            for layer, paths in enumerate(reached)
            if layer + hops < len(steps)
        ]
        reached = [paths.sign() for paths in reached]
    return found
