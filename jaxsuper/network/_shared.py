"""What constructions share: embedding, readout and sums over circuits, as plain functions.

A construction takes them as its methods (`readout = means_as_they_are`) or calls them.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float, sum_of, take_rows
from .._types import Activations, ActiveIds, Channels, CircuitValues
from ..circuits import AbstractCircuits, Layout, mean_matrix, small_weights
from ..programs import Edges, full_weights
from ._network import AbstractNetwork
from ._over_devices import read_rows, send_rows
from ._placement import indicator_vectors, neurons_of, Placement
from ._sums import copies


def stacked(values: Array, n_layers: int) -> Array:
    """Return per-layer values for layers 2..L of a stack over (1 or L) layers."""
    if values.shape[0] == 1:
        return jnp.broadcast_to(values, (n_layers - 1, *values.shape[1:]))
    return values[1:]


def combine(row: tuple[int, ...], blocks: Float[Array, "d n B"]) -> Float[Array, "n B"]:
    """Return the combination of blocks with given coefficients, zeros and ones spared."""
    terms = [
        blocks[i] if c == 1 else -blocks[i] if c == -1 else c * blocks[i]
        for i, c in enumerate(row)
        if c
    ]
    return sum_of(terms)


def spread(
    values: Float[Array, "k T B"], members: Int[Array, "n R"], sets: Int[Array, "T S"]
) -> Float[Array, "k n B"]:
    """Return sum_t e_t values_t: every neuron adds up its circuits.

    Args:
        values: (k, T, B).
        members: the circuits on each neuron.
        sets: the neurons of each circuit, for the gradient.
    """
    return send_rows(values, members, sets)


def mean_part(
    weights: Float[Array, "d r"], seen: Sequence[Float[Array, "n B"]]
) -> Float[Array, "d n B"]:
    """Apply the d x r mean weights across blocks, as sums of blocks: they fuse."""
    columns = weights.T[:, :, None, None]
    return sum_of([w * copies(block, len(weights)) for w, block in zip(columns, seen, strict=True)])


def difference_part(
    layout: Layout, weights: Float[Array, "T out in_"], means: CircuitValues
) -> Float[Array, "out T B"]:
    """Apply each circuit's own weights to its difference channels."""
    count = len(layout.difference_outputs)
    if not count:
        return jnp.zeros((0, *means.shape[1:]), means.dtype)
    # One product over all outputs and circuits: a stack of rows would be written element by element.
    columns = weights.transpose(1, 2, 0)[..., None]
    seen = enumerate(layout.difference_channels)
    return sum_of([columns[:, i] * copies(means[channel], count) for i, channel in seen])


def add_difference(
    layout: Layout, blocks: Float[Array, "d n B"], change: Float[Array, "out n B"]
) -> Activations:
    """Add the difference outputs to their blocks."""
    outputs = layout.difference_outputs
    if not outputs:
        return blocks
    first, end = outputs[0], outputs[-1] + 1
    if outputs != tuple(range(first, end)):
        return blocks.at[jnp.array(outputs)].add(change)
    # Padded, not stacked: it fuses into one pass over the blocks.
    return blocks + jnp.pad(change, ((first, len(blocks) - end), (0, 0), (0, 0)))


def embed(placement: Placement, values: Float[Array, "d z B"], active: ActiveIds) -> Activations:
    """Return sum_t e_t^1 values_t over the active circuits, (d, n, B)."""
    width, n_active, batch = values.shape
    n = placement.block_width
    neurons = neurons_of(placement.sets[0], active, n)
    # One row for each neuron of each block: with the blocks as a window of the scatter a TPU would lay
    # them out as the last axis, and pad them to 128.
    blocks = jnp.where(neurons < n, neurons, width * n)[None]
    rows = blocks + (n * jnp.arange(width, dtype=neurons.dtype))[:, None, None, None]
    samples = jnp.arange(batch)[None, None, :, None]
    each = jnp.broadcast_to(values[..., None], (width, n_active, batch, placement.redundancy))
    empty = jnp.zeros((width * n, batch), values.dtype)
    return empty.at[rows, samples].add(each, mode="drop").reshape(width, n, batch)


def first_activations(
    circuits: AbstractCircuits,
    active: ActiveIds,
    inputs: Float[Array, "d z B"],
    precision: str,
) -> Float[Array, "d z B"]:
    """Return what the first layer of each active circuit holds when run on its own."""
    weights = small_weights(circuits, 0)[active]
    values = jnp.einsum("zboi,izb->ozb", weights, inputs, precision=precision)
    return jax.nn.relu(values + circuits.biases()[0][:, None, None])


