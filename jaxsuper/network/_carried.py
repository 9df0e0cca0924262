"""Carried indicators: embedded once, in superposition, and copied from layer to layer."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Activations, ActiveIds, KeyScalar
from ..allocation import AbstractAllocation
from ..circuits import AbstractCircuits, small_weights
from . import _shared as shared, _two_part as two_part
from ._inhibition import clipped_links
from ._network import ROTATION3, Traits
from ._placement import join, repeat_first
from ._two_part_wiring import two_part_gap, two_part_wiring
from ._wiring import Wiring


# Thresholds play no part: nothing is recomputed.
TUNABLE = ("gate_bias", "inhibition_factor")


class CarriedLayer(two_part.AbstractTwoPartLayer):
    """A copy of the indicators."""

    def indicator_fields(
        self, alpha: Float[Array, "na B"], change: Float[Array, "on T B"]
    ) -> list[Float[Array, "na B"]]:
        """Return the indicators as they are."""
        del change
        return [alpha]


class AbstractCarried(two_part.AbstractTwoPart):
    """Networks that copy their indicators; what is carried the first layer decides.

    Attributes:
        circuits, placement, gates, gate_inhibition, inhibition_factor, indicator_width,
            indicator_redundancy, extents, precision, inhibition_rule: see `AbstractTwoPart`.
    """

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        indicators: AbstractAllocation,
        inhibition: str = "scalar",
        inhibition_factor: Any = 1.0,
        precision: str = "highest",
    ) -> "AbstractCarried":
        """Build the network; may be traced.

        Args:
            circuits: T rotations with one on-neuron (d = 3).
            allocation: T sets for the payload.
            n_layers: L.
            key: for the shuffles.
            indicators: T sets for the indicators.
            inhibition: "scalar" or "receiver".
            inhibition_factor: a factor on chi'.
            precision: of matrix products.

        Returns:
            The network.
        """
        shuffled, payload = two_part.place_parts(indicators, allocation, n_layers, key)
        own = repeat_first(shuffled, n_layers)
        loads = indicators.loads
        gates, gate_chi = clipped_links(payload, own, allocation.loads, loads, inhibition)
        return cls(
            circuits=circuits,
            placement=join(own, payload),
            gates=gates,
            gate_inhibition=gate_chi,
            inhibition_factor=jnp.asarray(inhibition_factor, jnp.float32),
            indicator_width=own.block_width,
            indicator_redundancy=own.redundancy,
            extents=two_part.extents_of(own, payload),
            precision=precision,
            inhibition_rule=inhibition,
        )


def carried_layers(self: AbstractCarried) -> CarriedLayer:
    """Return layers 2..L."""
    return CarriedLayer(**two_part.layer_fields(self))


def embed_carried(
    self: AbstractCarried, active: ActiveIds, inputs: Float[Array, "d z B"]
) -> Activations:
    """Embed the first activations of the active circuits."""
    values = shared.first_activations(self.circuits, active, inputs, self.precision)
    placement = self.placement
    return self.after(shared.embed(placement, values, active), placement.sets[0], active)


def dense_carried(
    self: AbstractCarried, layer: int
) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
    """Write W and B out, over all entries, those that are no neurons too."""
    circuits = self.circuits
    exists = jnp.asarray(self.exists(), jnp.float32)
    weights = two_part.dense_payload(self, layer).at[0, :, 0].set(jnp.diag(exists[0]))
    bias = (shared.bias_of(circuits, layer)[:, None] * exists).at[0].set(0.0)
    size = circuits.width * self.block_width
    return [(weights.reshape(size, size), bias.reshape(size))]


def carried_wiring(self: AbstractCarried, embedding: Float[Array, "T d d"]) -> Wiring:
    """Return the wiring of a network that embeds in this way, without a bias."""
    gap = lambda layer: two_part_gap(self, layer)
    nothing = np.zeros(self.circuits.width, np.float32)
    return two_part_wiring(self, gap, embedding, nothing)


class Carried(AbstractCarried):
    """The true indicators are embedded in the first layer and copied unchanged ever after.

    Each indicator neuron holds the number of active circuits on it. One neuron per slot suffices,
    so the circuits are `Rotation3`, whose own indicator weights are not used: on' = on. The set of
    active circuits cannot change over the layers. Source: notes#indicators, scheme 3.
    """

    traits: ClassVar[Traits] = Traits(
        "carried",
        needs=ROTATION3,
        options=two_part.OPTIONS,
        trainable=True,
        tunable=TUNABLE,
        assumes="known set",
        fixed="copies the indicators that the input gives, so that the active circuits cannot change",
    )
    first_layer = embed_carried
    layers = carried_layers
    activate = two_part.rectified_where_neurons_are
    channels = two_part.two_part_channels
    means = two_part.two_part_means
    readout = shared.means_as_they_are
    exists = two_part.two_part_exists
    dense_layer = dense_carried

    def dense_first(self) -> tuple[Float[Array, "T D d"], Float[Array, " D"]]:
        """Return embedding and bias of layer 1.

        It embeds what the small circuits hold after their own bias and ReLU, which does nothing to
        active ones: their alpha is 1 at the input, so that the bias can be read from it.
        """
        size = self.circuits.width * self.block_width
        return shared.embedding_of(self.placement, self._embedding()), jnp.zeros(size)

    def _embedding(self) -> Float[Array, "T d d"]:
        circuits = self.circuits
        alpha = jnp.asarray(circuits.layout.matrix[0])
        weights = small_weights(circuits, 0)
        return weights + (shared.bias_of(circuits, 0)[:, None] * alpha[None, :])[None]

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        return carried_wiring(self, self._embedding())
