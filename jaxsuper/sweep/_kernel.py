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

from ..allocation import AbstractAllocation, Padded, Widened
from ..circuits import layout_of, make
from ..network import make_network
from ..simulation import (
    chunk_statistics,
    Configuration,
    INHIBITED,
    metric_names,
    Moments,
    network_keys,
)
from ._buckets import Bucket
from ._designs import Parts
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
        design: allocations; padded, or all of one size for networks that cannot be padded.
        indicators: those of indicators with neurons of their own.
        seed, network, n_active, batch_size: as in `Configuration`.
        lower_threshold, upper_threshold, gate_bias, inhibition_factor: as in `Configuration`.
    """

    design: AbstractAllocation
    indicators: AbstractAllocation | None
    seed: UInt32[Array | np.ndarray, "*c"]
    network: Int[Array | np.ndarray, "*c"]
    n_active: Int[Array | np.ndarray, "*c"]
    batch_size: Int[Array | np.ndarray, "*c"]
    lower_threshold: Float[Array | np.ndarray, "*c"]
    upper_threshold: Float[Array | np.ndarray, "*c"]
    gate_bias: Float[Array | np.ndarray, "*c"]
    inhibition_factor: Float[Array | np.ndarray, "*c"]


_DTYPES = {"seed": np.uint32, "network": np.int32, "n_active": np.int32, "batch_size": np.int32}
_SCALARS = tuple(
    name for name in Batch.__dataclass_fields__ if name not in ("design", "indicators")
)


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
    """

    kind: Kind
    padded: tuple[int, int, int, int]
    n_active: int
    n_layers: int
    chunk: int
    n_chunks: int
    width: int
    capacity: int

    @classmethod
    def of(cls, bucket: Bucket, chunk: int, width: int, capacity: int) -> "Program":
        """Return the program of a bucket."""
        s = bucket.shape
        room = 0 if bucket.kind.sizes else 1
        padded = (s.n_circuits + room, s.block_width + room, s.redundancy, s.load)
        n_chunks = -(-s.batch_size // chunk)
        size = -(-capacity // width) * width
        return cls(bucket.kind, padded, s.n_active, s.n_layers, chunk, n_chunks, width, size)


def batch_of(
    configurations: Sequence[Configuration], designs: Sequence[Parts], program: Program
) -> Batch:
    """Stack configurations, on the host.

    Args:
        configurations: at least one.
        designs: what their networks are built of.
        program: for the padded shape.

    Returns:
        The batch, as numpy arrays.
    """
    different = {id(parts[0]): parts for parts in designs}
    made = {key: _fitted(parts, program) for key, parts in different.items()}
    chosen = [made[id(parts[0])] for parts in designs]
    design, indicators = jax.tree.map(lambda *leaves: np.stack(leaves), *chosen)
    scalars = {
        name: np.array([getattr(c, name) for c in configurations], _DTYPES.get(name, np.float32))
        for name in _SCALARS
    }
    return Batch(design=design, indicators=indicators, **scalars)


def _fitted(parts: Parts, program: Program) -> tuple[AbstractAllocation, AbstractAllocation | None]:
    """Bring the arrays of designs to the shapes of a program."""
    design, indicators = parts
    if not program.kind.sizes:
        return Padded(design, program.padded), None
    longest = program.padded[3]
    return Widened(design, longest), None if indicators is None else Widened(indicators, longest)


def measure(program: Program, one: Batch) -> Moments:
    """Build and measure one configuration; traced.

    Args:
        program: the static numbers.
        one: a batch without leading axis.

    Returns:
        The moments of every chunk of samples, stacked; those of chunks beyond the batch size
        count no sample.
    """
    kind = program.kind
    keys = network_keys(one.seed, one.network)
    parameters = {
        "lower_threshold": one.lower_threshold,
        "upper_threshold": one.upper_threshold,
        "gate_bias": one.gate_bias,
    }
    circuits = make(kind.circuit, one.design.n_circuits, key=keys[0], **parameters)
    options: dict[str, Any] = {}
    if kind.construction in INHIBITED:
        options = {"inhibition": kind.inhibition, "inhibition_factor": one.inhibition_factor}
    if one.indicators is not None:
        options["indicators"] = one.indicators
    network = make_network(
        circuits,
        one.design,
        program.n_layers,
        kind.built,
        key=keys[1],
        precision=kind.precision,
        **options,
    )

    def samples(first):
        valid = jnp.clip(one.batch_size - first, 0, program.chunk)
        return chunk_statistics(
            network, program.n_active, program.chunk, first, valid, keys[2], counted=one.n_active
        )

    return jax.lax.map(samples, jnp.arange(program.n_chunks) * program.chunk)


def run_batch(program: Program, batch: Batch, count: Int[Array, "1"]) -> Moments:
    """Measure the first `count` configurations of a device's batch; traced.

    The loop ends after the last of them, so that a batch that is not full costs no more.

    Args:
        program: the static numbers.
        batch: `capacity` configurations.
        count: how many count.

    Returns:
        Moments, a leading axis of `capacity`; zero where there is no configuration.
    """
    width = program.width
    one = partial(measure, program)

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

    averaged, worst = (len(names) for names in metric_names(layout_of(program.kind.circuit)))
    parts = (program.capacity, program.n_chunks)
    table = lambda columns: jnp.zeros((*parts, program.n_layers, columns), jnp.float32)
    empty = Moments(jnp.zeros(parts, jnp.int32), table(averaged), table(averaged), table(worst))
    return jax.lax.fori_loop(0, (count[0] + width - 1) // width, step, empty)


def compile_program(
    program: Program, mesh: Mesh, example: Batch
) -> Callable[[Batch, Any], Moments]:
    """Trace and compile the program of a bucket for all devices of a mesh.

    Args:
        program: the static numbers.
        mesh: one axis of devices, over which the configurations are split.
        example: any configurations of the bucket, for the shapes of their designs.

    Returns:
        The compiled function of a sharded batch of `capacity` configurations per device and of the
        number of them that count on each device.
    """
    split = PartitionSpec(AXIS)
    mapped = jax.shard_map(
        partial(run_batch, program),
        mesh=mesh,
        in_specs=(split, split),
        out_specs=split,
        check_vma=False,
    )
    on_cpu = mesh.devices.flat[0].platform == "cpu"
    lowered = jax.jit(mapped).lower(*abstract_arguments(program, mesh, example))
    return lowered.compile(compiler_options=_ONE_CORE if on_cpu else None)


def abstract_arguments(program: Program, mesh: Mesh, example: Batch) -> tuple[Any, Any]:
    """Return shapes, dtypes and shardings of the compiled function's arguments."""
    place = NamedSharding(mesh, PartitionSpec(AXIS))
    total = program.capacity * mesh.size
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((total, *leaf.shape[1:]), leaf.dtype, sharding=place),
        example,
    )
    return abstract, jax.ShapeDtypeStruct((mesh.size,), jnp.int32, sharding=place)
