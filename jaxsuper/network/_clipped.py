"""The clipped construction, the one that the published rotations use."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from .._arrays import as_float
from .._errors import lookup
from .._types import Activations, Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import Allocation, extent_of
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, connections, place, Placement, stacked


class Clipped(AbstractNetwork):
    """W_ij = (wbar_ij Ctilde + sum_t dw_t,ij e_t^l ⊗ e_t^{l-1}) / S.

    C = min(1, sum_t e_t^l ⊗ e_t^{l-1}) and Ctilde = C - chi'·(1 - C): neurons that share a circuit
    excite each other once, all others inhibit. Read out with e/S. Source: notes#network.

    Attributes:
        circuits, placement: see `AbstractNetwork`.
        connected: bool (L-1, n, n), C between layers l-1 and l, [to, from].
        inhibition: (L-1, n), chi' of each receiving neuron.
        inhibition_factor: a factor on chi', a scalar (1 by default).
        precision: of matrix products.
    """

    circuits: AbstractCircuits
    placement: Placement
    connected: Bool[Array, "gaps n n"]
    inhibition: Float[Array, "gaps n"]
    inhibition_factor: Scalar
    precision: str = eqx.field(static=True)
    options: ClassVar[tuple[str, ...]] = ("inhibition", "inhibition_factor")

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: Allocation,
        n_layers: int,
        *,
        key: KeyScalar,
        inhibition: str = "scalar",
        inhibition_factor: Any = 1.0,
        precision: str = "highest",
    ) -> "Clipped":
        """Build the network; may be traced.

        Args:
            circuits: T small circuits.
            allocation: T sets.
            n_layers: L.
            key: for the shuffles.
            inhibition: "scalar" for one chi' per pair of layers (published), "receiver" for one per
                receiving neuron, which evens out uneven loads.
            inhibition_factor: a factor on chi'.
            precision: of matrix products.

        Returns:
            The network.
        """
        rule = lookup(_INHIBITIONS, inhibition, "inhibition")
        placement = place(allocation, n_layers, key=key)
        width = allocation.block_width
        loads = jnp.asarray(allocation.loads, dtype=jnp.float32)
        connected = jax.lax.map(
            lambda pair: connections(pair[0], pair[1], width),
            (placement.sets[1:], placement.sets[:-1]),
        )
        factor = jnp.asarray(inhibition_factor, dtype=jnp.float32)
        extent = extent_of(allocation)
        count, size = as_float(extent.n_circuits), as_float(extent.redundancy)
        chi = jax.vmap(lambda c: rule(c, loads, count, size))
        return cls(
            circuits=circuits,
            placement=placement,
            connected=connected,
            inhibition=chi(connected),
            inhibition_factor=factor,
            precision=precision,
        )

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return mean weights, difference weights, Ctilde / S and member lists."""
        chi = (self.inhibition * self.inhibition_factor)[:, :, None]
        # Made here, before the loop over layers: inside it would be fused into the matrix product,
        # which is then slower.
        clipped = jnp.where(self.connected, jnp.ones_like(chi), -chi) / as_float(
            self.placement.extent.redundancy
        )
        return (
            stacked(self.circuits.mean_weights(), self.n_layers),
            stacked(self.circuits.difference_weights(), self.n_layers),
            clipped,
            self.placement.members[1:],
        )

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Mean part through the n x n matrix Ctilde, difference part through the circuits."""
        mean, difference, clipped, members = parameters
        # A product per channel: one product over all of them would transpose the batch.
        inhibited = [
            jnp.matmul(clipped, channels[channel], precision=self.precision)
            for channel in self.circuits.layout.mean_channels
        ]
        return self.add_difference(
            self.mean_part(mean, inhibited),
            self.spread(self.difference(difference, means), members),
        )

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Means over M_t as they are."""
        del channels
        return means


def scalar_inhibition(
    connected: Bool[Array, "n n"], loads: Float[Array, " n"], n_circuits: Scalar, redundancy: Scalar
) -> Float[Array, " n"]:
    """Return chi' = U/(S^2 - U), U the mean of <e_t, C e_v> over all ordered pairs t ≠ v.

    The sum over all pairs is r·C r with loads r, and each t = v contributes S^2.

    Args:
        connected: C.
        loads: r.
        n_circuits: T.
        redundancy: S.

    Returns:
        chi', the same for every receiving neuron.
    """
    received = jnp.matmul(connected.astype(loads.dtype), loads, precision="highest")
    pairs = jnp.maximum(n_circuits * (n_circuits - 1), 1.0)
    unwanted = (loads * (received - redundancy)).sum() / pairs
    chi = unwanted / (redundancy**2 - unwanted)
    return jnp.broadcast_to(chi, loads.shape)


def receiver_inhibition(
    connected: Bool[Array, "n n"], loads: Float[Array, " n"], n_circuits: Scalar, redundancy: Scalar
) -> Float[Array, " n"]:
    """Return chi'_m = U_m/(S - U_m), U_m the mean of (C e_v)_m over circuits v not on neuron m.

    Given t on m, the sum of (C e_v)_m over v ≠ t is (C r)_m - S, whichever t it is; so the mean
    input that t receives on m from a circuit v ≠ t is made 0. Neurons without circuits get 0.

    Args:
        connected: C.
        loads: r.
        n_circuits: T.
        redundancy: S.

    Returns:
        chi' of each receiving neuron.
    """
    received = jnp.matmul(connected.astype(loads.dtype), loads, precision="highest")
    unwanted = (received - redundancy) / jnp.maximum(n_circuits - 1, 1.0)
    return jnp.where(loads > 0, unwanted / (redundancy - unwanted), 0.0)


_INHIBITIONS = {"scalar": scalar_inhibition, "receiver": receiver_inhibition}
