"""Private links: the same sets in every layer, gates carried, no link of a neuron to itself."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import as_float, sum_of
from .._errors import check
from .._limits import check_index
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import AbstractAllocation, Allocation, max_overlap
from ..circuits import AbstractCircuits, Layout, mean_matrix, small_weights
from . import _shared as shared
from ._network import AbstractLayer, AbstractNetwork, ONE_ON_NEURON, Traits
from ._placement import indicator_vectors, place, Placement, repeat_first
from ._wiring import blockwise, Gap, identical, repeated, Rest, small, Wiring


def _check_allocation(allocation: Allocation) -> None:
    check_index("redundancy", allocation.redundancy, 2)
    most = max_overlap(allocation)
    rule = "must share at most one neuron between two sets"
    check(most <= 1, "allocation", rule, most, "use the family 'transversal'")


class PrivateLayer(AbstractLayer):
    """Gate and mean part on the neuron itself, difference part through private links.

    Attributes:
        mean: (L-1, d, r), weights from the gate.
        difference: (L-1, T, out, in), each circuit's own weights.
        own: (L-1, n, out, in), their sums over the circuits of each neuron.
        members: (L-1, n, R), the circuits on each neuron.
        sets: (L-1, T, S), the neurons of each circuit.
        bias: (L-1, d).
        redundancy: (L-1,), S.
        layout: of the circuits.
    """

    mean: Float[Array, "gaps d r"]
    difference: Float[Array, "gaps T out in_"]
    own: Float[Array, "gaps n out in_"]
    members: Int[Array, "gaps n R"]
    sets: Int[Array, "gaps T S"]
    bias: Float[Array, "gaps d"]
    redundancy: Float[Array, " gaps"]
    layout: Layout = eqx.field(static=True)

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l; the gate is copied."""
        layout = self.layout
        brought = shared.spread(
            shared.difference_part(layout, self.difference, means), self.members, self.sets
        )
        rows = [
            self.redundancy * brought[o]
            - sum_of(
                [
                    self.own[:, o, i, None] * channels[channel]
                    for i, channel in enumerate(layout.difference_channels)
                ]
            )
            for o in range(len(layout.difference_outputs))
        ]
        change = jnp.stack(rows) / (self.redundancy - 1)
        before = shared.add_difference(layout, shared.mean_part(self.mean, [channels[0]]), change)
        return (before + self.bias[:, None, None]).at[0].set(1 - channels[0])


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
    traits: ClassVar[Traits] = Traits(
        "private",
        needs=ONE_ON_NEURON,
        assumes="known set",
        fixed="keeps the gates as the input sets them, so that the active circuits cannot change",
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
        placement = repeat_first(place(allocation, 1, key=key), n_layers)
        return cls(circuits=circuits, placement=placement, precision=precision)

    def channels(self, activations: Activations) -> Channels:
        """Return the circuits' channels, with 1 - off in the place of the on-neuron."""
        opened = activations.at[0].set(1 - activations[0])
        channels = [shared.combine(row, opened) for row in self.circuits.layout.channels]
        # A neuron that is padding is off, but not by a gate.
        return self.placement.where_counted(jnp.stack(channels))

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the first activations of the active circuits, and close all other neurons."""
        values = shared.first_activations(self.circuits, active, inputs, self.precision)
        values = values.at[0].set(-1.0)
        closed = jnp.zeros(self.circuits.width, values.dtype).at[0].set(1.0)
        before = shared.embed(self.placement, values, active) + closed[:, None, None]
        return self.after(before, self.placement.sets[0], active)

    def layers(self) -> PrivateLayer:
        """Return layers 2..L."""
        circuits, n_layers = self.circuits, self.n_layers
        difference = circuits.difference_weights()
        with_none = jnp.concatenate([difference, jnp.zeros_like(difference[:, :1])], axis=1)
        own = with_none[:, self.placement.members[0]].sum(axis=2)
        return PrivateLayer(
            mean=shared.stacked(circuits.mean_weights(), n_layers),
            difference=shared.stacked(difference, n_layers),
            own=shared.stacked(own, n_layers),
            members=self.placement.members[1:],
            sets=self.placement.sets[1:],
            bias=shared.stacked(circuits.biases(), n_layers),
            layout=circuits.layout,
            redundancy=jnp.broadcast_to(as_float(self.placement.extent.redundancy), n_layers - 1),
        )

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B out, with alpha = 1 - off put in everywhere."""
        circuits, n = self.circuits, self.block_width
        full, after = small_weights(circuits, layer), indicator_vectors(self.placement, layer)
        mean, diagonal = mean_matrix(circuits, layer), jnp.eye(n)[None, :, None, :]
        links = (
            shared.outer(full - mean[None], after, after) * (1 - diagonal) / (self.redundancy - 1)
        )
        links = links + mean[:, None, :, None] * diagonal
        from_on = links[:, :, 0, :]
        # The mean and difference weights read on = 1 - off: a bias, and the weight reversed.
        bias = shared.bias_of(circuits, layer)[:, None] + from_on.sum(axis=-1)
        links = links.at[:, :, 0, :].set(-from_on)
        links = links.at[0].set(0.0).at[0, :, 0, :].set(jnp.eye(n))
        size = circuits.width * n
        return [(links.reshape(size, size), bias.at[0].set(0.0).reshape(size))]

    def embedded(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> tuple[Int[Array, "m B"], Float[Array, "d m B"]]:
        """Return what the circuits hold after their own first layer, and 1 for being on."""
        values = shared.first_activations(self.circuits, active, inputs, self.precision)
        return active, values.at[0].set(jnp.where(active < self.n_circuits, 1.0, 0.0))

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom.

        A circuit reads on as -off. Its own part has the self-links that W leaves out.
        """
        circuits, n, each = self.circuits, self.block_width, self.redundancy - 1
        d, matrix = circuits.width, circuits.layout.matrix
        neurons, eye = identical(self.placement, d), np.eye(n, dtype=np.float32)
        sign = np.ones(d, np.float32)
        sign[0] = -1.0

        def gap(layer: int) -> Gap:
            mean, whole = small(self, layer)
            links = (whole - mean[None]) / each * sign
            links[:, 0] = 0.0
            gates = mean * sign
            gates[0] = 0.0
            copy = np.zeros((d, d), np.float32)
            copy[0, 0] = 1.0
            sets = neurons[layer][:, 0]
            own = np.zeros((n + 1, d, d), np.float32)
            np.add.at(own, sets, links[:, None])
            bias = repeated(shared.bias_of(circuits, layer), n) + mean[:, :1]
            bias = bias - own[:n, :, 0].T * each
            bias[0] = 0.0

            def self_links() -> np.ndarray:
                return -own[:n].transpose(1, 0, 2)[..., None] * eye[None, :, None, :]

            rests = (
                Rest("self-links", False, self_links),
                Rest("gates", True, lambda: blockwise(gates, eye)),
                Rest("copies", True, lambda: blockwise(copy, eye)),
            )
            every = np.arange(self.n_circuits, dtype=np.int32)
            return Gap(every, every, links.astype(np.float32), rests, bias.astype(np.float32))

        closed = np.zeros(d, np.float32)
        closed[0] = 1.0
        reading = matrix * sign
        return Wiring(
            neurons=neurons,
            embedding=np.tile(np.diag(sign), (self.n_circuits, 1, 1)),
            first_bias=repeated(closed, n),
            gaps=tuple(gap(layer) for layer in range(1, self.n_layers)),
            reported=tuple(range(self.n_layers)),
            reading=(reading / self.redundancy).astype(np.float32),
            reading_all=np.zeros_like(reading),
            reading_constant=matrix[:, 0],
            inputs="what the circuits hold after their own first layer, on-neuron 1",
        )
