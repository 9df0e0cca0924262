"""The forward pass, structured (the default) or with dense matrices, one view per layer."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import Activations, ActiveIds, CircuitValues
from ..network import AbstractLayer, AbstractNetwork, bring_together, DenseNetwork
from ._inputs import Inputs


class LayerView(eqx.Module):
    """What can be seen of one layer.

    Attributes:
        activations: A^l, (d, n, B).
        estimates: (k, T, B), the readout of every circuit.
        active: (z, B), the circuits that are meant to be active.
        truth: (c, z, B), their channels when run on their own.
    """

    activations: Activations
    estimates: CircuitValues
    active: ActiveIds
    truth: Float[Array, "c z B"]


def _identity(view: LayerView) -> LayerView:
    return view


def forward(
    network: AbstractNetwork,
    inputs: Inputs,
    observe: Callable[[LayerView], Any] = _identity,
    layers: AbstractLayer | None = None,
) -> Any:
    """Run a batch through the network without any D x D matrix.

    Args:
        network: the network.
        inputs: the batch.
        observe: called with each layer's view; its results are returned stacked, so that nothing of
            size batch x circuits need be kept.
        layers: `network.layers()`, if they have been made already.

    Returns:
        The results of `observe` for layers 1..L, stacked on a leading axis; by default the views.
    """
    sets, n_layers = network.placement.sets, network.n_layers
    stacked = network.layers() if layers is None else layers

    def layer(activations, per_layer):
        number, here, truth = per_layer
        channels = bring_together(network.channels(activations))
        means = _of_layer(network, number).means(channels, here)
        estimates, active = network.readout(channels, means), inputs.active_at(number)
        observed = observe(LayerView(activations, estimates, active, truth))
        if n_layers == 1:
            return activations, observed

        def following():
            next_layer = jax.tree.map(lambda stack: stack[number], stacked)
            before = next_layer(channels, means)
            return network.after(before, sets[number + 1], inputs.active_at(number + 1))

        # The last layer has none after it. One body for all layers, instead of a copy of what is
        # seen after the loop, takes a third off the time to compile.
        return jax.lax.cond(number < n_layers - 1, following, lambda: activations), observed

    first = network.first_layer(*inputs.embedded())
    return jax.lax.scan(layer, first, (jnp.arange(n_layers), sets, inputs.truth))[1]


def _of_layer(network: AbstractNetwork, number: Int[Array, ""]) -> AbstractNetwork:
    """Return the network with the placement of one layer alone, whose lists speed gradients up."""
    return eqx.tree_at(lambda each: each.placement, network, network.placement.layer(number))


def dense_forward(
    network: AbstractNetwork,
    dense: DenseNetwork,
    inputs: Inputs,
    observe: Callable[[LayerView], Any] = _identity,
) -> Any:
    """Run a batch through the dense matrices of the same network; otherwise as `forward`.

    Args:
        network: the network, for its first layer, nonlinearity and readout.
        dense: its matrices, from `network.dense_layers`.
        inputs: the batch.
        observe: as in `forward`.

    Returns:
        As `forward`.
    """
    n_layers, per_step = network.n_layers, network.traits.layers_per_step
    activations = network.first_layer(*inputs.embedded())
    observed = []
    for number, sets in enumerate(network.placement.sets):
        channels = network.channels(activations)
        estimates = network.readout(channels, network.means(channels, sets))
        active = inputs.active_at(number)
        observed.append(observe(LayerView(activations, estimates, active, inputs.truth[number])))
        if number == n_layers - 1:
            break
        to, then = network.placement.sets[number + 1], inputs.active_at(number + 1)
        for step in range(number * per_step, (number + 1) * per_step):
            flat = activations.reshape(-1, activations.shape[-1])
            before = jnp.matmul(dense.weights[step], flat, precision=network.precision)
            before = before + dense.biases[step + 1][:, None]
            activations = network.after(before.reshape(activations.shape), to, then)
    return jax.tree.map(lambda *views: jnp.stack(views), *observed)