def embed_inputs(
    self: AbstractNetwork, active: ActiveIds, inputs: Float[Array, "d z B"]
) -> Activations:
    """Embed the active circuits exactly: A^1 = act(sum_t e_t^1 ⊗ (w_t a_t^0) + B)."""
    circuits, layout, precision = self.circuits, self.circuits.layout, self.precision
    seen = jnp.einsum("kd,dzb->kzb", layout.matrix, inputs, precision=precision)
    mean = circuits.mean_weights()[0]
    values = jnp.einsum(
        "dr,rzb->dzb", mean, take_rows(seen, layout.mean_channels), precision=precision
    )
    if layout.difference_channels:
        change = jnp.einsum(
            "zboi,izb->ozb",
            circuits.difference_weights()[0][active],
            take_rows(seen, layout.difference_channels),
            precision=precision,
        )
        values = values.at[jnp.array(layout.difference_outputs)].add(change)
    before = embed(self.placement, values, active)
    bias = circuits.biases()[0]
    return self.after(before + bias[:, None, None], self.placement.sets[0], active)


def dense_embed_inputs(
    self: AbstractNetwork,
) -> tuple[Float[Array, "T D d"], Float[Array, " D"]]:
    """Return embedding and bias of `embed_inputs`, over all d·n entries."""
    circuits = self.circuits
    embedding = embedding_of(self.placement, small_weights(circuits, 0))
    return embedding, jnp.repeat(circuits.biases()[0], self.block_width)


def embedding_of(placement: Placement, weights: Float[Array, "T d d"]) -> Float[Array, "T D d"]:
    """Return e_t^1 ⊗ w_t of every circuit, over all d·n entries."""
    sets = indicator_vectors(placement, 0)
    full = sets[:, None, :, None] * weights[:, :, None, :]
    return full.reshape(placement.n_circuits, -1, weights.shape[2])


def no_dense_first(
    self: AbstractNetwork,
) -> tuple[Float[Array, "T D d"], Float[Array, " D"]]:
    """Raise a `ValueError`: the first layer is no linear embedding and ReLU."""
    kind = type(self).__name__
    raise ValueError(f"`network` must have a linear embedding, got {kind}")


def rectified(
    self: AbstractNetwork, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
) -> Activations:
    """Apply the ReLU."""
    del self, sets, active
    return jax.nn.relu(before)


def circuit_channels(self: AbstractNetwork, activations: Activations) -> Channels:
    """Return the k channels of every neuron, `layout.channels` applied across blocks."""
    return jnp.stack([combine(row, activations) for row in self.circuits.layout.channels])


def means_over_sets(
    self: AbstractNetwork, channels: Channels, sets: Int[Array, "T S"]
) -> CircuitValues:
    """Return the mean of each channel over the S neurons of each circuit."""
    scale = 1 / as_float(self.placement.extent.redundancy)
    return read_rows(channels, sets, scale, self.placement.only_members())


def means_as_they_are(
    self: AbstractNetwork, channels: Channels, means: CircuitValues
) -> CircuitValues:
    """Return the means over M_t: e/S reads out."""
    del self, channels
    return means


def all_exist(self: AbstractNetwork) -> Bool[np.ndarray, "d n"]:
    """Return that every entry is a neuron."""
    return np.ones((self.circuits.width, self.block_width), bool)


def outer(
    weights: Float[Array, "T i j"], to: Float[Array, "T n"], from_: Float[Array, "T n"]
) -> Float[Array, "i n j n"]:
    """Return sum_t weights[t, i, j] to_t ⊗ from_t, for dense twins."""
    width = weights.shape[1]
    row = jax.vmap(lambda w: jnp.matmul((to * w[:, None]).T, from_, precision="highest"))
    blocks = jnp.stack([row(weights[:, i, :].T) for i in range(width)])
    return jnp.moveaxis(blocks, 2, 1)


def edge_vectors(
    edges: Edges | None, layer: int, before: Float[Array, "T n"], after: Float[Array, "T n2"]
) -> tuple[Float[Array, "E n"], Float[Array, "E n2"]]:
    """Return e_source and e_target of the edges into array layer `layer`, for dense twins.

    Without edges those of the circuits, each its own successor.
    """
    if edges is None:
        return before, after
    to = after.at[edges.targets[layer - 1]].get(mode="fill", fill_value=0.0)
    return before[edges.sources[layer - 1]], to


def dense_own(
    network: AbstractNetwork, layer: int
) -> tuple[Float[Array, "E d d"], Float[Array, " E"]]:
    """Return W_e - o_e wbar of the edges, or circuits, into array layer `layer`, and which open.

    As dense d x d matrices, for dense twins.
    """
    circuits, edges = network.circuits, network.edges
    if edges is None:
        full, opens = small_weights(circuits, layer), jnp.ones(network.n_circuits)
    else:
        full = full_weights(circuits, edges, layer - 1)
        opens = jnp.asarray(edges.opens[layer - 1], jnp.float32)
    return full - opens[:, None, None] * mean_matrix(circuits, layer)[None], opens


def bias_of(circuits: AbstractCircuits, layer: int) -> Float[Array, " d"]:
    """Return the biases of a layer, for dense twins."""
    stack = circuits.biases()
    return stack[layer if stack.shape[0] > 1 else 0]
