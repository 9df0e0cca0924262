"""Dense W and B of a network, written out from the definition: for inspection and as cross-check.

Nothing here is shared with the structured forward pass: the matrices are sums over circuits of
outer products of indicator vectors, weights are full d x d matrices.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..circuits import small_weights
from ._base import AbstractNetwork, stacked
from ._clipped import Clipped
from ._corrected import CorrectedNetwork
from ._plain import Plain
from ._private import Private
from ._split import Split


class DenseParameters(eqx.Module):
    """A^l = act(W^l A^{l-1} + B^l) with D x D matrices.

    Attributes:
        weights: (L-1, D, D), W^2..W^L, [to, from]; neuron i·n + m is neuron m of block i.
        biases: (L, D), B^1..B^L.
    """

    weights: Float[Array, "gaps D D"]
    biases: Float[Array, "L D"]


def indicators(network: AbstractNetwork, layer: int) -> Float[Array, "T n"]:
    """Return the indicator vectors e_t of a layer, counted from 0."""
    sets = network.wiring.sets[layer]
    empty = jnp.zeros((network.n_circuits, network.block_width))
    return empty.at[jnp.arange(network.n_circuits)[:, None], sets].set(1.0)


def unembedding(network: CorrectedNetwork, layer: int) -> Float[Array, "T n"]:
    """Return the corrected u_t = e_t (1/S + c) - c of a layer, counted from 0."""
    overlap, redundancy = network.overlap, network.redundancy
    c = overlap / ((redundancy - overlap) * redundancy)
    return indicators(network, layer) * (1 / redundancy + c) - c


def _outer(weights, to, from_):
    """sum_t weights[t, i, j] to_t ⊗ from_t as (d, n, d, n)."""
    width = weights.shape[1]
    row = jax.vmap(lambda w: jnp.matmul((to * w[:, None]).T, from_, precision="highest"))
    blocks = jnp.stack([row(weights[:, i, :].T) for i in range(width)])
    return jnp.moveaxis(blocks, 2, 1)


def _weights(network: AbstractNetwork, layer: int) -> Float[Array, "D D"]:
    """W between array layers `layer - 1` and `layer`."""
    circuits, redundancy = network.circuits, network.redundancy
    full = small_weights(circuits, layer)
    layout = circuits.layout
    mean_stack = circuits.mean_weights()
    mean = mean_stack[layer if mean_stack.shape[0] > 1 else 0]
    mean = mean @ layout.matrix[list(layout.mean_channels)]
    before, after = indicators(network, layer - 1), indicators(network, layer)
    shared = jnp.broadcast_to(mean, full.shape)
    if isinstance(network, Private):
        return private_parameters(network, layer)[0]
    if isinstance(network, Plain):
        blocks = _outer(full, unembedding(network, layer), before)
    elif isinstance(network, Split):
        blocks = _outer(shared, unembedding(network, layer), before)
        blocks = blocks + _outer(full - shared, after, before) / redundancy
    elif isinstance(network, Clipped):
        count = jnp.matmul(after.T, before, precision="highest")
        clipped = jnp.minimum(1.0, count)
        chi = (network.inhibition[layer - 1] * network.inhibition_factor)[:, None]
        tilde = clipped - chi * (1 - clipped)
        blocks = mean[:, None, :, None] * tilde[None, :, None, :]
        blocks = (blocks + _outer(full - shared, after, before)) / redundancy
    else:
        raise TypeError(f"no dense form is known for {type(network).__name__}")
    return blocks.reshape(network.network_width, network.network_width)


def private_parameters(
    network: Private, layer: int
) -> tuple[Float[Array, "D D"], Float[Array, " D"]]:
    """Return W and B into array layer `layer`, with alpha = 1 - off put in everywhere."""
    circuits, width = network.circuits, network.circuits.width
    full, after = small_weights(circuits, layer), indicators(network, layer)
    mean = circuits.mean_weights()[layer if circuits.mean_weights().shape[0] > 1 else 0]
    mean = mean @ circuits.layout.matrix[:1]
    links = _outer(full - mean[None], after, after)
    diagonal = jnp.eye(network.block_width)[None, :, None, :]
    links = links * (1 - diagonal) / (network.redundancy - 1) + mean[:, None, :, None] * diagonal
    bias = circuits.biases()[layer if circuits.biases().shape[0] > 1 else 0]
    from_on = links[:, :, 0, :]
    # The mean and difference weights read on = 1 - off: a bias, and the weight reversed.
    bias = bias[:, None] + from_on.sum(axis=-1)
    links = links.at[:, :, 0, :].set(-from_on)
    links = links.at[0].set(0.0).at[0, :, 0, :].set(jnp.eye(network.block_width))
    flat = width * network.block_width
    return links.reshape(flat, flat), bias.at[0].set(0.0).reshape(flat)


def dense_parameters(network: AbstractNetwork) -> DenseParameters:
    """Write out all weight matrices and biases: 4·(L-1)·D^2 bytes.

    Args:
        network: any of the constructions.

    Returns:
        The dense parameters; the first layer is an exact embedding and has no matrix.
    """
    width, layers = network.network_width, network.n_layers
    matrices = [_weights(network, layer) for layer in range(1, layers)]
    weights = jnp.stack(matrices) if matrices else jnp.zeros((0, width, width))
    bias = network.circuits.biases()
    later = jnp.concatenate([bias[:1], stacked(bias, layers)])
    biases = jnp.repeat(later, network.block_width, axis=1)
    if isinstance(network, Private):
        own = [private_parameters(network, layer)[1] for layer in range(1, layers)]
        biases = jnp.stack([biases[0], *own])
    return DenseParameters(weights, biases)
