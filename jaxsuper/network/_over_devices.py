"""One network over several devices: each holds a part of its circuits, and of the rows of Ctilde.

Which circuit reads which neuron is random, so every device needs the channels of all neurons, and
what a neuron receives comes from circuits on all devices. These are the two exchanges of a layer:
what the circuits of a device send is added up over devices, each keeping the rows of its own
neurons (a reduce-scatter), and the rows are brought together again for the next readout (an
all-gather), both of n rows, not of T. Sums over circuits, which metrics are made of, become a
number per sample and device. These are left to the compiler, as are the rows of products with
Ctilde; gathers of rows are not, since it would exchange after each of them.

Samples may be shared besides, by the other axis of the mesh: each row of devices holds the whole
network and runs its own.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, PartitionSpec
from jaxtyping import Array, Float, Int

from .._errors import check
from .._limits import check_index
from .._types import Channels, CircuitValues
from ._mesh import CIRCUITS, held, mapped, mesh_here, SAMPLES
from ._network import AbstractNetwork
from ._sums import gather_sum


_Tree = TypeVar("_Tree")
_IN_ORDER = {
    "xla_cpu_multi_thread_eigen": False,
    "xla_cpu_enable_concurrency_optimized_scheduler": False,
}


def circuit_mesh(devices: Sequence[jax.Device], n_shares: int | None = None) -> Mesh:
    """Return devices as rows that share a network each.

    Args:
        devices: all of one kind.
        n_shares: how many hold a network together; all if left out. With fewer there are several
            rows, which share the samples.

    Returns:
        A mesh of axes "samples" and "circuits".

    Raises:
        ValueError: unless the devices can be cut into equal rows.
    """
    count = len(devices)
    shares = count if n_shares is None else n_shares
    check_index("n_shares", shares)
    check(count > 0 and count % shares == 0, "n_shares", f"must divide {count} devices", shares)
    grid = np.array(list(devices), object).reshape(-1, shares)
    return Mesh(grid, (SAMPLES, CIRCUITS), axis_types=(AxisType.Auto,) * 2)


def mesh_of(network: AbstractNetwork) -> Mesh | None:
    """Return the mesh that a network lies on, as of `lists_by_share`, or None for one device."""
    place: Any = getattr(network.placement.members, "sharding", None)
    return place.mesh if CIRCUITS in (getattr(place, "spec", None) or ()) else None


class MeshProgram:
    """A function compiled for a network on one device or on several.

    Devices of a CPU share its threads. If one of them waits for the others in the only thread that
    could run those, none goes on: there, each device runs its program in a thread of its own.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Take a function of a mesh and arrays."""
        in_order: Any = partial(eqx.filter_jit, compiler_options=_IN_ORDER)
        self._simple, self._in_order = eqx.filter_jit(function), in_order(function)

    def __call__(self, mesh: Mesh | None, *given: Any) -> Any:
        """Run the function on these devices."""
        return self.of(mesh)(mesh, *given)

    def of(self, mesh: Mesh | None) -> Any:
        """Return the function, jitted for these devices."""
        on_cpu = mesh is not None and mesh.devices.flat[0].platform == "cpu"
        return self._in_order if on_cpu else self._simple


def share_samples(ids: Int[Array, " B"]) -> Int[Array, " B"]:
    """Split ids of samples over the rows of the mesh; nothing without one."""
    return held(ids, (SAMPLES,))


def bring_together(channels: Channels) -> Channels:
    """Give every device of a mesh the channels of all neurons, once for all that read them."""
    return held(channels, (None, None, SAMPLES))


def spread_out(tree: _Tree, network: AbstractNetwork) -> _Tree:
    """Split the arrays of a network, or of its layers, over the devices of the mesh; traced.

    Args:
        tree: of arrays. The axis of length T is split; of arrays (layers, n, ...) the rows, except
            of lists of circuits, which are as `lists_by_share` has them.
        network: whose they are.

    Returns:
        The same values.
    """
    mesh = mesh_here()
    if mesh is None:
        return tree
    lists = network.placement.members.shape[1:]

    def split(leaf):
        axis = None
        if leaf.shape[1:] == lists:
            axis = 2
        elif network.n_circuits in leaf.shape:
            axis = leaf.shape.index(network.n_circuits)
        elif leaf.ndim == 3 and leaf.shape[1] == network.block_width:
            axis = 1
        axes: list[str | None] = [None] * leaf.ndim
        if axis is not None and leaf.shape[axis] % mesh.shape[CIRCUITS] == 0:
            axes[axis] = CIRCUITS
        return held(leaf, axes)

    return jax.tree.map(lambda leaf: split(leaf) if eqx.is_array(leaf) else leaf, tree)


@MeshProgram
def _most(mesh: Mesh, members: Int[Array, "L n R"], size: int) -> Int[Array, ""]:
    """Return the most circuits of one share on one neuron."""
    n_shares = mesh.shape[CIRCUITS]
    count = lambda share: (members // size == share).sum(axis=-1).max()
    return jax.lax.map(count, jnp.arange(n_shares)).max()


@MeshProgram
def _lists(mesh: Mesh, members: Int[Array, "L n R"], size: int, longest: int):
    """Return the lists with the circuits of each share in a part of their own; (L, n, R')."""
    n_shares = mesh.shape[CIRCUITS]

    def of(share):
        own = jnp.where(members // size == share, members, size * n_shares)
        return jnp.sort(own, axis=-1)[..., :longest]

    # Made whole on every device, so that none waits for another in the loop.
    parts = held(jax.lax.map(of, jnp.arange(n_shares)), mesh=mesh)
    lists = jnp.moveaxis(parts, 0, 2).reshape(*members.shape[:2], n_shares * longest)
    return held(lists, (None, None, CIRCUITS), mesh)


def lists_by_share(network: AbstractNetwork, mesh: Mesh) -> AbstractNetwork:
    """Return a network whose lists of circuits on each neuron are split by who holds the circuits.

    Args:
        network: whose number of circuits is a multiple of the shares.
        mesh: that it lies on.

    Returns:
        The network; its lists are as valid as before, but longer.
    """
    members, size = network.placement.members, network.n_circuits // mesh.shape[CIRCUITS]
    longest = max(int(_most(mesh, members, size)), 1)
    lists = _lists(mesh, members, size, longest)
    return eqx.tree_at(lambda each: each.placement.members, network, lists)


def read_rows(
    channels: Channels,
    sets: Int[Array, "T S"],
    scale: Float[Array, ""],
    back: Int[Array, "n R"] | None,
) -> CircuitValues:
    """Return scale times the sum over each circuit's neurons, as `gather_sum` does.

    Args:
        channels: (k, n, B).
        sets: (T, S), the neurons of each circuit.
        scale: a factor.
        back: the circuits on each neuron, for the gradient.

    Returns:
        (k, T, B); on a mesh, each device has its circuits.
    """
    mesh = mesh_here()
    if mesh is None or sets.shape[0] % mesh.shape[CIRCUITS]:
        return gather_sum(channels, sets, scale, back=back)
    every, own = PartitionSpec(None, None, SAMPLES), PartitionSpec(None, CIRCUITS, SAMPLES)
    given = (every, PartitionSpec(CIRCUITS), PartitionSpec())
    return mapped(gather_sum, mesh, given, own)(channels, sets, scale)


def send_rows(
    values: Float[Array, "k T B"], members: Int[Array, "n R"], sets: Int[Array, "T S"]
) -> Float[Array, "k n B"]:
    """Return what each neuron's circuits send it, added up.

    Args:
        values: (k, T, B).
        members: (n, R), the circuits on each neuron; on a mesh split as by `lists_by_share`.
        sets: the neurons of each circuit, for the gradient.

    Returns:
        (k, n, B); on a mesh, each device has its neurons if they can be dealt out evenly.
    """
    mesh = mesh_here()
    shares = 1 if mesh is None else mesh.shape[CIRCUITS]
    if mesh is None or values.shape[1] % shares or members.shape[1] % shares:
        return gather_sum(values, members, ragged=True, back=sets)
    evenly = members.shape[0] % shares == 0
    own = PartitionSpec(None, CIRCUITS, SAMPLES)
    given, result = (own, PartitionSpec(None, CIRCUITS)), own
    if not evenly:
        result = PartitionSpec(None, None, SAMPLES)
    return mapped(partial(_sent, evenly), mesh, given, result)(values, members)


def _sent(evenly: bool, values, members):
    """Add up over devices what the circuits of each send; on one of them."""
    count = values.shape[1]
    here = members - count * jax.lax.axis_index(CIRCUITS)
    here = jnp.where((here >= 0) & (here < count), here, count)
    sent = gather_sum(values, here, ragged=True)
    if not evenly:
        return jax.lax.psum(sent, CIRCUITS)
    return jax.lax.psum_scatter(sent, CIRCUITS, scatter_dimension=1, tiled=True)
