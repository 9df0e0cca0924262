"""The block construction: one circuit at a time, (D/d)^2 of them, without error."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._errors import check
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, place, Placement, stacked


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

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: Allocation,
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
        n, count = allocation.block_width, allocation.n_circuits
        members = odd.members[0]
        rank = jnp.arange(members.shape[1])
        ranks = (
            jnp.zeros(count + 1, jnp.int32)
            .at[members]
            .set(jnp.broadcast_to(rank, members.shape).astype(jnp.int32))
        )
        even_sets = (odd.sets[0, :, 0] + ranks[:count]) % n
        even_members = members[(jnp.arange(n)[:, None] - rank[None, :]) % n, rank[None, :]]
        pick = jnp.arange(n_layers) % 2
        sets = jnp.stack([odd.sets[0], even_sets[:, None]])[pick]
        placement = Placement(sets, jnp.stack([members, even_members])[pick], n)
        return cls(circuits=circuits, placement=placement, precision=precision)

    @classmethod
    def check_parts(cls, circuits: AbstractCircuits, allocation: Allocation) -> None:
        """Raise a `ValueError` unless these are rotations on sets of one, n or fewer per block."""
        names = [name for name, _ in circuits.layout.readouts]
        fits = names == ["on", "x"] and circuits.width == 4
        kind = type(circuits).__name__
        check(fits, "circuits", "must be rotations of width 4", kind, "use rotation")
        check(allocation.redundancy == 1, "redundancy", "must be 1", allocation.redundancy)
        n, most = allocation.block_width, int(allocation.loads.max())
        check(most <= n, "allocation", f"must use no block more than {n} times", most)

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return gate weights, difference weights and member lists."""
        return (
            stacked(self.circuits.mean_weights(), self.n_layers),
            stacked(self.circuits.difference_weights(), self.n_layers),
            self.placement.members[1:],
        )

    def channels(self, activations: Activations) -> Channels:
        """Return alpha = 1 - off_here, x, and below them the gate of the next layer."""
        alpha = 1 - activations[:1]
        return jnp.concatenate([alpha, activations[2:] - alpha, 1 - activations[1:2]])

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits in their first blocks, with the addresses of both blocks."""
        values = self.first_activations(active, inputs).at[:2].set(0.0)
        here, beyond = (self._count(active, layer) for layer in (0, 1))
        first = self.embed(values, active).at[0].set(1 - here).at[1].set(1 - beyond)
        return jax.nn.relu(first)

    def _count(self, active: ActiveIds, layer: int) -> Float[Array, "n B"]:
        """Return how many active circuits are in each block in an odd (0) or even (1) layer."""
        # With one layer there is no second block; any will do.
        blocks = self.placement.sets[layer if self.n_layers > 1 else 0, :, 0][active]
        shape = (self.block_width, active.shape[1])
        return jnp.zeros(shape).at[blocks, jnp.arange(active.shape[1])[None, :]].add(1.0)

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Swap the addresses; gate what arrives from the circuits."""
        mean, difference, members = parameters
        arrived = self.spread(self.difference(difference, means), members)
        gate = mean[2:, 0, None, None] * channels[3][None]
        return jnp.concatenate([1 - channels[3:], 1 - channels[:1], gate + arrived])

    def next_layer(
        self,
        parameters: tuple[Array, ...],
        bias: Float[Array, " d"],
        sets: Int[Array, "T S"],
        active: ActiveIds,
        channels: Channels,
        means: CircuitValues,
    ) -> Activations:
        """Return the next layer; the addresses have no bias."""
        before = self.preactivation(parameters, channels, means)
        return self.activate(before + bias.at[:2].set(0.0)[:, None, None], sets, active)

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Alpha, x and next gate of the block that a circuit is in."""
        del channels
        return means
