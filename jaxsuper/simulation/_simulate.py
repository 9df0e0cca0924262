"""Batches of any size in bounded memory: one compile, chunk after chunk."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from .._arrays import check_key
from .._errors import check, check_kind
from .._limits import check_cost, check_index, check_optional, Cost
from .._types import KeyScalar
from ..network import AbstractNetwork, DenseNetwork, mesh_of, SAMPLES
from ._chunks import layers_once, run_chunks, Trajectories
from ._cost import erroneous_bytes, memories, run_seconds, sample_bytes
from ._inputs import checked_share
from ._metrics import metric_names
from ._padding import chunk_for, slots_for
from ._program_inputs import check_groups
from ._statistics import finish, Measurement


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
    devices: Sequence[jax.Device] | None = None,
    erroneous_share: float | int = 0.0,
) -> Measurement:
    """Measure a network on a batch of random inputs.

    Sample i depends on `fold_in(key, i)` alone: neither chunk size nor device count matters. Devices
    share the chunks, and the result is bit for bit that of one of them. Where several devices hold
    one network together (`prepare(mesh=...)`), these run every chunk, and metrics change by rounding.

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
        devices: that share the chunks, by default all accelerators of this process; choose smaller
            chunks if there are more devices than chunks.
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
    options: dict[str, Any] = {"chunk": chunk, "slots": slots, "dense": dense, "progress": progress}
    options |= {"devices": devices, "erroneous_share": erroneous_share}
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
    devices: Sequence[jax.Device] | None = None,
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
        devices: that share the chunks.
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
    width = 1
    if network.edges is not None:
        check_groups(network.edges, n_active)
        # A slot for a group is one for all the circuits that it may switch on.
        slots, width = slots or n_active, network.edges.width
    room = slots_for(n_active, limit) if slots is None else slots
    check(n_active <= room <= limit, "slots", f"must lie in {n_active}..{limit}", slots)
    size = chunk or default_chunk(network, batch_size)
    sizes = (network.n_circuits, network.block_width, room * width, network.n_layers)
    each = sample_bytes(*sizes)
    share = checked_share(erroneous_share)
    if share is not None:
        each += erroneous_bytes(network.n_circuits, network.redundancy, network.circuits.width)
    mesh = mesh_of(network)
    if mesh is not None:
        size += -size % mesh.shape[SAMPLES]
        each /= memories(mesh.size)
    check_cost(lambda chunk: Cost(chunk * each), {"chunk": size})
    counted = np.int32(n_active)
    layers = None if dense is not None else layers_once(network, -(-batch_size // size))
    same = (network, key, dense, counted, layers, share)
    parts, trajectories = run_chunks(same, room, size, n_shown, batch_size, progress, devices)
    first = min(size, batch_size)
    many = n_active * width
    kept = Trajectories(*(np.asarray(leaf)[:, :, :many, :first] for leaf in trajectories))
    return finish(parts, *metric_names(network.circuits)), kept
