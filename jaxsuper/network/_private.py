"""Private links: the same sets in every layer, gates carried, no link of a neuron to itself."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import sum_of
from .._errors import check
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import AbstractAllocation, Allocation, max_overlap
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, place, Placement, stacked


class Private(AbstractNetwork):
    """W_ij = sum_t dw_t,ij (e_t ⊗ e_t - diag e_t) / (S - 1), and a carried gate on every neuron.

    The sets M_t are the same in all layers. Two circuits share at most one neuron, so the link
    between two different neurons m ≠ m' belongs to at most one circuit; only the self-links would
    be shared, and they are left out. The circuit's S neurons therefore talk through S (S-1) links
    that nobody else uses. Every neuron m has a gate: one neuron for all d blocks that holds

        off_m = ReLU(1 - number of active circuits on m)

    computed once by the first layer and copied ever after. It saturates, so it is exact however
    many circuits are active. Open neurons get the circuits' mean weights from their own gate,
    alpha_m = 1 - off_m; closed ones get -b, which silences them if b > z S/(S-1) max|x|:

        y_m' = ReLU( wbar·alpha_m + sum_{m' ≠ m} R_t(m,m') x_m'/(S-1) - b ),    x = y - alpha_m·1

    With one active circuit all open neurons are its own, and the result is exact for any number of
    layers and for T up to n (n-1)/(S (S-1)). With z active circuits a link between neurons of two
    of them may belong to a third; see `theory.private_active_mse`. The active set must be known at
    the input and stay the same. Not in the sources.

    Rows of the activations: off, then the blocks of the circuits' other neurons.

    Attributes:
        circuits: with one on-neuron, which is all that the mean weights read (`Rotation3`).
        placement: the same sets in every layer.
        precision: of matrix products.
    """

    circuits: AbstractCircuits
    placement: Placement
    precision: str = eqx.field(static=True)

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        precision: str = "highest",
    ) -> "Private":
        """Build the network; may be traced.

        Args:
            circuits: T small circuits with one on-neuron.
            allocation: T sets, any two with at most one neuron in common.
            n_layers: L.
            key: for the one shuffle.
            precision: of matrix products.

        Returns:
            The network.
        """
        one = place(allocation, 1, key=key)
        sets = jnp.broadcast_to(one.sets, (n_layers, *one.sets.shape[1:]))
        members = jnp.broadcast_to(one.members, (n_layers, *one.members.shape[1:]))
        placement = Placement(sets, members, allocation.block_width)
        return cls(circuits=circuits, placement=placement, precision=precision)

    @classmethod
    def check_parts(cls, circuits: AbstractCircuits, allocation: Allocation) -> None:
        """Raise a `ValueError` if the circuits have no on-neuron or sets meet twice."""
        layout = circuits.layout
        single = (1, *[0] * (layout.width - 1))
        gated = layout.channels[0] == single and layout.mean_channels == (0,)
        kind = type(circuits).__name__
        rule = "must have one on-neuron that alone the mean weights read"
        check(gated, "circuits", rule, kind, "use rotation3")
        check(allocation.redundancy >= 2, "redundancy", "must be at least 2", allocation.redundancy)
        most = max_overlap(allocation)
        rule = "must share at most one neuron between two sets"
        check(most <= 1, "allocation", rule, most, "use the family 'transversal'")

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return mean weights, difference weights, their sums over each neuron, member lists."""
        difference = self.circuits.difference_weights()
        padded = jnp.concatenate([difference, jnp.zeros_like(difference[:, :1])], axis=1)
        members = self.placement.members[0]
        own = padded[:, members].sum(axis=2)
        return (
            stacked(self.circuits.mean_weights(), self.n_layers),
            stacked(difference, self.n_layers),
            stacked(own, self.n_layers),
            self.placement.members[1:],
        )

    def channels(self, activations: Activations) -> Channels:
        """Return the circuits' channels, with 1 - off in the place of the on-neuron."""
        return super().channels(activations.at[0].set(1 - activations[0]))

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the first activations of the active circuits, and close all other neurons."""
        values = self.first_activations(active, inputs).at[0].set(-1.0)
        closed = jnp.zeros(self.circuits.width, values.dtype).at[0].set(1.0)
        return jax.nn.relu(self.embed(values, active) + closed[:, None, None])

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Gate and mean part on the neuron itself, difference part through private links."""
        mean, difference, own, members = parameters
        layout, redundancy = self.circuits.layout, self.redundancy
        reads = layout.difference_channels
        brought = self.spread(self.difference(difference, means), members)
        rows = [
            redundancy * brought[o]
            - sum_of([own[:, o, i, None] * channels[c] for i, c in enumerate(reads)])
            for o in range(len(layout.difference_outputs))
        ]
        change = jnp.stack(rows) / (redundancy - 1)
        before = self.mean_part(mean, [channels[0]])
        return self.add_difference(before, change)

    def next_layer(
        self,
        parameters: tuple[Array, ...],
        bias: Float[Array, " d"],
        sets: Int[Array, "T S"],
        active: ActiveIds,
        channels: Channels,
        means: CircuitValues,
    ) -> Activations:
        """Return the next layer's activations; the gate is copied."""
        before = self.preactivation(parameters, channels, means) + bias[:, None, None]
        return self.activate(before.at[0].set(1 - channels[0]), sets, active)

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Means over M_t as they are."""
        del channels
        return means
