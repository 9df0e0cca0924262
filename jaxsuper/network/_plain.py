"""The plain construction: every weight with the corrected unembedding."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..circuits import mean_matrix
from . import _shared as shared
from ._corrected import (
    AbstractCorrected,
    AbstractCorrectedLayer,
    corrected_fields,
    corrected_readout,
    corrected_wiring,
    OPTIONS,
)
from ._network import Traits
from ._placement import indicator_vectors
from ._wiring import Wiring


class PlainLayer(AbstractCorrectedLayer):
    """Mean channels and the circuits' own outputs, both spread with u."""

    def spread_own(self, values: Float[Array, "out T B"]) -> Float[Array, "out n B"]:
        """Spread with u, times S."""
        return self.corrected_spread(values)


class Plain(AbstractCorrected):
    """W_ij = sum_t w_t,ij u_t^l ⊗ e_t^{l-1}; read out with u.

    Source: notes#network.
    """

    traits: ClassVar[Traits] = Traits("plain", options=OPTIONS, paddable=True, trainable=True)
    first_layer = shared.embed_inputs
    activate = shared.rectified
    channels = shared.circuit_channels
    means = shared.means_over_sets
    readout = corrected_readout
    exists = shared.all_exist
    dense_first = shared.dense_embed_inputs

    def layers(self) -> PlainLayer:
        """Return layers 2..L."""
        return PlainLayer(**corrected_fields(self))

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B out."""
        width = self.network_width
        mean = mean_matrix(self.circuits, layer)
        own, opens = shared.dense_own(self, layer)
        sets = indicator_vectors(self.placement, layer - 1), self.unembedding(layer)
        before, after = shared.edge_vectors(self.edges, layer, *sets)
        blocks = shared.outer(own + opens[:, None, None] * mean[None], after, before)
        bias = jnp.repeat(shared.bias_of(self.circuits, layer), self.block_width)
        return [(blocks.reshape(width, width), bias)]

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        return corrected_wiring(self, lambda whole, opened: whole)
