"""The oracle: the clipped network told which neurons may be active."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Int

from .._types import Activations, ActiveIds
from . import _shared as shared
from ._clipped import AbstractClipped, clipped_layers, clipped_wiring, dense_clipped
from ._network import Traits
from ._placement import neurons_of
from ._wiring import Wiring


class Oracle(AbstractClipped):
    """The clipped weights without ReLU; neurons that no active circuit uses are set to 0.

    The reference without erroneous activation ("ideal" in the source). It is no lower bound on the
    error, because the ReLU it lacks also clips noise. Source: notes#network.
    """

    traits: ClassVar[Traits] = Traits(
        "oracle",
        options=("inhibition", "inhibition_factor", "edges"),
        paddable=True,
        assumes="known set",
    )
    first_layer = shared.embed_inputs
    layers = clipped_layers
    channels = shared.circuit_channels
    means = shared.means_over_sets
    readout = shared.means_as_they_are
    exists = shared.all_exist
    dense_first = shared.no_dense_first
    dense_layer = dense_clipped

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        return replace(clipped_wiring(self), masked=True)

    def activate(
        self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
    ) -> Activations:
        """Keep the neurons of the active circuits, linear."""
        _, width, batch = before.shape
        samples = jnp.arange(batch)[None, :, None]
        neurons = neurons_of(sets, active, width)
        used = jnp.zeros((width, batch), bool).at[neurons, samples].set(True, mode="drop")
        return jnp.where(used[None], before, 0.0)
