"""Batches of any size in bounded memory: one compile, chunk after chunk."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from .._errors import check
from .._types import KeyScalar
from ..network import AbstractNetwork, DenseParameters
from ._forward import dense_forward, forward
from ._inputs import sample_inputs
from ._metrics import layer_metrics, metric_names
from ._statistics import finish, Measurement, Moments, moments


# Floats per channel of a chunk: on a CPU a channel of all circuits should stay in the cache, on an
# accelerator the chunk should fill the device but not its memory.
_CPU_FLOATS, _ACCELERATOR_FLOATS = 2**18, 2**26
_SMALLEST, _LARGEST = 32, 8192


def default_chunk(network: AbstractNetwork, batch_size: int) -> int:
    """Return how many samples to run at once on the default device.

    Args:
        network: the network.
        batch_size: samples asked for.

    Returns:
        The batch size, or that of equal chunks that suit the device: no sample is padding but in
        the last chunk.
    """
    floats = _CPU_FLOATS if jax.default_backend() == "cpu" else _ACCELERATOR_FLOATS
    rows = max(network.n_circuits, network.network_width)
    chunk = _SMALLEST
    while chunk < _LARGEST and chunk * rows <= floats:
        chunk *= 2
    return -(-batch_size // -(-batch_size // chunk))


def chunk_statistics(
    network: AbstractNetwork,
    n_active: int,
    chunk: int,
    first_sample: Int[Array, ""],
    n_valid: Int[Array, ""],
    key: KeyScalar,
    dense: DenseParameters | None = None,
    counted: Int[Array | np.ndarray, ""] | None = None,
) -> Moments:
    """Simulate `chunk` samples and reduce them; pure, to be jitted or mapped by the caller.

    Args:
        network: the network.
        n_active: z.
        chunk: samples, a static number.
        first_sample: id of the first.
        n_valid: how many of them count.
        key: root key of the samples.
        dense: if given, its matrices are used instead of the structured pass.
        counted: how many of the `n_active` slots count, if not all.

    Returns:
        Their moments.
    """
    ids = first_sample + jnp.arange(chunk)
    padded = network.placement.padded
    inputs = sample_inputs(
        network.circuits,
        n_active,
        network.n_layers,
        ids,
        key=key,
        n_circuits=None if padded is None else padded.n_circuits,
        counted=counted,
    )

    def observe(view, truth):
        return layer_metrics(network.circuits, inputs.active, view, truth, padded, counted)

    if dense is None:
        averaged, worst = forward(network, inputs, observe)
    else:
        averaged, worst = dense_forward(network, dense, inputs, observe)
    return moments(averaged, worst, n_valid)


@eqx.filter_jit
def _run_chunk(network, n_active, chunk, first_sample, n_valid, key, dense) -> Moments:
    return chunk_statistics(network, n_active, chunk, first_sample, n_valid, key, dense)


def simulate(
    network: AbstractNetwork,
    n_active: int,
    batch_size: int,
    *,
    key: KeyScalar,
    chunk: int | None = None,
    dense: DenseParameters | None = None,
    progress: Callable[[int], None] | None = None,
) -> Measurement:
    """Measure a network on a batch of random inputs.

    Sample i depends on `fold_in(key, i)` alone: neither chunk size nor device count matters.

    Args:
        network: the network.
        n_active: z circuits, a uniform subset without replacement in every sample.
        batch_size: samples.
        key: root key of the samples.
        chunk: samples run at once, by default what suits the device.
        dense: matrices to use instead of the structured pass.
        progress: called with the number of samples done after every chunk.

    Returns:
        Metrics of layers 1..L with standard errors.

    Raises:
        ValueError: for an empty batch or chunk, or unless 1 <= z <= T.
    """
    check(batch_size >= 1, "batch_size", "must be at least 1", batch_size)
    check(chunk is None or chunk >= 1, "chunk", "must be at least 1", chunk)
    check(n_active >= 1, "n_active", "must be at least 1", n_active)
    limit = network.n_circuits
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)
    size = min(chunk or default_chunk(network, batch_size), batch_size)
    parts = []
    for first in range(0, batch_size, size):
        valid = min(size, batch_size - first)
        start, count = jnp.asarray(first, jnp.int32), jnp.asarray(valid, jnp.int32)
        parts.append(_run_chunk(network, n_active, size, start, count, key, dense))
        # Chunks in flight together would compete for the cache.
        jax.block_until_ready(parts[-1])
        if progress is not None:
            progress(first + valid)
    return finish(jax.device_get(parts), *metric_names(network.circuits))
