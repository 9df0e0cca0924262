"""Devices of one or many processes, and what lies on them."""

import os
from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

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
