"""Chunks of samples: what runs one, and how the devices of this process share them."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from .._types import KeyScalar
from ..network import AbstractLayer, AbstractNetwork, DenseNetwork
from ._forward import dense_forward, forward, LayerView
from ._inputs import sample_inputs
from ._metrics import layer_metrics
from ._statistics import Moments, moments


# Entries of Ctilde, in all layers, that take as long to make as it takes to compile what makes them.
_MANY_ENTRIES = 2**25


# What all chunks share: network, root key, matrices, slots that count, layers.
Shared: TypeAlias = tuple[
    AbstractNetwork, KeyScalar, DenseNetwork | None, Any, AbstractLayer | None
]
_AXIS = "samples"
# Calls whose results are awaited on an accelerator while the next one is under way.
_IN_FLIGHT = 2


class Trajectories(NamedTuple):
    """The active circuits of a few samples, layer by layer.

    Attributes:
        estimated: (L, k, z, B), their estimated channels.
        truth: (L, k, z, B), those of the small circuits run on their own.
    """

    estimated: Float[Array | np.ndarray, "L k z B"]
    truth: Float[Array | np.ndarray, "L k z B"]


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
    network, n_active, chunk, n_shown, first_sample, n_valid, key, dense, counted, layers=None
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
def _run_chunk(network, n_active, chunk, n_shown, first, n_valid, key, dense, counted, layers):
    return _chunk(network, n_active, chunk, n_shown, first, n_valid, key, dense, counted, layers)


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


@eqx.filter_jit
def _run_chunks(mesh, n_active, chunk, n_shown, firsts, counts, same):
    """As `_run_chunk`, a chunk for each device, stacked on a leading axis."""
    arrays, others = eqx.partition(same, eqx.is_array)

    def one(first, n_valid, arrays):
        network, key, dense, counted, layers = eqx.combine(arrays, others)
        sizes = (n_active, chunk, n_shown, first[0], n_valid[0])
        result = _chunk(network, *sizes, key, dense, counted, layers)
        return jax.tree.map(lambda leaf: leaf[None], result)

    split, whole = PartitionSpec(_AXIS), PartitionSpec()
    specs = (split, split, whole)
    mapped = jax.shard_map(one, mesh=mesh, in_specs=specs, out_specs=split, check_vma=False)
    return mapped(firsts, counts, arrays)


def _devices_for(same: Any, n_chunks: int) -> Mesh | None:
    """Return the devices that share the chunks; None if there is one, or one network has several."""
    devices = jax.local_devices()[:n_chunks]
    arrays = [leaf for leaf in jax.tree.leaves(same) if isinstance(leaf, jax.Array)]
    if len(devices) == 1 or any(len(leaf.devices()) > 1 for leaf in arrays):
        return None
    return Mesh(np.array(devices), (_AXIS,), axis_types=(AxisType.Auto,))


def run_chunks(
    same: Shared,
    n_active: int,
    chunk: int,
    n_shown: int,
    batch_size: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Moments], Trajectories]:
    """Run a batch, chunk after chunk, or as many at a time as this process has devices.

    Args:
        same: what all chunks share.
        n_active: slots.
        chunk: samples of a chunk.
        n_shown: samples of the first chunk to show.
        batch_size: samples in all.
        progress: called with the number of samples done.

    Returns:
        The moments of the chunks in the order of their samples, whatever device ran them, and the
        trajectories; on the host.
    """
    n_chunks = -(-batch_size // chunk)
    mesh = _devices_for(same, n_chunks)
    together = 1 if mesh is None else mesh.size
    run = _one_at_a_time(same) if mesh is None else _one_for_each(same, mesh)
    # Chunks in flight together would compete for the cache of a CPU.
    ahead = 0 if jax.default_backend() == "cpu" else _IN_FLIGHT
    under_way: list[Any] = []
    parts: list[Moments] = []
    trajectories, done = None, 0
    for start in range(0, n_chunks, together):
        firsts = chunk * np.arange(start, start + together, dtype=np.int32)
        counts = np.clip(batch_size - firsts, 0, chunk).astype(np.int32)
        part, shown = run((n_active, chunk, n_shown), firsts, counts)
        under_way.append(part)
        trajectories = trajectories or jax.device_get(shown)
        last = start + together >= n_chunks
        while len(under_way) > (0 if last else ahead):
            stacked = jax.device_get(under_way.pop(0))
            every = [stacked] if mesh is None else _taken_apart(stacked, together)
            parts += [each for each in every if each.count > 0]
            done += sum(int(each.count) for each in every)
            if progress is not None:
                progress(done)
    assert trajectories is not None
    if mesh is not None:
        trajectories = _taken_apart(trajectories, together)[0]
    return parts, trajectories


def _taken_apart(stacked: Any, count: int) -> list[Any]:
    return [jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for i in range(count)]


def _one_at_a_time(same: Shared) -> Callable[..., Any]:
    network, *others = same
    return lambda sizes, firsts, counts: _run_chunk(network, *sizes, firsts[0], counts[0], *others)


def _one_for_each(same: Shared, mesh: Mesh) -> Callable[..., Any]:
    whole, split = (NamedSharding(mesh, spec) for spec in (PartitionSpec(), PartitionSpec(_AXIS)))
    arrays, others = eqx.partition(same, eqx.is_array)
    everywhere = eqx.combine(jax.device_put(arrays, whole), others)
    return lambda sizes, firsts, counts: _run_chunks(
        mesh, *sizes, *jax.device_put((firsts, counts), split), everywhere
    )
