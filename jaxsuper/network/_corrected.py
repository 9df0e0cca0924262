"""The corrected unembedding u, and what the two constructions that use it share."""

from typing import Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import Channels, CircuitValues, KeyScalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, stacked, wire, Wiring


class CorrectedNetwork(AbstractNetwork):
    """A network that is read out with u_t = e_t (1/S + c) - c·1, c = p/((S - p) S).

    p is the mean overlap of two circuits, so that <u_t, e_t> = 1 and, on average over v ≠ t,
    <u_t, e_v> = 0. Source: theory 4.

    Attributes:
        circuits, wiring: see `AbstractNetwork`.
        precision: of matrix products.
    """

    circuits: AbstractCircuits
    wiring: Wiring
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
    ) -> Self:
        """Build the network; arguments as in `network.build`."""
        return cls(circuits, wire(allocation, n_layers, key=key), precision)

    @property
    def correction(self) -> Float[Array, ""]:
        """c·S = p/(S - p)."""
        overlap = self.wiring.mean_overlap
        return overlap / (self.redundancy - overlap)

    def layer_parameters(self):
        """Return mean weights, difference weights and member lists."""
        return (
            stacked(self.circuits.mean_weights(), self.n_layers),
            stacked(self.circuits.difference_weights(), self.n_layers),
            self.wiring.members[1:],
        )

    def corrected_spread(
        self, values: CircuitValues, members: Int[Array, "n R"]
    ) -> Float[Array, "k n B"]:
        """Return S·sum_t u_t values_t."""
        total = jnp.sum(values, axis=1, keepdims=True)
        return (1 + self.correction) * self.spread(values, members) - self.correction * total

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """<u_t, A> = (1 + c S)·mean over M_t - c·sum over all neurons."""
        total = jnp.sum(channels, axis=1, keepdims=True) / self.redundancy
        return (1 + self.correction) * means - self.correction * total
