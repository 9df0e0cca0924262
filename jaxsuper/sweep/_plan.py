"""What a sweep is going to do: buckets, compiles, memory and time, before anything is compiled."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax

from .._errors import check, check_kind
from .._limits import BASE_BYTES, check_integer, check_positive
from ..simulation import ACCELERATOR_CORES, Configuration
from ._allocations import Allocations, loads_and_failures
from ._buckets import Bucket, make_buckets
from ._devices import available_cores
from ._identity import fresh_id
from ._shape import (
    bytes_of_design,
    bytes_of_results,
    bytes_running,
    samples_at_once,
    seconds,
    seconds_compiling,
    Shape,
    side_by_side,
)


# Values of one channel that are run at once: on a CPU they should stay in the cache, on an
# accelerator fill the device.
_CPU_FLOATS, _ACCELERATOR_FLOATS = 2**19, 2**26
# How long one call should take, if nothing else is asked for.
CALL_SECONDS = 1.0
_LARGEST_CALL = 2048


def default_memory() -> int:
    """Return half of the machine's memory, or four fifths of the accelerator's if that is less."""
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    stats = jax.local_devices()[0].memory_stats() or {}
    return min(half, int(0.8 * stats.get("bytes_limit", half)))


@dataclass(frozen=True)
class PlannedBucket:
    """A bucket with how it is run.

    Attributes:
        bucket: the configurations and their common shape.
        chunk: samples run at once.
        width: configurations side by side on a device.
        capacity: configurations a device takes in one call.
        designs: distinct allocations it takes in one call.
        memory: estimated bytes in use while it runs, on the host and all local devices.
        seconds: estimated seconds to run, without compiling.
        compile_seconds: estimated seconds of one core to compile its program; see `seconds_compiling`.
    """

    bucket: Bucket
    chunk: int
    width: int
    capacity: int
    designs: int
    memory: int
    seconds: float
    compile_seconds: float

    def shard(self, index: int, count: int) -> "PlannedBucket":
        """Return a part of it, as `Bucket.shard`; it is run in the same shape."""
        bucket = self.bucket.shard(index, count)
        share = len(bucket.ids) / len(self.bucket.ids)
        return replace(self, bucket=bucket, seconds=self.seconds * share)


@dataclass(frozen=True)
class Plan:
    """A sweep before it starts.

    Attributes:
        configurations: all of them by id, in the order of the grid.
        failures: those that cannot be run, by id, with the reason.
        buckets: of the others, planned.
        n_devices: devices the configurations are split over.
    """

    configurations: dict[str, Configuration]
    failures: dict[str, str]
    buckets: tuple[PlannedBucket, ...]
    n_devices: int

    @property
    def waste(self) -> float:
        """Share of the work that is padding."""
        total = sum(b.bucket.seconds for b in self.buckets)
        return 1 - sum(b.bucket.needed for b in self.buckets) / total if total else 0.0

    @property
    def memory(self) -> int:
        """Estimated peak of bytes."""
        return max((b.memory for b in self.buckets), default=0)

    @property
    def seconds(self) -> float:
        """Estimated seconds to run, without compiling."""
        return sum(b.seconds for b in self.buckets)

    @property
    def compile_seconds(self) -> float:
        """Estimated seconds until all programs are compiled, if the disk has none of them.

        They are compiled side by side, one on each core, and the first to be ready is run while
        others compile. Which of them the cache on disk holds is known only once they are traced.
        """
        alone = [b.compile_seconds for b in self.buckets]
        return max(max(alone, default=0.0), sum(alone) / available_cores())

    @property
    def names(self) -> list[str]:
        """The ids of all configurations, those that cannot be run first, then by bucket."""
        return [*self.failures, *(name for b in self.buckets for name in b.bucket.ids)]

    @property
    def programs(self) -> list[tuple]:
        """What has to be the same in all processes of a job: programs, calls, and their order."""
        return [
            (b.bucket, b.bucket.ids, b.chunk, b.width, b.capacity, b.designs) for b in self.buckets
        ]

    def shard(self, index: int, count: int) -> "Plan":
        """Return a part: every `count`-th configuration of each bucket, so that all take as long.

        Args:
            index: of the part, from 1.
            count: how many parts there are.

        Returns:
            The part, without the buckets of which it has nothing.
        """
        bad = dict(list(self.failures.items())[index - 1 :: count])
        parts = [b.shard(index, count) for b in self.buckets if len(b.bucket.ids) >= index]
        names = [*bad, *(name for part in parts for name in part.bucket.ids)]
        return replace(
            self,
            configurations={name: self.configurations[name] for name in names},
            failures=bad,
            buckets=tuple(parts),
        )

    def __repr__(self) -> str:
        return (
            f"Plan({len(self.configurations)} configurations, {len(self.failures)} of which cannot "
            f"be run; {len(self.buckets)} buckets, padding {self.waste:.0%}; about "
            f"{self.memory / 2**30:.2f} GiB, {self.seconds:.3g} s and up to "
            f"{self.compile_seconds:.3g} s of compiling on {self.n_devices} devices)"
        )


def make_plan(
    configurations: Sequence[Configuration],
    allocations: Allocations,
    *,
    memory: int | None = None,
    n_devices: int | None = None,
    call_seconds: float = CALL_SECONDS,
) -> Plan:
    """Group configurations into buckets and size their calls.

    The plan depends on the whole grid, never on what is already done or on the shard, so that a
    configuration is always run in the same shape.

    Args:
        configurations: what is to be run.
        allocations: makes them; their loads decide shapes.
        memory: bytes that may be used, on the host and on each accelerator; see
            `default_memory`.
        n_devices: all there are if left out.
        call_seconds: how long a call should take, by estimate: a kill loses one or two.

    Returns:
        The plan; configurations with settings that do not fit together are failures.

    Raises:
        ValueError: if one configuration alone needs more than `memory`, and for bad numbers.
    """
    devices = n_devices or len(jax.devices())
    if memory is not None:
        check_integer("memory", memory)
        check(memory >= 1, "memory", "must be above 0", memory)
    limit = memory or default_memory()
    least = f"must be at least {BASE_BYTES // 2**20 + 1} MiB for a configuration of any size"
    check(limit > BASE_BYTES, "memory", least, f"{limit // 2**20} MiB")
    check_positive("call_seconds", call_seconds)
    by_id = by_ids(configurations)
    loads, failures = loads_and_failures(by_id, allocations)
    good = {name: one for name, one in by_id.items() if name in loads}
    speed = 1.0 if jax.default_backend() == "cpu" else float(ACCELERATOR_CORES)
    buckets = make_buckets(good, loads, speed)
    given = (devices, limit, speed, call_seconds)
    planned = tuple(
        _planned(one, len({allocations.key_of(good[name]) for name in one.ids}), *given)
        for one in buckets
    )
    return Plan(by_id, failures, planned, devices)


def by_ids(configurations: Sequence[Configuration]) -> dict[str, Configuration]:
    """Return configurations by id, in their order, each once."""
    if not all(type(one) is Configuration for one in configurations):
        for one in configurations:
            check_kind("configurations", one, Configuration)
    return {fresh_id(one): one for one in configurations}


def _planned(
    bucket: Bucket, designs: int, n_devices: int, limit: int, speed: float, call_seconds: float
) -> PlannedBucket:
    """Choose chunk, width and capacity so that all fits into the limit."""
    platform = jax.default_backend()
    on_cpu = platform == "cpu"
    local = max(1, n_devices // jax.process_count()) if on_cpu else 1
    shape = bucket.shape
    room = (limit - BASE_BYTES) // local
    least = bytes_running(shape, 1) + bytes_of_results(shape, shape.batch_size)
    least += _COPIES * bytes_of_design(shape)
    check(
        least <= room,
        "memory",
        f"must be at least {-(-(least * local + BASE_BYTES) // 2**20)} MiB for a configuration "
        f"of block width {shape.block_width} with {shape.n_circuits} circuits",
        f"{limit // 2**20} MiB",
    )
    chunk = samples_at_once(shape, _CPU_FLOATS if on_cpu else _ACCELERATOR_FLOATS)
    n_chunks = -(-shape.batch_size // chunk)
    needed = lambda: (
        bytes_running(shape, chunk)
        + bytes_of_results(shape, n_chunks)
        + _COPIES * bytes_of_design(shape)
    )
    while needed() > room:
        n_chunks *= 2
        chunk = -(-shape.batch_size // n_chunks)
    count = -(-len(bucket.ids) // n_devices)
    each = seconds(shape) / speed
    one = bytes_running(shape, chunk)
    # Side by side what fits into half of the room.
    width = max(1, min(count, side_by_side(platform, each), room // 2 // one))
    wanted = max(1, min(count, _LARGEST_CALL, int(call_seconds / each)))
    held = _Held(shape, n_chunks, designs)
    fits = held.most(room - width * one)
    capacity = max(width, min(-(-wanted // width), fits // width) * width)
    total = BASE_BYTES + local * (width * one + held.bytes(capacity))
    cores = n_devices * speed
    return PlannedBucket(
        bucket,
        chunk,
        width,
        capacity,
        held.table(capacity),
        total,
        bucket.seconds / cores,
        seconds_compiling(platform),
    )


# Copies of the allocations of a call: on the host and on the device, and so again if the next call
# has others, which are put together while it runs.
_COPIES = 4


@dataclass(frozen=True)
class _Held:
    """What is held besides the configurations that run: results, and each allocation once.

    Attributes:
        shape: of the bucket.
        n_chunks: chunks of samples.
        designs: distinct allocations of the bucket.
    """

    shape: Shape
    n_chunks: int
    designs: int

    def table(self, capacity: int) -> int:
        """Return for how many allocations a device has room in one call."""
        # A power of two, so that grids that differ a little share programs.
        return min(capacity, 1 << (self.designs - 1).bit_length())

    def bytes(self, capacity: int) -> int:
        """Return the bytes for calls of so many configurations."""
        table = self.table(capacity)
        copies = _COPIES if self.designs > table else _COPIES // 2
        results = bytes_of_results(self.shape, self.n_chunks)
        return capacity * results + copies * table * bytes_of_design(self.shape)

    def most(self, room: int) -> int:
        """Return the most configurations of a call that there is room for, at least 1."""
        design = bytes_of_design(self.shape)
        results = bytes_of_results(self.shape, self.n_chunks)
        whole = self.table(2**62)
        sharing = (room - _COPIES // 2 * whole * design) // results
        return sharing if sharing >= whole else max(1, room // (results + _COPIES * design))
