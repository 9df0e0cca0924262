"""The pass through a network's layers: one loop, for simulations and for single calls."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import Activations, ActiveIds, CircuitValues
from ._network import AbstractLayer, AbstractNetwork
from ._over_devices import bring_together


# (activations, estimates, number of the layer from 0, what else belongs to it) -> what is kept.
Observer = Callable[[Activations, CircuitValues, Int[Array, ""], Any], Any]


def run_layers(
    network: AbstractNetwork,
    first: Activations,
    observe: Observer,
    active_at: Callable[[int | Int[Array, ""]], ActiveIds],
    beside: Any = None,
    layers: AbstractLayer | None = None,
) -> Any:
    """Run activations through all layers without any D x D matrix.

    Args:
        network: the network.
        first: A^1, (d, n, B).
        observe: called with each layer; its results are returned stacked, so that nothing of size
            batch x circuits need be kept.
        active_at: layer from 0 -> the circuits that are meant to be active, (z, B).
        beside: arrays with a leading axis L, handed to `observe` layer by layer.
        layers: `network.layers()`, if they have been made already.

    Returns:
        The results of `observe` for layers 1..L, stacked on a leading axis.
    """
    sets, n_layers = network.placement.sets, network.n_layers
    stacked = network.layers() if layers is None else layers

    def layer(activations, per_layer):
        number, here, extra = per_layer
        channels = bring_together(network.channels(activations))
        means = _of_layer(network, number).means(channels, here)
        observed = observe(activations, network.readout(channels, means), number, extra)
        if n_layers == 1:
            return activations, observed

        def following():
            next_layer = jax.tree.map(lambda stack: stack[number], stacked)
            before = next_layer(channels, means)
            return network.after(before, sets[number + 1], active_at(number + 1))

        # The last layer has none after it. One body for all layers, instead of a copy of what is
        # seen after the loop, takes a third off the time to compile.
        return jax.lax.cond(number < n_layers - 1, following, lambda: activations), observed

    return jax.lax.scan(layer, first, (jnp.arange(n_layers), sets, beside))[1]


def _of_layer(network: AbstractNetwork, number: Int[Array, ""]) -> AbstractNetwork:
    """Return the network with the placement of one layer alone, whose lists speed gradients up."""
    return eqx.tree_at(lambda each: each.placement, network, network.placement.layer(number))


@eqx.filter_jit
def call_network(
    network: AbstractNetwork, active: Int[Array, "B z"], inputs: Float[Array, "B z d"]
) -> Float[Array, "B L z k"]:
    """Return the estimates of the active circuits' channels; see `AbstractNetwork.__call__`."""
    ids, samples = active.T, jnp.arange(len(active))[None]
    first = network.first_layer(ids, inputs.transpose(2, 1, 0))
    observe = lambda activations, estimates, *_: estimates[:, ids, samples]
    return run_layers(network, first, observe, lambda _: ids).transpose(3, 0, 2, 1)
