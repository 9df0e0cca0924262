"""Samples of a network, streamed to a file: inputs, active sets, true and network values by layer.

Activations are single precision of every reported layer, 4 L D bytes a sample; true values and
estimates are kept of the active circuits alone, since all others' true values are 0 and their estimates
follow from the activations. What all T would weigh is 8 L T c bytes a sample.
"""

from collections.abc import Callable
from math import ceil

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._types import KeyScalar
from ..network import AbstractNetwork, neurons_that_exist
from ..simulation import default_chunk, forward, LayerView, sample_inputs
from ._tensors import Shapes, Writer


# Bytes of activations that are held at once.
_HELD = 2**28


def sample_shapes(
    network: AbstractNetwork, n_active: int, n_samples: int, reported: list[int]
) -> Shapes:
    """Return the arrays of `samples.safetensors`.

    Args:
        network: the network.
        n_active: z, or groups.
        n_samples: N.
        reported: the layers.
    """
    layout, layers = network.circuits.layout, network.n_layers
    slots = n_active if network.edges is None else n_active * network.edges.width
    ids = jax.ShapeDtypeStruct((slots, 1), jnp.int32)
    given = jax.ShapeDtypeStruct((layout.width, slots, 1), jnp.float32)
    embedded = eqx.filter_eval_shape(lambda net, *each: net.embedded(*each), network, ids, given)
    m, c, N = embedded[0].shape[0], len(layout.channels), n_samples
    small: Shapes = {
        "active": ((N, layers, slots), np.int32),
        "embedded": ((N, m), np.int32),
        "inputs": ((N, m, layout.width), np.float32),
        "truth": ((N, layers, slots, c), np.float32),
        "estimates": ((N, layers, slots, c), np.float32),
    }
    wide = (N, network.network_width)
    return {**small, **{f"activations.{k}": (wide, np.float32) for k in reported}}


@eqx.filter_jit
def _chunk(network, n_active, ids, key):
    inputs = sample_inputs(
        network.circuits, n_active, network.n_layers, ids, key=key, edges=network.edges
    )
    keep, channels = neurons_that_exist(network), len(network.circuits.layout.channels)
    columns = jnp.arange(len(ids))[None]

    def observe(view: LayerView):
        flat = view.activations.reshape(-1, len(ids))[keep]
        known = view.estimates[:channels]
        # Circuits that are none are read as 0.
        read = known.at[:, view.active, columns].get(mode="fill", fill_value=0.0)
        return flat.T, view.active.T, view.truth.transpose(2, 1, 0), read.transpose(2, 1, 0)

    activations, active, truth, estimates = forward(network, inputs, observe)
    embedded, values = network.embedded(*inputs.embedded())
    small = active, truth, estimates
    return (
        activations,
        tuple(each.swapaxes(0, 1) for each in small),
        embedded.T,
        values.transpose(2, 1, 0),
    )


def stream(
    network: AbstractNetwork,
    n_active: int,
    n_samples: int,
    reported: list[int],
    writer: Writer,
    *,
    key: KeyScalar,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run the samples and write them, chunk after chunk.

    Args:
        network: the network.
        n_active: z, or groups.
        n_samples: N.
        reported: the layers.
        writer: of the file.
        key: root key: sample i depends on `fold_in(key, i)` alone.
        progress: called with samples done and in all.
    """
    each = 4 * network.n_layers * network.network_width
    size = min(n_samples, default_chunk(network, n_samples), max(1, _HELD // each))
    for number in range(ceil(n_samples / size)):
        start = number * size
        # The last chunk has the size of all, so that nothing is compiled twice.
        ids = jnp.arange(start, start + size, dtype=jnp.int32)
        activations, small, embedded, inputs = jax.device_get(_chunk(network, n_active, ids, key))
        count = min(size, n_samples - start)
        for name, values in zip(("active", "truth", "estimates"), small, strict=True):
            writer.put(name, values[:count], start)
        writer.put("embedded", embedded[:count], start)
        writer.put("inputs", inputs[:count], start)
        for layer, values in zip(reported, activations, strict=True):
            writer.put(f"activations.{layer}", values[:count], start)
        if progress is not None:
            progress(start + count, n_samples)
