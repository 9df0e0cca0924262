"""The forward pass, structured (the default) or with dense matrices, one view per layer."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .._types import Activations, CircuitValues
from ..network import AbstractNetwork, DenseParameters
from ..network._base import stacked
from ._inputs import Inputs


class LayerView(eqx.Module):
    """What can be seen of one layer.

    Attributes:
        activations: A^l, (d, n, B).
        estimates: (k, T, B), the readout of every circuit.
    """

    activations: Activations
    estimates: CircuitValues


def _identity(view: LayerView, truth: Any) -> LayerView:
    del truth
    return view


def forward(
    network: AbstractNetwork,
    inputs: Inputs,
    observe: Callable[[LayerView, Any], Any] = _identity,
) -> Any:
    """Run a batch through the network without any D x D matrix.

    Args:
        network: the network.
        inputs: the batch.
        observe: called with each layer's view and true channels (k, z, B); its results are
            returned stacked, so that nothing of size batch x circuits need be kept.

    Returns:
        The results of `observe` for layers 1..L, stacked on a leading axis; by default the views.
    """
    sets, n_layers = network.placement.sets, network.n_layers
    parameters = network.layer_parameters()
    biases = stacked(network.circuits.biases(), n_layers)

    def layer(activations, per_layer):
        number, here, truth = per_layer
        channels = network.channels(activations)
        means = network.means(channels, here)
        observed = observe(LayerView(activations, network.readout(channels, means)), truth)
        if n_layers == 1:
            return activations, observed

        def following():
            weights, bias = jax.tree.map(lambda stack: stack[number], (parameters, biases))
            to = sets[number + 1]
            return network.next_layer(weights, bias, to, inputs.active, channels, means)

        # The last layer has none after it. One body for all layers, instead of a copy of what is
        # seen after the loop, takes a third off the time to compile.
        return jax.lax.cond(number < n_layers - 1, following, lambda: activations), observed

    first = network.first_layer(inputs.active, inputs.inputs)
    return jax.lax.scan(layer, first, (jnp.arange(n_layers), sets, inputs.truth))[1]


def dense_forward(
    network: AbstractNetwork,
    dense: DenseParameters,
    inputs: Inputs,
    observe: Callable[[LayerView, Any], Any] = _identity,
) -> Any:
    """Run a batch through the dense matrices of the same network; otherwise as `forward`.

    Args:
        network: the network, for its first layer, nonlinearity and readout.
        dense: its matrices, from `network.dense_parameters`.
        inputs: the batch.
        observe: as in `forward`.

    Returns:
        As `forward`.
    """
    sets = network.placement.sets

    def view(activations, layer_sets, truth):
        channels = network.channels(activations)
        means = network.means(channels, layer_sets)
        return observe(LayerView(activations, network.readout(channels, means)), truth)

    def layer(activations, per_layer):
        matrices, biases, here, to, truth = per_layer
        observed = view(activations, here, truth)
        for weights, bias in zip(matrices, biases, strict=True):
            flat = activations.reshape(-1, activations.shape[-1])
            before = jnp.matmul(weights, flat, precision=network.precision) + bias[:, None]
            before = before.reshape(activations.shape)
            activations = network.activate(before, to, inputs.active)
        return activations, observed

    first = network.first_layer(inputs.active, inputs.inputs)
    steps = (network.n_layers - 1, network.layers_per_step)
    matrices = dense.weights.reshape(*steps, *dense.weights.shape[1:])
    biases = dense.biases[1:].reshape(*steps, dense.biases.shape[1])
    per_layer = (matrices, biases, sets[:-1], sets[1:], inputs.truth[:-1])
    last, observed = jax.lax.scan(layer, first, per_layer)
    final = view(last, sets[-1], inputs.truth[-1])
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b[None]]), observed, final)
