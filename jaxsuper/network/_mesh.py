"""The mesh of devices that the program being traced is for, and how arrays are split over it.

See `_over_devices`, which holds what a network does with it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec


CIRCUITS, SAMPLES = "circuits", "samples"
_MESH: ContextVar[Mesh | None] = ContextVar("mesh", default=None)
_Tree = TypeVar("_Tree")


@contextmanager
def over(mesh: Mesh | None) -> Iterator[None]:
    """Trace what is inside for a network that lies on this mesh; on one device if it is None."""
    token = _MESH.set(mesh)
    try:
        yield
    finally:
        _MESH.reset(token)


def mesh_here() -> Mesh | None:
    """Return the mesh of the program that is being traced; None for one device."""
    return _MESH.get()


def held(tree: _Tree, axes: Sequence[str | None] = (), mesh: Mesh | None = None) -> _Tree:
    """Split arrays over a mesh along the given axes; nothing is done without one.

    Args:
        tree: of arrays.
        axes: name of the mesh's axis for each axis of the arrays; the others, and by default all,
            are whole on every device.
        mesh: that of the program if left out.

    Returns:
        The same values.
    """
    where = _MESH.get() if mesh is None else mesh
    if where is None:
        return tree
    sharding = NamedSharding(where, PartitionSpec(*axes))
    return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, sharding), tree)


def mapped(function: Any, mesh: Mesh, given: Any, result: Any) -> Any:
    """Return a function that every device of a mesh runs on its own part."""
    return jax.shard_map(function, mesh=mesh, in_specs=given, out_specs=result, check_vma=False)
