"""Recomputed indicators with neurons, sets and redundancy of their own."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .._types import Channels, KeyScalar, Scalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ._base import Placement
from ._two_part import check_two_parts, clipped_links, join, place_parts, TwoPart


class Separate(TwoPart):
    """The clipped construction with separate shares of D for indicator and payload.

    Indicators are recomputed in every layer through a clipped matrix between indicator neurons.
    With an allocation of r designs side by side (`allocation.redundant`) they are r indicators
    per circuit, averaged before the step. Source: notes#indicators, schemes 1, 2 and 5.

    Attributes:
        steps: bool (L-1, n_a, n_a), C between indicators.
        step_inhibition: (L-1, n_a), chi' of each indicator neuron.
        circuits, placement, gates, gate_inhibition, inhibition_factor, indicator_width,
            indicator_redundancy, precision: see `TwoPart`.
    """

    circuits: AbstractCircuits
    placement: Placement
    steps: Bool[Array, "gaps na na"]
    step_inhibition: Float[Array, "gaps na"]
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
    ) -> "Separate":
        """Build the network; may be traced.

        Args:
            circuits: T rotations (d = 4).
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
        own, payload = place_parts(indicators, allocation, n_layers, key)
        gates, gate_chi = clipped_links(
            payload, own, allocation.loads, indicators.loads, inhibition
        )
        steps, step_chi = clipped_links(own, own, indicators.loads, indicators.loads, inhibition)
        return cls(
            circuits=circuits,
            placement=join(own, payload),
            steps=steps,
            step_inhibition=step_chi,
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
        check_two_parts(circuits, allocation, indicators, 4)

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return what `TwoPart` needs, and the clipped matrix between indicators / S_a."""
        chi = (self.step_inhibition * self.inhibition_factor)[:, :, None]
        steps = jnp.where(self.steps, jnp.ones_like(chi), -chi) / self.indicator_redundancy
        return *self.joint_parameters(), steps

    def indicator_fields(
        self, parameters: tuple[Array, ...], channels: Channels
    ) -> list[Float[Array, "na B"]]:
        """The circuits' step of the clipped sum over indicators."""
        _, mean, _, bias, _, steps = parameters
        width = self.indicator_width
        seen = jnp.matmul(steps, channels[0, :width], precision=self.precision)
        return [mean[row, 0] * seen + bias[row] for row in range(self.circuits.width - 2)]
