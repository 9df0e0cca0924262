"""The block construction: one circuit at a time, (D/d)^2 of them, without error."""

from itertools import pairwise
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import AbstractAllocation, Allocation, blocks
from ..circuits import AbstractCircuits, Layout
from . import _shared as shared
from ._network import AbstractLayer, AbstractNetwork, ROTATION, Traits
from ._placement import indicator_vectors, place, Placement
from ._wiring import blockwise, Gap, repeated, Rest, Wiring


def _check_allocation(allocation: Allocation) -> None:
    check(allocation.redundancy == 1, "redundancy", "must be 1", allocation.redundancy)
    n, most = allocation.block_width, int(allocation.loads.max())
    check(most <= n, "allocation", f"must use no block more than {n} times", most)


def _allocate(
    block_width: int, redundancy: int, n_circuits: int, family: str, key: KeyScalar | None
) -> Allocation:
    del family, key
    check(redundancy == 1, "redundancy", "must be 1 for the block construction", redundancy)
    return blocks(block_width, n_circuits)


def _capacity(block_width: int, redundancy: int, family: str) -> int:
    del family
    return block_width**2 if redundancy == 1 else 0


class BlockLayer(AbstractLayer):
    """The addresses swap places; a gate opens for what arrives from the circuits.

    Attributes:
        mean: (L-1, d, r), of which the gate's weights are used.
        difference: (L-1, T, out, in), each circuit's own weights.
        members: (L-1, n, R), the circuits of each block.
        sets: (L-1, T, S), the neurons of each circuit.
        bias: (L-1, d); the addresses have none.
        layout: of the circuits.
    """

    mean: Float[Array, "gaps d r"]
    difference: Float[Array, "gaps T out in_"]
    members: Int[Array, "gaps n R"]
    sets: Int[Array, "gaps T S"]
    bias: Float[Array, "gaps d"]
    layout: Layout = eqx.field(static=True)

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l."""
        arrived = shared.spread(
            shared.difference_part(self.layout, self.difference, means), self.members, self.sets
        )
        gate = self.mean[2:, 0, None, None] * channels[3][None]
        before = jnp.concatenate([1 - channels[3:], 1 - channels[:1], gate + arrived])
        return before + self.bias.at[:2].set(0.0)[:, None, None]


class Block(AbstractNetwork):
    """Circuit (p, q) lives in block p of d neurons in odd layers and in block q in even ones.

    A step from block p to block q' uses the d x d piece (q', p) of W, which belongs to circuit
    (p, q') alone, or, back again, to (q', p). So the wanted output arrives at q beside those of all
    circuits that start at p, and gates close every block but q. The address of both blocks is given
    with the input and carried by two of the d = 4 neurons of each block,

        off_here = 1 unless the circuit is here now,  off_next = 1 unless it goes here next,

    which swap places in every layer; the other two are the rotation's:

        y_q' = ReLU( (1+b)·(1 - off_next_q) + sum_p R_(p,q) x_p - b ),    x = y - (1 - off_here)·1

    Exact for one active circuit and b >= 1. With two, each receives the other's vector at full
    size in every layer. Source: "Block-structured computation in superposition" (2026); notes#blocks.

    Rows of the activations: off_here, off_next, y0, y1; a block is a column.

    Attributes:
        circuits: T <= (D/d)^2 rotations (d = 4), whose step weights are not used.
        placement: sets of one: the block of each circuit in every layer.
        precision: of matrix products.
    """

    circuits: AbstractCircuits
    placement: Placement
    precision: str = eqx.field(static=True)
    traits: ClassVar[Traits] = Traits(
        "block",
        needs=ROTATION,
        assumes="known set",
        fixed="keeps the addresses that the input gives, so that the active circuits cannot change",
        allocate=_allocate,
        capacity=_capacity,
        check_allocation=_check_allocation,
    )
    activate = shared.rectified
    means = shared.means_over_sets
    readout = shared.means_as_they_are
    exists = shared.all_exist
    dense_first = shared.no_dense_first

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        precision: str = "highest",
    ) -> "Block":
        """Build the network; may be traced.

        Args:
            circuits: T rotations.
            allocation: the first block p of each circuit (S = 1), no block in more than n sets;
                the r-th circuit of block p gets q = p + r modulo n.
            n_layers: L.
            key: for the shuffle of circuits.
            precision: of matrix products.

        Returns:
            The network.
        """
        odd = place(allocation, 1, key=key)
        n, count = odd.extent.block_width, allocation.n_circuits
        members = odd.members[0]
        rank = jnp.arange(members.shape[1])
        ranks = (
            jnp.zeros(count + 1, jnp.int32)
            .at[members]
            .set(jnp.broadcast_to(rank, members.shape).astype(jnp.int32))
        )
        sets, blocks = odd.sets[0, :, 0], jnp.arange(allocation.block_width)
        even_sets = (sets + ranks[:count]) % n
        even_members = members[(blocks[:, None] - rank[None, :]) % n, rank[None, :]]
        if odd.counted is not None:
            # What is padding stays in the last block, which holds no circuit.
            even_sets = jnp.where(sets < n, even_sets, sets)
            even_members = jnp.where(odd.counted[:, None], even_members, count)
        pick = jnp.arange(n_layers) % 2
        sets, members = (
            jnp.stack(each)[pick]
            for each in ((odd.sets[0], even_sets[:, None]), (members, even_members))
        )
        placement = Placement(sets, members, allocation.block_width, odd.padded, odd.counted)
        return cls(circuits=circuits, placement=placement, precision=precision)

    def channels(self, activations: Activations) -> Channels:
        """Return alpha = 1 - off_here, x, and below them the gate of the next layer."""
        alpha = 1 - activations[:1]
        channels = [alpha, activations[2:] - alpha, 1 - activations[1:2]]
        # A block that is padding has no circuit, and no address that says so.
        return self.placement.where_counted(jnp.concatenate(channels))

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits in their first blocks, with the addresses of both blocks."""
        values = shared.first_activations(self.circuits, active, inputs, self.precision)
        here, beyond = (self._count(active, layer) for layer in (0, 1))
        first = shared.embed(self.placement, values.at[:2].set(0.0), active)
        before = first.at[0].set(1 - here).at[1].set(1 - beyond)
        return self.after(before, self.placement.sets[0], active)

    def _count(self, active: ActiveIds, layer: int) -> Float[Array, "n B"]:
        """Return how many active circuits are in each block in an odd (0) or even (1) layer."""
        # With one layer there is no second block; any will do.
        sets = self.placement.sets[layer if self.n_layers > 1 else 0, :, 0]
        here = sets.at[active].get(mode="fill", fill_value=self.block_width)
        samples = jnp.arange(active.shape[1])[None, :]
        empty = jnp.zeros((self.block_width, active.shape[1]))
        return empty.at[here, samples].add(1.0, mode="drop")

    def layers(self) -> BlockLayer:
        """Return layers 2..L."""
        circuits, n_layers = self.circuits, self.n_layers
        return BlockLayer(
            mean=shared.stacked(circuits.mean_weights(), n_layers),
            difference=shared.stacked(circuits.difference_weights(), n_layers),
            members=self.placement.members[1:],
            sets=self.placement.sets[1:],
            bias=shared.stacked(circuits.biases(), n_layers),
            layout=circuits.layout,
        )

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B out."""
        circuits, n = self.circuits, self.block_width
        stack, mean = circuits.difference_weights(), circuits.mean_weights()
        rotations = stack[layer if stack.shape[0] > 1 else 0]
        after = indicator_vectors(self.placement, layer)
        links = shared.outer(rotations, after, indicator_vectors(self.placement, layer - 1))
        gate, eye = mean[layer if mean.shape[0] > 1 else 0, 2, 0], jnp.eye(n)
        weights = jnp.zeros((4, n, 4, n)).at[2:, :, 2:].set(links)
        # x = y - 1 + off_here, and the gate is 1 - off_next.
        weights = weights.at[2:, :, 0].set(links.sum(axis=2))
        weights = weights.at[2:, :, 1].set(-gate * eye[None])
        weights = weights.at[0, :, 1].set(eye).at[1, :, 0].set(eye)
        bias = jnp.zeros((4, n)).at[2:].set(1 - links.sum(axis=(2, 3)))
        return [(weights.reshape(4 * n, 4 * n), bias.reshape(4 * n))]

    def embedded(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> tuple[Int[Array, "m B"], Float[Array, "d m B"]]:
        """Return what the circuits hold after their own first layer, and 1 for both addresses."""
        values = shared.first_activations(self.circuits, active, inputs, self.precision)
        return active, values.at[:2].set(jnp.where(active < self.n_circuits, 1.0, 0.0))

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        circuits, n = self.circuits, self.block_width
        sets, eye = np.asarray(self.placement.sets), np.eye(n, dtype=np.float32)
        there = [sets[layer % min(2, len(sets))] for layer in range(self.n_layers + 1)]
        neurons = tuple(
            np.stack([here, beyond, here, here], axis=1)
            for here, beyond in pairwise(each.astype(np.int32) for each in there)
        )
        matrix, gates, copy = (np.zeros((4, 4), np.float32) for _ in range(3))
        copy[[0, 1], [1, 0]] = 1.0

        def gap(layer: int) -> Gap:
            stack, mean = np.asarray(circuits.difference_weights()), circuits.mean_weights()
            links = np.zeros((self.n_circuits, 4, 4), np.float32)
            links[:, 2:, 2:] = stack[layer if len(stack) > 1 else 0]
            # x = y - 1 + off_here.
            links[:, 2:, 0] = links.sum(axis=2)[:, 2:]
            own = gates.copy()
            own[2:, 1] = -float(mean[layer if mean.shape[0] > 1 else 0, 2, 0])
            bias = np.zeros((4, n), np.float32)
            arrived = np.zeros((n, 4), np.float32)
            np.add.at(arrived, there[layer][:, 0], links[:, :, 0])
            bias[2:] = 1 - arrived.T[2:]
            rests = (
                Rest("gates", True, lambda: blockwise(own, eye)),
                Rest("copies", True, lambda: blockwise(copy, eye)),
            )
            every = np.arange(self.n_circuits, dtype=np.int32)
            return Gap(every, every, links, rests, bias)

        # alpha = 1 - off_here, x = y - alpha; the gate of the next layer is 1 - off_next.
        matrix[0, 0], matrix[1:3, 0], matrix[3, 1] = -1.0, 1.0, -1.0
        matrix[1, 2], matrix[2, 3] = 1.0, 1.0
        return Wiring(
            neurons=neurons,
            embedding=np.tile(np.diag([-1.0, -1.0, 1.0, 1.0]), (self.n_circuits, 1, 1)),
            first_bias=repeated([1.0, 1.0, 0.0, 0.0], n),
            gaps=tuple(gap(layer) for layer in range(1, self.n_layers)),
            reported=tuple(range(self.n_layers)),
            reading=matrix[:3],
            reading_all=np.zeros_like(matrix[:3]),
            reading_constant=np.array([1.0, -1.0, -1.0], np.float32),
            inputs="what the circuits hold after their own first layer, addresses 1",
        )
