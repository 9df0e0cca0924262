"""An adapter for engines of parameter decomposition: the network as a target with sites.

Written down here is what such an engine on JAX and Equinox asks of a target, in the form that
goodfire-ai/param-decomp describes in public (core/README.md, `DecomposedModel`), less what is about
tokens, devices and its own containers. The network has no position axis: everything is (N, ...).

    sites                              ordered, each with a name, d_in, d_out
    clean_forward(inputs, keys)        output and the captures asked for, with the frozen weights
    masked_forward(inputs, vu, masks, delta_masks, keys)
                                       each site's W A replaced by ((A V) masks) U + delta_masks (A D^T),
                                       D = W^T - V U transposed as below
    weight_deltas(vu)                  W - (V U)^T of each site: faithfulness
    recon_loss_fn(masked, clean)       of two outputs, one number
    site_output_keys(sites)            under which key a site's linear output can be captured

A component c of a site is V[:, c] U[c]: V is (d_in, C), U (C, d_out), and W is [out, in], so that
W ~ (V U)^T. Frozen weights are leaves of the module: it is an argument of a jitted function, never
closed over. An engine that wants more (its `ComponentStacks`, placements) wraps this file.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check
from ._loaded import Loaded
from ._read import Exported


class Site(NamedTuple):
    """A matrix that is decomposed."""

    name: str
    d_in: int
    d_out: int


class Components(NamedTuple):
    """Rank-one components of a site."""

    V: Float[Array, "d_in C"]
    U: Float[Array, "C d_out"]


class Forward(NamedTuple):
    """What a forward pass returns: the output, and what was asked for."""

    output: Any
    captures: dict[str, Array]


@runtime_checkable
class DecompositionTarget(Protocol):
    """What an engine asks of a target; see the module."""

    @property
    def sites(self) -> tuple[Site, ...]:
        """The matrices, in the order of computation."""
        ...

    has_position_axis: bool

    def clean_forward(self, inputs: Any, capture_keys: frozenset[str] = frozenset()) -> Forward:
        """Run with the frozen weights."""
        ...

    def masked_forward(
        self,
        inputs: Any,
        vu: Mapping[str, Components],
        masks: Mapping[str, Array],
        delta_masks: Mapping[str, Array] | None = None,
        capture_keys: frozenset[str] = frozenset(),
    ) -> Forward:
        """Run with masked components in the place of the weights."""
        ...

    def weight_deltas(self, vu: Mapping[str, Components]) -> dict[str, Array]:
        """Return what the components leave of each weight."""
        ...

    def recon_loss_fn(self, masked_output: Any, clean_output: Any) -> Array:
        """Return how far two outputs are from each other."""
        ...

    def site_output_keys(self, sites: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys of the sites' linear outputs."""
        ...


class Target(eqx.Module):
    """An exported network as a `DecompositionTarget`.

    Its inputs are (embedded, inputs), its output the activations of the last layer.

    Attributes:
        network: the frozen one.
        has_position_axis: False.
    """

    network: Loaded
    has_position_axis: bool = eqx.field(static=True, default=False)

    @classmethod
    def of(cls, exported: Exported) -> "Target":
        """Return the target of an export."""
        return cls(Loaded.of(exported))

    @property
    def sites(self) -> tuple[Site, ...]:
        """The matrices, in the order of computation."""
        shapes = ((name, self.network.weights[name].shape) for name in self.network.sites)
        return tuple(Site(name, d_in=shape[1], d_out=shape[0]) for name, shape in shapes)

    def clean_forward(
        self,
        inputs: tuple[Int[Array, "N m"], Float[Array, "N m d"]],
        capture_keys: frozenset[str] = frozenset(),
    ) -> Forward:
        """Run with the frozen weights.

        Args:
            inputs: (embedded, inputs), as in samples.safetensors.
            capture_keys: of `Loaded.names`.
        """
        return Forward(*self.network(*inputs, capture_keys))

    def masked_forward(
        self,
        inputs: tuple[Int[Array, "N m"], Float[Array, "N m d"]],
        vu: Mapping[str, Components],
        masks: Mapping[str, Array],
        delta_masks: Mapping[str, Array] | None = None,
        capture_keys: frozenset[str] = frozenset(),
    ) -> Forward:
        """Run with masked components in the place of the weights.

        Args:
            inputs: as in `clean_forward`.
            vu: the components of every site.
            masks: (N or 1, C) of every site.
            delta_masks: (N or 1,) of every site, for what the components leave; none if left out.
            capture_keys: of `Loaded.names`.

        Raises:
            ValueError: unless all sites have components and masks.
        """
        names = set(self.network.sites)
        for argument, given in (("vu", vu), ("masks", masks), ("delta_masks", delta_masks)):
            missing = names if given is None else names ^ set(given)
            fits = not missing or given is None
            check(fits, argument, "must have an entry for every site", sorted(missing))
        deltas = {} if delta_masks is None else self.weight_deltas(vu)

        def matmul(site: str, activations: Array) -> Array:
            inner = jnp.matmul(activations, vu[site].V, precision="highest")
            out = jnp.matmul(inner * masks[site], vu[site].U, precision="highest")
            if delta_masks is None:
                return out
            rest = jnp.matmul(activations, deltas[site].T, precision="highest")
            return out + delta_masks[site][:, None] * rest

        return Forward(*self.network.run(*inputs, matmul, capture_keys))

    def weight_deltas(self, vu: Mapping[str, Components]) -> dict[str, Array]:
        """Return W - (V U)^T of each site."""
        product = lambda one: jnp.matmul(one.V, one.U, precision="highest").T
        return {name: self.network.weights[name] - product(vu[name]) for name in self.network.sites}

    def recon_loss_fn(self, masked_output: Array, clean_output: Array) -> Float[Array, ""]:
        """Return the mean squared difference of the last layer's activations."""
        return jnp.mean((masked_output - clean_output) ** 2)

    def site_output_keys(self, sites: tuple[str, ...]) -> tuple[str, ...]:
        """Return the keys of the sites' linear outputs, biases included."""
        return tuple(f"{site}.before" for site in sites)


def ideal_components(exported: Exported) -> dict[str, Components]:
    """Return the true rank-one pairs as components, to start a decomposition at the ideal.

    They add up to the circuits' parts of W; what belongs to no circuit is the weight delta.

    Args:
        exported: 8 P D bytes for P pairs of a site.
    """
    found = {}
    for layer in range(1, exported.config.n_relu):
        u, v, _ = exported.pairs(layer)
        found[f"layers.{layer}"] = Components(
            V=jnp.asarray(np.ascontiguousarray(v.T)), U=jnp.asarray(u)
        )
    return found
