"""Guessed indicators: the active set is guessed from the first layer, and the guess is carried."""

from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import Activations, ActiveIds
from . import _two_part as two_part
from ._carried import (
    AbstractCarried,
    carried_layers,
    carried_wiring,
    dense_carried,
    embed_carried,
    TUNABLE,
)
from ._network import ROTATION3, Traits
from ._shared import embed, first_activations, means_as_they_are, no_dense_first
from ._wiring import Wiring


class EarlyGuess(AbstractCarried):
    """The active set is guessed from the first layer, and the guess is carried.

    The z circuits with the largest indicators after layer 1 are taken for the active ones and
    embedded anew. Choosing the z largest is no ReLU layer: this is a reference for what a guess can
    do. It guesses as many circuits as are active. Source: notes#indicators, scheme 4.
    """

    traits: ClassVar[Traits] = Traits(
        "early-guess",
        needs=ROTATION3,
        options=two_part.OPTIONS,
        tunable=TUNABLE,
        assumes="fixed set",
        fixed="guesses the active circuits at the input and keeps the guess, so that they cannot change",
    )
    layers = carried_layers
    activate = two_part.rectified_where_neurons_are
    channels = two_part.two_part_channels
    means = two_part.two_part_means
    readout = means_as_they_are
    exists = two_part.two_part_exists
    dense_first = no_dense_first
    dense_layer = dense_carried

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits, then the indicators of those that look most active."""
        guessed, first = self._guessed(active, inputs)
        placement, sets = self.placement, self.placement.sets[0]
        values = jnp.zeros((len(inputs), *guessed.shape), inputs.dtype).at[0].set(1.0)
        guess = self.after(embed(placement, values, guessed), sets, active)
        return first.at[0].set(guess[0])

    def _guessed(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> tuple[ActiveIds, Activations]:
        """Return the circuits that look most active, and the layer that they are guessed from."""
        first = embed_carried(self, active, inputs)
        sets = self.placement.sets[0]
        alpha = self.means(self.channels(first), sets)[0]
        most = min(active.shape[0], self.n_circuits)
        guessed = jax.lax.top_k(alpha.T, most)[1].T.astype(active.dtype)
        # As many as are embedded: slots without a circuit guess none.
        embedded = (active < self.n_circuits).sum(axis=0, keepdims=True)
        return jnp.where(jnp.arange(most)[:, None] < embedded, guessed, self.n_circuits), first

    def embedded(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> tuple[Int[Array, "m B"], Float[Array, "d m B"]]:
        """Return the active circuits with their payloads, and those guessed with their indicators."""
        guessed, _ = self._guessed(active, inputs)
        values = first_activations(self.circuits, active, inputs, self.precision)
        on = jnp.zeros((len(values), *guessed.shape), values.dtype).at[0].set(1.0)
        both = jnp.concatenate([values.at[0].set(0.0), on], axis=1)
        return jnp.concatenate([active, guessed]), both

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        width = self.circuits.width
        plain = carried_wiring(self, jnp.tile(jnp.eye(width), (self.n_circuits, 1, 1)))
        return replace(
            plain, inputs="active circuits' first payloads, then 1 for those guessed to be on"
        )
