"""The split construction: mean part with the corrected unembedding, difference part with e/S."""

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


class SplitLayer(AbstractCorrectedLayer):
    """Mean channels shared.spread with u, the circuits' own outputs with e/S."""

    def spread_own(self, values: Float[Array, "out T B"]) -> Float[Array, "out n B"]:
        """Spread with e/S, times S."""
        return shared.spread(values, self.members, self.sets)


class Split(AbstractCorrected):
    """W_ij = sum_t (wbar_ij u_t^l + dw_t,ij e_t^l / S) ⊗ e_t^{l-1}; read out with u.

    Source: notes#network.
    """

    traits: ClassVar[Traits] = Traits("split", options=OPTIONS, paddable=True, trainable=True)
    first_layer = shared.embed_inputs
    activate = shared.rectified
    channels = shared.circuit_channels
    means = shared.means_over_sets
    readout = corrected_readout
    exists = shared.all_exist
    dense_first = shared.dense_embed_inputs

    def layers(self) -> SplitLayer:
        """Return layers 2..L."""
        return SplitLayer(**corrected_fields(self))

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B out."""
        width = self.network_width
        mean = mean_matrix(self.circuits, layer)
        own, opens = shared.dense_own(self, layer)
        first = indicator_vectors(self.placement, layer - 1)
        before, after = shared.edge_vectors(
            self.edges, layer, first, indicator_vectors(self.placement, layer)
        )
        corrected = shared.edge_vectors(self.edges, layer, first, self.unembedding(layer))[1]
        blocks = shared.outer(opens[:, None, None] * mean[None], corrected, before)
        blocks = blocks + shared.outer(own, after, before) / self.redundancy
        bias = jnp.repeat(shared.bias_of(self.circuits, layer), self.block_width)
        return [(blocks.reshape(width, width), bias)]

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        return corrected_wiring(self, lambda whole, opened: opened)
