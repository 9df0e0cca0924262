"""Batches of any size in bounded memory: one compile, chunk after chunk."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import check_key
from .._errors import check, check_kind
from .._limits import check_cost, check_index, check_optional, Cost
from .._types import KeyScalar
from ..network import AbstractLayer, AbstractNetwork, DenseNetwork
from ._cost import erroneous_bytes, run_seconds, sample_bytes
from ._forward import dense_forward, forward, LayerView
from ._inputs import checked_share, sample_inputs
from ._metrics import layer_metrics, metric_names
from ._padding import chunk_for, slots_for
from ._statistics import finish, Measurement, Moments, moments


# Entries of Ctilde, in all layers, that take as long to make as it takes to compile what makes them.
_MANY_ENTRIES = 2**25


class Trajectories(NamedTuple):
    """The active circuits of a few samples, layer by layer.

    Attributes:
        estimated: (L, k, z, B), their estimated channels.
        truth: (L, k, z, B), those of the small circuits run on their own.
    """

    estimated: Float[Array | np.ndarray, "L k z B"]
    truth: Float[Array | np.ndarray, "L k z B"]


def default_chunk(network: AbstractNetwork, batch_size: int) -> int:
    """Return how many samples to run at once on the default device.

    Args:
        network: the network.
        batch_size: samples asked for.

    Returns:
        What suits the device, rounded up where that is cheaper than another program for a batch of
        another size.
    """
    count, n, layers = network.n_circuits, network.block_width, network.n_layers
    sizes = (count, n, network.redundancy, count * network.redundancy / n, layers)
    seconds = run_seconds(*sizes, 1) - run_seconds(*sizes, 0)
    each = sample_bytes(count, n, 1, layers)
    return chunk_for(count, network.network_width, batch_size, seconds, each)


def chunk_statistics(
    network: AbstractNetwork,
    n_active: int,
    chunk: int,
    first_sample: Int[Array, ""],
    n_valid: Int[Array, ""],
    key: KeyScalar,
    dense: DenseNetwork | None = None,
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
    return _chunk(network, n_active, chunk, 0, first_sample, n_valid, key, dense, counted)[0]


def _chunk(
    network,
    n_active,
    chunk,
    n_shown,
    first_sample,
    n_valid,
    key,
    dense,
    counted,
    layers=None,
    erroneous_share=None,
):
    """Return the moments of a chunk and the trajectories of its first samples."""
    padded = network.placement.padded
    inputs = sample_inputs(
        network.circuits,
        n_active,
        network.n_layers,
        first_sample + jnp.arange(chunk),
        key=key,
        n_circuits=None if padded is None else padded.n_circuits,
        counted=counted,
        erroneous_share=erroneous_share,
    )
    shown = jnp.arange(min(n_shown, chunk))

    def observe(view: LayerView):
        metrics = layer_metrics(network.circuits.layout, view, padded, counted)
        ids = view.active[:, : len(shown)]
        return metrics, jnp.stack([channel[ids, shown[None]] for channel in view.estimates])

    if dense is None:
        observed = forward(network, inputs, observe, layers)
    else:
        observed = dense_forward(network, dense, inputs, observe)
    (averaged, worst), estimated = observed
    trajectories = Trajectories(estimated, inputs.truth[..., : len(shown)])
    return moments(averaged, worst, n_valid), trajectories


@eqx.filter_jit
def _run_chunk(network, n_active, chunk, n_shown, *arrays):
    return _chunk(network, n_active, chunk, n_shown, *arrays)


@eqx.filter_jit
def _layers(network):
    return network.layers()


def layers_once(network: AbstractNetwork, n_chunks: int) -> AbstractLayer | None:
    """Return the network's layers if to make them once, by a program of its own, is quicker.

    Args:
        network: the network.
        n_chunks: how many chunks of samples need them.

    Returns:
        The layers, for `forward`, or None if every chunk had better make them itself.
    """
    again = (n_chunks - 1) * (network.n_layers - 1) * network.block_width**2
    return _layers(network) if network.traits.inhibited and again >= _MANY_ENTRIES else None


def simulate(
    network: AbstractNetwork,
    n_active: int,
    batch_size: int,
    *,
    key: KeyScalar,
    chunk: int | None = None,
    slots: int | None = None,
    dense: DenseNetwork | None = None,
    progress: Callable[[int], None] | None = None,
    erroneous_share: float | int = 0.0,
) -> Measurement:
    """Measure a network on a batch of random inputs.

    Sample i depends on `fold_in(key, i)` alone: neither chunk size nor device count matters.

    Args:
        network: the network.
        n_active: z circuits, a uniform subset without replacement in every sample.
        batch_size: samples.
        key: root key of the samples.
        chunk: samples run at once, by default `default_chunk`.
        slots: room for so many active circuits: one compiled program serves all z up to it, and
            gives the same samples. By default there is room for 4, or for 8.
        dense: matrices to use instead of the structured pass.
        progress: called with the number of samples done after every chunk.
        erroneous_share: the chance of each inactive circuit to be on at the input by mistake.

    Returns:
        Metrics of layers 1..L with standard errors.

    Raises:
        ValueError: for an empty batch or chunk, unless 1 <= z <= T, or if a chunk needs more memory
            than there is.
    """
    check_index("batch_size", batch_size)
    check_optional("chunk", chunk)
    chunk = None if chunk is None else min(chunk, batch_size)
    options: dict[str, Any] = {"chunk": chunk, "slots": slots, "dense": dense}
    options["progress"] = progress
    options["erroneous_share"] = erroneous_share
    return simulate_and_show(network, n_active, batch_size, 0, key=key, **options)[0]


def simulate_and_show(
    network: AbstractNetwork,
    n_active: int,
    batch_size: int,
    n_shown: int,
    *,
    key: KeyScalar,
    chunk: int | None = None,
    slots: int | None = None,
    dense: DenseNetwork | None = None,
    progress: Callable[[int], None] | None = None,
    erroneous_share: float | int = 0.0,
) -> tuple[Measurement, Trajectories]:
    """As `simulate`, and return the trajectories of the first samples besides.

    Args:
        network: as in `simulate`; so the others.
        n_active: z.
        batch_size: samples.
        n_shown: of how many samples; at most those of the first chunk.
        key: root key of the samples.
        chunk: samples run at once; those of it that the batch does not have are padding.
        slots: room for active circuits.
        dense: matrices to use.
        progress: called after every chunk.
        erroneous_share: of inactive circuits on by mistake.

    Returns:
        The measurement, and the trajectories of samples 0..n_shown-1.

    Raises:
        ValueError: as `simulate`.
    """
    check_kind("network", network, AbstractNetwork)
    check_key("key", key)
    check_index("batch_size", batch_size)
    check_optional("chunk", chunk)
    check_index("n_active", n_active)
    limit = network.n_circuits
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)
    check_optional("slots", slots)
    room = slots_for(n_active, limit) if slots is None else slots
    check(n_active <= room <= limit, "slots", f"must lie in {n_active}..{limit}", slots)
    size = chunk or default_chunk(network, batch_size)
    each = sample_bytes(network.n_circuits, network.block_width, room, network.n_layers)
    check_cost(lambda chunk: Cost(chunk * each), {"chunk": size})
    share = checked_share(erroneous_share)
    if share is not None:
        each += erroneous_bytes(network.n_circuits, network.redundancy, network.circuits.width)
        check_cost(lambda chunk: Cost(chunk * each), {"chunk": size})
    counted = np.int32(n_active)
    layers = None if dense is not None else layers_once(network, -(-batch_size // size))
    parts, trajectories = [], None
    for first in range(0, batch_size, size):
        valid = min(size, batch_size - first)
        start, count = np.int32(first), np.int32(valid)
        part, shown = _run_chunk(
            network, room, size, n_shown, start, count, key, dense, counted, layers, share
        )
        # Chunks in flight together would compete for the cache.
        parts.append(jax.block_until_ready(part))
        trajectories = trajectories or shown
        if progress is not None:
            progress(first + valid)
    assert trajectories is not None
    first = min(size, batch_size)
    kept = Trajectories(*(np.asarray(leaf)[:, :, :n_active, :first] for leaf in trajectories))
    return finish(jax.device_get(parts), *metric_names(network.circuits)), kept
