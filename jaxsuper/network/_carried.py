"""Carried indicators: embedded once, in superposition, and copied from layer to layer."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .._types import Activations, ActiveIds, Channels, KeyScalar, Scalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ._base import Placement
from ._two_part import check_two_parts, clipped_links, join, place_parts, repeat_first, TwoPart


class Carried(TwoPart):
    """The true indicators are embedded in the first layer and copied unchanged ever after.

    Each indicator neuron holds the number of active circuits on it. One neuron per slot suffices,
    so the circuits are `Rotation3`, whose own indicator weights are not used: on' = on. The set of
    active circuits cannot change over the layers. Source: notes#indicators, scheme 3.

    Attributes:
        circuits, placement, gates, gate_inhibition, inhibition_factor, indicator_width,
            indicator_redundancy, precision: see `TwoPart`.
    """

    circuits: AbstractCircuits
    placement: Placement
    gates: Bool[Array, "gaps nx na"]
    gate_inhibition: Float[Array, "gaps nx"]
    inhibition_factor: Scalar
    indicator_width: int = eqx.field(static=True)
    indicator_redundancy: int = eqx.field(static=True)
    precision: str = eqx.field(static=True)

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: Allocation,
        n_layers: int,
        *,
        key: KeyScalar,
        indicators: Allocation,
        inhibition: str = "scalar",
        inhibition_factor: Any = 1.0,
        precision: str = "highest",
    ) -> "Carried":
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
        shuffled, payload = place_parts(indicators, allocation, n_layers, key)
        own = repeat_first(shuffled, n_layers)
        gates, gate_chi = clipped_links(
            payload, own, allocation.loads, indicators.loads, inhibition
        )
        return cls(
            circuits=circuits,
            placement=join(own, payload),
            gates=gates,
            gate_inhibition=gate_chi,
            inhibition_factor=jnp.asarray(inhibition_factor, jnp.float32),
            indicator_width=own.block_width,
            indicator_redundancy=own.redundancy,
            precision=precision,
        )

    @classmethod
    def check_parts(
        cls, circuits: AbstractCircuits, allocation: Allocation, indicators: Any = None
    ) -> None:
        """Raise a `ValueError` if the parts do not fit."""
        check_two_parts(circuits, allocation, indicators, 3)

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return what `TwoPart` needs."""
        return self.joint_parameters()

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the first activations of the active circuits."""
        values = self.first_activations(active, inputs)
        return self.activate(self.embed(values, active), self.placement.sets[0], active)

    def indicator_fields(
        self, parameters: tuple[Array, ...], channels: Channels
    ) -> list[Float[Array, "na B"]]:
        """A copy of the indicators."""
        del parameters
        return [channels[0, : self.indicator_width]]


class EarlyGuess(Carried):
    """The active set is guessed from the first layer, and the guess is carried.

    The z circuits with the largest indicators after layer 1 are taken for the active ones and
    embedded anew. Choosing the z largest is no ReLU layer: this is a reference for what a guess can
    do. It needs z as many circuits as are active. Source: notes#indicators, scheme 4.

    Attributes:
        circuits, placement, gates, gate_inhibition, inhibition_factor, indicator_width,
            indicator_redundancy, precision: see `TwoPart`.
    """

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits, then the indicators of those that look most active."""
        first = super().first_layer(active, inputs)
        sets = self.placement.sets[0]
        alpha = self.means(self.channels(first), sets)[0]
        guessed = jax.lax.top_k(alpha.T, active.shape[0])[1].T
        values = jnp.zeros_like(inputs).at[0].set(1.0)
        guess = self.activate(self.embed(values, guessed.astype(active.dtype)), sets, active)
        return first.at[0].set(guess[0])
