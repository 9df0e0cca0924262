"""Dense W and B of the constructions that are no plain sum over circuits, from the definition."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..circuits import small_weights
from ._base import AbstractNetwork
from ._block import Block
from ._cleaned import Cleaned
from ._private import Private
from ._separate import Separate
from ._two_part import TwoPart


def indicators(network: AbstractNetwork, layer: int | Int[Array, ""]) -> Float[Array, "T n"]:
    """Return the indicator vectors e_t of a layer, counted from 0."""
    sets = network.placement.sets[layer]
    empty = jnp.zeros((network.n_circuits, network.block_width))
    return empty.at[jnp.arange(network.n_circuits)[:, None], sets].set(1.0)


def outer(weights, to, from_):
    """Return sum_t weights[t, i, j] to_t ⊗ from_t as (d, n, d, n)."""
    width = weights.shape[1]
    row = jax.vmap(lambda w: jnp.matmul((to * w[:, None]).T, from_, precision="highest"))
    blocks = jnp.stack([row(weights[:, i, :].T) for i in range(width)])
    return jnp.moveaxis(blocks, 2, 1)


def private_parameters(
    network: Private, layer: int
) -> tuple[Float[Array, "D D"], Float[Array, " D"]]:
    """Return W and B into array layer `layer`, with alpha = 1 - off put in everywhere."""
    circuits, width = network.circuits, network.circuits.width
    full, after = small_weights(circuits, layer), indicators(network, layer)
    mean = circuits.mean_weights()[layer if circuits.mean_weights().shape[0] > 1 else 0]
    mean = mean @ circuits.layout.matrix[:1]
    links = outer(full - mean[None], after, after)
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


def two_part_parameters(
    network: TwoPart, layer: int
) -> tuple[Float[Array, "D D"], Float[Array, " D"]]:
    """Return W and B into array layer `layer` over all entries, those that are no neurons too."""
    circuits, split, width = network.circuits, network.indicator_redundancy, network.indicator_width
    layout, columns = circuits.layout, network.block_width
    sets, count = network.placement.sets, network.n_circuits
    rows = jnp.arange(count)[:, None]
    empty = jnp.zeros((count, columns))
    on_before = empty.at[rows, sets[layer - 1, :, :split]].set(1.0)
    on_after = empty.at[rows, sets[layer, :, :split]].set(1.0)
    x_before = empty.at[rows, sets[layer - 1, :, split:]].set(1.0)
    x_after = empty.at[rows, sets[layer, :, split:]].set(1.0)

    def clipped(after, first, last, chi):
        linked = jnp.minimum(1.0, jnp.matmul(after.T, on_before, precision="highest"))
        chi = jnp.zeros(columns).at[first:last].set(chi * network.inhibition_factor)[:, None]
        exists = jnp.zeros((columns, columns)).at[first:last, :width].set(1.0)
        return (linked - chi * (1 - linked)) * exists / split

    def pick(stack):
        return stack[layer if stack.shape[0] > 1 else 0]

    mean, bias = pick(circuits.mean_weights())[:, 0], pick(circuits.biases())
    difference = pick(circuits.difference_weights())
    alpha = layout.matrix[0]
    gates = clipped(x_after, width, columns, network.gate_inhibition[layer - 1])
    payload = list(layout.difference_outputs)
    weights = jnp.zeros((circuits.width, columns, circuits.width, columns))
    for o, row in enumerate(payload):
        weights = weights.at[row].add(mean[row] * gates[:, None, :] * alpha[None, :, None])
        for i, source in enumerate(payload):
            rotation = difference[:, o, i, None] * x_after
            offset = jnp.matmul(rotation.T, on_before, precision="highest") / split
            links = jnp.matmul(rotation.T, x_before, precision="highest")
            weights = weights.at[row, :, source].add(links / network.payload_redundancy)
            weights = weights.at[row].add(-offset[:, None, :] * alpha[None, :, None])
    exists = network.exists()
    if isinstance(network, Separate):
        steps = clipped(on_after, 0, width, network.step_inhibition[layer - 1])
        for row in set(range(circuits.width)) - set(payload):
            weights = weights.at[row].add(mean[row] * steps[:, None, :] * alpha[None, :, None])
        biases = bias[:, None] * exists
    else:
        weights = weights.at[0, :, 0].set(jnp.diag(exists[0]))
        biases = (bias[:, None] * exists).at[0].set(0.0)
    size = circuits.width * columns
    return weights.reshape(size, size), biases.reshape(size)


def block_parameters(network: Block, layer: int) -> tuple[Float[Array, "D D"], Float[Array, " D"]]:
    """Return W and B into array layer `layer`; rows are off_here, off_next, y0 and y1."""
    circuits, n = network.circuits, network.block_width
    stack = circuits.difference_weights()
    rotations = stack[layer if stack.shape[0] > 1 else 0]
    links = outer(rotations, indicators(network, layer), indicators(network, layer - 1))
    mean = circuits.mean_weights()
    gate, eye = mean[layer if mean.shape[0] > 1 else 0, 2, 0], jnp.eye(n)
    weights = jnp.zeros((4, n, 4, n)).at[2:, :, 2:].set(links)
    # x = y - 1 + off_here, and the gate is 1 - off_next.
    weights = weights.at[2:, :, 0].set(links.sum(axis=2))
    weights = weights.at[2:, :, 1].set(-gate * eye[None])
    weights = weights.at[0, :, 1].set(eye).at[1, :, 0].set(eye)
    bias = jnp.zeros((4, n)).at[2:].set(1 - links.sum(axis=(2, 3)))
    return weights.reshape(4 * n, 4 * n), bias.reshape(4 * n)


def cleaned_parameters(
    network: Cleaned, layer: int
) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
    """Return W and B of the clean-up layer before array layer `layer`, and of that layer."""
    circuits, n = network.circuits, network.block_width
    before, after = indicators(network, layer - 1), indicators(network, layer)
    linked = jnp.minimum(1.0, jnp.matmul(after.T, before, precision="highest"))
    chi = (network.inhibition[layer - 1] * network.inhibition_factor)[:, None]
    tilde = (linked - chi * (1 - linked)) / network.redundancy
    mean, bias, rotations = (
        stack[layer if stack.shape[0] > 1 else 0]
        for stack in (circuits.mean_weights(), circuits.biases(), circuits.difference_weights())
    )
    eye, alpha = jnp.eye(n), jnp.array([1.0, -1.0])
    # Rows on0, on1, h0, h1, from g, 0, y0, y1.
    clean = jnp.zeros((4, n, 4, n))
    clean = clean.at[:2, :, 0].set(mean[:2, :, None] * tilde[None])
    for row in (2, 3):
        clean = clean.at[row, :, row].set(eye).at[row, :, 0].set(-eye)
    waiting = jnp.concatenate([jnp.repeat(bias[:2], n), jnp.ones(2 * n)])
    # Rows g, 0, y0, y1, from on0, on1, h0, h1.
    links = outer(rotations, after, before) / network.redundancy
    compute = jnp.zeros((4, n, 4, n)).at[2:, :, 2:].set(links)
    for row, gate in zip((0, 2, 3), (2, 2, 3), strict=True):
        opener = mean[gate, 0] * alpha[None, :, None] * eye[:, None, :]
        compute = compute.at[row, :, :2].set(opener)
    opened = jnp.repeat(bias[2:], n) - links.sum(axis=(2, 3)).reshape(-1)
    shut = jnp.concatenate([jnp.full(n, bias[2]), jnp.zeros(n), opened])
    size = 4 * n
    return [(clean.reshape(size, size), waiting), (compute.reshape(size, size), shut)]
