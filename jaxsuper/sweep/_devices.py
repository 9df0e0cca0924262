"""Devices of one or many processes."""

import os
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from .._errors import check
from ._kernel import AXIS


def use_all_cores() -> None:
    """Make one CPU device per core, for a process that has no accelerator; before anything else.

    Programs of a sweep run on one core each, so this is what fills the machine. Nothing changes if
    JAX has started already or the number of devices was chosen by flag.
    """
    chosen = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if chosen or jax.config.jax_num_cpu_devices > 0:  # pyrefly: ignore
        return
    try:
        jax.config.update("jax_num_cpu_devices", available_cores())
    except RuntimeError:  # JAX has started
        return


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def join_processes(
    coordinator: str | None, process: int | None = None, processes: int | None = None
) -> None:
    """Join the processes of a job, so that its configurations are split over all their devices.

    Args:
        coordinator: HOST:PORT of process 0, or "auto" to ask the cluster (Slurm, MPI, cloud TPUs).
        process: 0..processes-1.
        processes: how many there are.

    Raises:
        ValueError: for numbers that do not fit together.
    """
    if coordinator is None:
        given = process if process is not None else processes
        check(given is None, "process", "must come with a `coordinator`", given)
        return
    if coordinator == "auto":
        jax.distributed.initialize()
        return
    host, _, port = coordinator.rpartition(":")
    rule = "must be HOST:PORT with a port of 1..65535, or auto"
    known = bool(host) and port.isdecimal() and 1 <= int(port[:6]) <= 65535
    check(known, "coordinator", rule, coordinator)
    count = processes or 0
    check(count >= 1, "processes", "must be at least 1", processes)
    inside = process is not None and 0 <= process < count
    check(inside, "process", f"must lie in 0..{count - 1}", process)
    jax.distributed.initialize(coordinator, processes, process)


def device_mesh() -> Mesh:
    """Return all devices of all processes as one axis."""
    return jax.make_mesh((len(jax.devices()),), (AXIS,), axis_types=(AxisType.Auto,))


def place(tree: Any, mesh: Mesh) -> Any:
    """Split the leading axis of host arrays, which all processes hold alike, over the mesh."""
    sharding = NamedSharding(mesh, PartitionSpec(AXIS))
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)

    def split(leaf):
        return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])

    return jax.tree.map(split, tree)


def any_process(flags: np.ndarray) -> np.ndarray:
    """Return the element-wise "or" of boolean arrays over all processes."""
    if jax.process_count() == 1:
        return flags
    return np.any(np.asarray(multihost_utils.process_allgather(flags)), axis=0, keepdims=True)[0]
