"""Chunks of samples: what runs one, and how the devices of this process share them."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from .._types import KeyScalar
from ..network import (
    AbstractLayer,
    AbstractNetwork,
    DenseNetwork,
    mesh_of,
    MeshProgram,
    over,
    share_samples,
    spread_out,
)
from ._forward import dense_forward, forward, LayerView
from ._inputs import sample_inputs
from ._metrics import layer_metrics
from ._program_inputs import circuits_on
from ._statistics import Moments, moments


# Entries of Ctilde, in all layers, that take as long to make as it takes to compile what makes them.
_MANY_ENTRIES = 2**25


# What all chunks share: network, root key, matrices, slots that count, layers, erroneous share.
Shared: TypeAlias = tuple[
    AbstractNetwork, KeyScalar, DenseNetwork | None, Any, AbstractLayer | None, Any
]
# Calls whose results are awaited on an accelerator while the next one is under way.
_IN_FLIGHT = 2


class Trajectories(NamedTuple):
    """The active circuits of a few samples, layer by layer.

    Attributes:
        estimated: (L, k, z, B), their estimated channels.
        truth: (L, k, z, B), those of the small circuits run on their own.

    Where fewer circuits are on than in another layer, both are NaN.
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
    return chunk_of(network, n_active, chunk, 0, first_sample, n_valid, key, dense, counted)[0]


def chunk_of(
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
        share_samples(first_sample + jnp.arange(chunk)),
        key=key,
        n_circuits=None if padded is None else padded.n_circuits,
        counted=counted,
        erroneous_share=erroneous_share,
        edges=network.edges,
    )
    shown = jnp.arange(min(n_shown, chunk))

    def observe(view: LayerView):
        count = counted
        if network.edges is not None:
            count = circuits_on(view.active, network.n_circuits)
        metrics = layer_metrics(network.circuits.layout, view, padded, count)
        ids = view.active[:, : len(shown)]
        return metrics, jnp.stack([channel[ids, shown[None]] for channel in view.estimates])

    if dense is None:
        made = _layers_of(network) if layers is None else layers
        observed = forward(network, inputs, observe, made)
    else:
        observed = dense_forward(network, dense, inputs, observe)
    (averaged, worst), estimated = observed
    truth = inputs.truth[..., : len(shown)]
    if network.edges is not None:
        there = inputs.active[:, None, :, : len(shown)] < network.n_circuits
        truth = jnp.where(there, truth, jnp.nan)
    trajectories = Trajectories(estimated, truth)
    return moments(averaged, worst, n_valid), trajectories


@MeshProgram
def _run_chunk(mesh, network, n_active, chunk, n_shown, *arrays):
    with over(mesh):
        return chunk_of(network, n_active, chunk, n_shown, *arrays)


@MeshProgram
def _layers(mesh, network):
    with over(mesh):
        return _layers_of(network)


def _layers_of(network):
    return spread_out(network.layers(), network)


def layers_once(network: AbstractNetwork, n_chunks: int) -> AbstractLayer | None:
    """Return the network's layers if to make them once, by a program of its own, is quicker.

    Args:
        network: the network.
        n_chunks: how many chunks of samples need them.

    Returns:
        The layers, for `forward`, or None if every chunk had better make them itself.
    """
    again = (n_chunks - 1) * (network.n_layers - 1) * network.block_width**2
    if not network.traits.inhibited or again < _MANY_ENTRIES:
        return None
    return _layers(mesh_of(network), network)


def sharing_devices() -> list[jax.Device]:
    """Return the devices that share a batch unless others are named: all accelerators there are.

    Devices of a CPU are the same cores by several names, and a default that was set is kept to.
    """
    if jax.default_backend() == "cpu" or jax.config.jax_default_device is not None:  # pyrefly: ignore
        return []
    return jax.local_devices()


def run_chunks(
    same: Shared,
    n_active: int,
    chunk: int,
    n_shown: int,
    batch_size: int,
    progress: Callable[[int], None] | None = None,
    devices: Sequence[jax.Device] | None = None,
) -> tuple[list[Moments], Trajectories]:
    """Run a batch, chunk after chunk, or as many at a time as there are devices to share it.

    Every device runs the program that one would: a program for all of them is compiled otherwise,
    and differs in the last bit.

    Args:
        same: what all chunks share.
        n_active: slots.
        chunk: samples of a chunk.
        n_shown: samples of the first chunk to show.
        batch_size: samples in all.
        progress: called with the number of samples done.
        devices: that share the chunks; where the arrays are if there is none.

    Returns:
        The moments of the chunks in the order of their samples, whatever device ran them, and the
        trajectories; on the host.
    """
    mesh = mesh_of(same[0])
    sharing = sharing_devices() if devices is None else devices
    places = _copies(same, sharing[: -(-batch_size // chunk)], mesh)
    # Chunks in flight together would compete for the cache of a CPU.
    ahead = 0 if jax.default_backend() == "cpu" else _IN_FLIGHT * len(places)
    under_way: deque[tuple[Moments, Trajectories]] = deque()
    parts: list[Moments] = []
    shown: list[Trajectories] = []
    done = 0

    def run(place, first):
        network, *others = place
        count = np.int32(min(chunk, batch_size - first))
        sizes = (n_active, chunk, n_shown)
        return _run_chunk(mesh, network, *sizes, np.int32(first), count, *others)

    def finish_one():
        nonlocal done
        part, trajectories = under_way.popleft()
        parts.append(jax.device_get(part))
        if not shown:
            shown.append(jax.device_get(trajectories))
        done += int(parts[-1].count)
        if progress is not None:
            progress(done)

    firsts = range(0, batch_size, chunk)
    # Threads, because the first call on every device compiles.
    with ThreadPoolExecutor(len(places)) as threads:
        for start in range(0, len(firsts), len(places)):
            together = firsts[start : start + len(places)]
            if len(together) == 1:
                under_way.append(run(places[0], together[0]))
            else:
                under_way.extend(threads.map(run, places, together))
            while len(under_way) > ahead:
                finish_one()
    while under_way:
        finish_one()
    return parts, shown[0]


def _copies(same: Shared, devices: Sequence[jax.Device], mesh: Mesh | None) -> list[Shared]:
    """Return the arrays on every device; as they are if they are not shared or on several."""
    arrays, others = eqx.partition(same, eqx.is_array)
    if mesh is not None:
        # Layers lie where their network does; the rest is small.
        network, key, dense, counted, layers, share = arrays
        everywhere = NamedSharding(mesh, PartitionSpec())
        key, dense, counted, share = jax.device_put((key, dense, counted, share), everywhere)
        return [eqx.combine((network, key, dense, counted, layers, share), others)]
    leaves = [leaf for leaf in jax.tree.leaves(arrays) if isinstance(leaf, jax.Array)]
    if len(devices) < 2 or any(len(leaf.devices()) > 1 for leaf in leaves):
        return [same]
    return [eqx.combine(jax.device_put(arrays, device), others) for device in devices]
