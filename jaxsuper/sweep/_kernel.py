"""The compiled program of a bucket: configurations one after the other, on every device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int, UInt32

from ..allocation import Padded, Widened
from ..circuits import layout_of
from ..simulation import (
    chunk_statistics,
    Configuration,
    Fitted,
    metric_names,
    Moments,
    network_from,
    network_keys,
    PARAMETERS,
    Parts,
)
from ._buckets import Bucket
from ._shape import Kind


AXIS = "configuration"
# A CPU device is one core (see `use_all_cores`): threads within a program would only wait for each
# other, which for small networks takes longer than the work.
_ONE_CORE: dict[str, str | bool] = {
    "xla_cpu_multi_thread_eigen": False,
    "xla_cpu_enable_concurrency_optimized_scheduler": False,
}


class Batch(eqx.Module):
    """Configurations of a bucket, one per entry of the leading axis of every leaf.

    Attributes:
        design: which entry of the device's table of allocations it is built of.
        seed, network, n_active, batch_size: as in `Configuration`.
        parameters: the continuous parameters by name.
    """

    design: Int[Array | np.ndarray, "*c"]
    seed: UInt32[Array | np.ndarray, "*c"]
    network: Int[Array | np.ndarray, "*c"]
    n_active: Int[Array | np.ndarray, "*c"]
    batch_size: Int[Array | np.ndarray, "*c"]
    parameters: dict[str, Float[Array | np.ndarray, "*c"]]


_DTYPES = {"seed": np.uint32, "network": np.int32, "n_active": np.int32, "batch_size": np.int32}


@dataclass(frozen=True)
class Program:
    """The static numbers of a bucket's program.

    Attributes:
        kind: of the circuits and the network.
        padded: (T, n, S, R) of the arrays, with room for a circuit and a neuron that do not count
            where networks are padded.
        n_active: slots for active circuits.
        n_layers: layers run.
        chunk: samples run at once.
        n_chunks: chunks of samples.
        width: configurations run side by side on a device, by `vmap`.
        capacity: configurations that a device takes in one call, a multiple of `width`.
        designs: distinct allocations that a device takes in one call.
    """

    kind: Kind
    padded: tuple[int, int, int, int]
    n_active: int
    n_layers: int
    chunk: int
    n_chunks: int
    width: int
    capacity: int
    designs: int

    @classmethod
    def of(
        cls, bucket: Bucket, chunk: int, width: int, capacity: int, designs: int | None = None
    ) -> "Program":
        """Return the program of a bucket, by default for as many designs as configurations."""
        s = bucket.shape
        room = 0 if bucket.kind.sizes else 1
        padded = (s.n_circuits + room, s.block_width + room, s.redundancy, s.load)
        n_chunks = -(-s.batch_size // chunk)
        size = -(-capacity // width) * width
        numbers = (chunk, n_chunks, width, size, designs or size)
        return cls(bucket.kind, padded, s.n_active, s.n_layers, *numbers)


def table_of(parts: Sequence[Sequence[Parts]], program: Program) -> Fitted:
    """Stack the allocations that each device needs, on the host.

    Args:
        parts: for each device what its networks are built of, at least one and at most `designs`.
        program: for the padded shape.

    Returns:
        Numpy arrays with a leading axis of `designs` for each device; what is not needed repeats
        the device's first.
    """
    fitted = {id(each): _fitted(each, program) for some in parts for each in some}
    filled = [
        fitted[id(each)]
        for some in parts
        for each in [*some, *[some[0]] * (program.designs - len(some))]
    ]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *filled)


def batch_of(configurations: Sequence[Configuration], designs: np.ndarray) -> Batch:
    """Stack configurations, on the host.

    Args:
        configurations: at least one.
        designs: int32, which entry of its device's table each is built of.

    Returns:
        The batch, as numpy arrays.
    """

    def column(name: str, dtype: Any = np.float32) -> np.ndarray:
        return np.array([getattr(one, name) for one in configurations], dtype)

    integers = {name: column(name, dtype) for name, dtype in _DTYPES.items()}
    return Batch(designs, parameters={name: column(name) for name in PARAMETERS}, **integers)


def _fitted(parts: Parts, program: Program) -> Fitted:
    """Bring the arrays of allocations to the shapes of a program."""
    if not program.kind.sizes:
        return Padded(parts.allocation, program.padded), None, None
    longest, own = program.padded[3], parts.indicators
    widened = None if own is None else Widened(own, longest)
    return Widened(parts.allocation, longest), widened, parts.edges


def measure(program: Program, table: Fitted, one: Batch) -> Moments:
    """Build and measure one configuration; traced.

    Args:
        program: the static numbers.
        table: the allocations that this device has, stacked.
        one: a batch without leading axis.

    Returns:
        The moments of every chunk of samples, stacked; those of chunks beyond the batch size
        count no sample.
    """
    recipe, n_layers = program.kind.recipe, program.n_layers
    parts = jax.tree.map(lambda leaf: leaf[one.design], table)
    network = network_from(recipe, n_layers, parts, one.parameters, one.seed, one.network)
    key = network_keys(one.seed, one.network)[2]

    def samples(first):
        valid = jnp.clip(one.batch_size - first, 0, program.chunk)
        return chunk_statistics(
            network, program.n_active, program.chunk, first, valid, key, counted=one.n_active
        )

    return jax.lax.map(samples, jnp.arange(program.n_chunks) * program.chunk)


def run_batch(program: Program, table: Fitted, batch: Batch, count: Int[Array, "1"]) -> Moments:
    """Measure the first `count` configurations of a device's batch; traced.

    The loop ends after the last of them, so that a batch that is not full costs no more.

    Args:
        program: the static numbers.
        table: `designs` allocations.
        batch: `capacity` configurations.
        count: how many count.

    Returns:
        Moments, a leading axis of `capacity`; zero where there is no configuration.
    """
    width = program.width
    one = partial(measure, program, table)

    def several(start):
        if width == 1:
            here = jax.tree.map(lambda leaf: leaf[start], batch)
            return jax.tree.map(lambda leaf: leaf[None], one(here))
        here = jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, start, width, 0), batch)
        return jax.vmap(one)(here)

    def step(index, results):
        found = several(index * width)
        return jax.tree.map(
            lambda all_, new: jax.lax.dynamic_update_slice_in_dim(all_, new, index * width, 0),
            results,
            found,
        )

    averaged, worst = (len(names) for names in metric_names(layout_of(program.kind.recipe.circuit)))
    parts = (program.capacity, program.n_chunks)
    zeros = lambda columns: jnp.zeros((*parts, program.n_layers, columns), jnp.float32)
    empty = Moments(jnp.zeros(parts, jnp.int32), zeros(averaged), zeros(averaged), zeros(worst))
    return jax.lax.fori_loop(0, (count[0] + width - 1) // width, step, empty)


def compile_program(
    program: Program, mesh: Mesh, configuration: Configuration, parts: Parts
) -> Callable[[Fitted, Batch, Any], Moments]:
    """Trace and compile the program of a bucket for all devices of a mesh.

    Args:
        program: the static numbers.
        mesh: one axis of devices, over which the configurations are split.
        configuration: any of the bucket.
        parts: what its network is built of, for the shapes of allocations.

    Returns:
        The compiled function of a sharded table of `designs` allocations per device, a batch of
        `capacity` configurations per device, and the number of them that count on each device.
    """
    split = PartitionSpec(AXIS)
    mapped = jax.shard_map(
        partial(run_batch, program),
        mesh=mesh,
        in_specs=(split, split, split),
        out_specs=split,
        check_vma=False,
    )
    on_cpu = mesh.devices.flat[0].platform == "cpu"
    abstract = abstract_arguments(program, mesh, configuration, parts)
    lowered = jax.jit(mapped).lower(*abstract)
    return lowered.compile(compiler_options=_ONE_CORE if on_cpu else None)


def abstract_arguments(
    program: Program, mesh: Mesh, configuration: Configuration, parts: Parts
) -> tuple[Any, Any, Any]:
    """Return shapes, dtypes and shardings of the compiled function's arguments."""
    place = NamedSharding(mesh, PartitionSpec(AXIS))

    def abstract(tree, each):
        shape = lambda leaf: (each * mesh.size, *leaf.shape[1:])
        return jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(shape(leaf), leaf.dtype, sharding=place), tree
        )

    table = jax.tree.map(lambda leaf: leaf[None], _fitted(parts, program))
    batch = batch_of([configuration], np.zeros(1, np.int32))
    counts = jax.ShapeDtypeStruct((mesh.size,), jnp.int32, sharding=place)
    return abstract(table, program.designs), abstract(batch, program.capacity), counts
