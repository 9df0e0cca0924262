"""The corrected unembedding u, and what the two constructions that use it share."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import as_float
from .._errors import lookup
from .._types import Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import Allocation, extent_of
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, place, Placement, stacked


class CorrectedNetwork(AbstractNetwork):
    """A network that is read out with u_t = e_t (1/S + c) - c·1, c = p/((S - p) S).

    <u_t, e_t> = 1, and if p is the mean overlap of two circuits, <u_t, e_v> = 0 on average over
    v ≠ t. The published code takes p as if loads were even, which is too small for prime steps.
    Source: notes#network.

    Attributes:
        circuits, placement: see `AbstractNetwork`.
        overlap: p, in neurons.
        precision: of matrix products.
    """

    circuits: AbstractCircuits
    placement: Placement
    overlap: Scalar
    precision: str = eqx.field(static=True)
    options: ClassVar[tuple[str, ...]] = ("overlap",)

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: Allocation,
        n_layers: int,
        *,
        key: KeyScalar,
        overlap: str = "even",
        precision: str = "highest",
    ) -> "CorrectedNetwork":
        """Build the network; may be traced.

        Args:
            circuits: T small circuits.
            allocation: T sets.
            n_layers: L.
            key: for the shuffles.
            overlap: "even" for p of a design with even loads (published), "exact" for that of
                the given one.
            precision: of matrix products.

        Returns:
            The network.
        """
        p = lookup(_OVERLAPS, overlap, "overlap")(allocation)
        placement = place(allocation, n_layers, key=key)
        return cls(
            circuits=circuits,
            placement=placement,
            overlap=p,
            precision=precision,
        )

    @property
    def correction(self) -> Float[Array, ""]:
        """c·S = p/(S - p)."""
        return self.overlap / (as_float(self.placement.extent.redundancy) - self.overlap)

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return mean weights, difference weights and member lists."""
        return (
            stacked(self.circuits.mean_weights(), self.n_layers),
            stacked(self.circuits.difference_weights(), self.n_layers),
            self.placement.members[1:],
        )

    def corrected_spread(
        self, values: CircuitValues, members: Int[Array, "n R"]
    ) -> Float[Array, "k n B"]:
        """Return S·sum_t u_t values_t."""
        total = jnp.sum(values, axis=1, keepdims=True)
        return (1 + self.correction) * self.spread(values, members) - self.correction * total

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """<u_t, A> = (1 + c S)·mean over M_t - c·sum over all neurons."""
        total = jnp.sum(channels, axis=1, keepdims=True)
        total = total / as_float(self.placement.extent.redundancy)
        return (1 + self.correction) * means - self.correction * total


def even_overlap(allocation: Allocation) -> Scalar:
    """Return S (T S/n - 1)/(T - 1), the mean overlap if every neuron carried the same load."""
    extent = extent_of(allocation)
    count, redundancy = as_float(extent.n_circuits), as_float(extent.redundancy)
    load = count * redundancy / as_float(extent.block_width)
    return jnp.maximum(redundancy * (load - 1) / jnp.maximum(count - 1, 1.0), 0.0)


def exact_overlap(allocation: Allocation) -> Scalar:
    """Return sum_i r_i (r_i - 1) / (T (T - 1)), traceable unlike `allocation.mean_overlap`."""
    loads = jnp.asarray(allocation.loads, dtype=jnp.float32)
    count = as_float(extent_of(allocation).n_circuits)
    return jnp.sum(loads * (loads - 1)) / jnp.maximum(count * (count - 1), 1.0)


_OVERLAPS = {"even": even_overlap, "exact": exact_overlap}
