"""Dense W and B of a network, written out from the definition: for inspection and as cross-check.

Nothing here is shared with the structured forward pass: the matrices are sums over circuits of
outer products of indicator vectors, weights are full d x d matrices.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..circuits import small_weights
from ._base import AbstractNetwork, stacked
from ._block import Block
from ._cleaned import Cleaned
from ._clipped import Clipped
from ._corrected import CorrectedNetwork
from ._dense_parts import (
    block_parameters,
    cleaned_parameters,
    indicators,
    outer,
    private_parameters,
    two_part_parameters,
)
from ._plain import Plain
from ._private import Private
from ._split import Split
from ._two_part import TwoPart


class DenseParameters(eqx.Module):
    """A^l = act(W^l A^{l-1} + B^l) with D x D matrices.

    With `layers_per_step` = k layers for each that is reported, there are k matrices for each of
    the layers 2..L, in the order of computation, and as many biases besides that of layer 1.

    Attributes:
        weights: (k (L-1), D, D), W^2..W^L, [to, from]; neuron i·n + m is neuron m of block i.
        biases: (1 + k (L-1), D), B^1..B^L.
    """

    weights: Float[Array, "gaps D D"]
    biases: Float[Array, "layers D"]


def unembedding(network: CorrectedNetwork, layer: int) -> Float[Array, "T n"]:
    """Return the corrected u_t = e_t (1/S + c) - c of a layer, counted from 0."""
    overlap, redundancy = network.overlap, network.redundancy
    c = overlap / ((redundancy - overlap) * redundancy)
    return indicators(network, layer) * (1 / redundancy + c) - c


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
    if isinstance(network, Plain):
        blocks = outer(full, unembedding(network, layer), before)
    elif isinstance(network, Split):
        blocks = outer(shared, unembedding(network, layer), before)
        blocks = blocks + outer(full - shared, after, before) / redundancy
    elif isinstance(network, Clipped):
        count = jnp.matmul(after.T, before, precision="highest")
        clipped = jnp.minimum(1.0, count)
        chi = (network.inhibition[layer - 1] * network.inhibition_factor)[:, None]
        tilde = clipped - chi * (1 - clipped)
        blocks = mean[:, None, :, None] * tilde[None, :, None, :]
        blocks = (blocks + outer(full - shared, after, before)) / redundancy
    else:
        raise TypeError(f"no dense form is known for {type(network).__name__}")
    return blocks.reshape(network.network_width, network.network_width)


def dense_parameters(network: AbstractNetwork) -> DenseParameters:
    """Write out all weight matrices and biases: 4·(L-1)·D^2 bytes.

    Args:
        network: any of the constructions.

    Returns:
        The dense parameters; the first layer is an exact embedding and has no matrix.
    """
    width, layers = network.network_width, network.n_layers
    bias = network.circuits.biases()
    first = jnp.repeat(bias[0], network.block_width)
    if isinstance(network, Private):
        pairs = [private_parameters(network, layer) for layer in range(1, layers)]
    elif isinstance(network, Block):
        pairs = [block_parameters(network, layer) for layer in range(1, layers)]
    elif isinstance(network, Cleaned):
        pairs = [pair for layer in range(1, layers) for pair in cleaned_parameters(network, layer)]
    elif isinstance(network, TwoPart):
        pairs = [two_part_parameters(network, layer) for layer in range(1, layers)]
    else:
        later = jnp.repeat(stacked(bias, layers), network.block_width, axis=1)
        pairs = [(_weights(network, layer), later[layer - 1]) for layer in range(1, layers)]
    if not pairs:
        return DenseParameters(jnp.zeros((0, width, width)), first[None])
    weights, biases = zip(*pairs, strict=True)
    return DenseParameters(jnp.stack(weights), jnp.stack([first, *biases]))
