"""Run a sweep: compile ahead, dispatch ahead, a part of the store for each call."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from .._errors import check, check_kind
from .._limits import check_integer
from ..simulation import Configuration, environment, warn_of_precision
from ._allocations import Allocations
from ._calls import Call, Calls
from ._designs import Designs
from ._devices import available_cores, device_mesh, place
from ._kernel import batch_of, compile_program, Program
from ._plan import by_ids, CALL_SECONDS, default_memory, make_plan, Plan, PlannedBucket
from ._processes import any_process, check_alike, least, versions
from ._rows import failed_rows, host_moments, measurements_of, rows_of
from ._store import Store


_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes:
        done: configurations finished by this run, on all processes together.
        total: those it has to do.
        bucket: number of the bucket it is in, from 1.
        n_buckets: how many there are.
    """

    done: int
    total: int
    bucket: int
    n_buckets: int


@dataclass(frozen=True)
class SweepResult:
    """What a run did.

    Attributes:
        plan: what was planned for the whole grid; nothing, without buckets, if the store had all.
        selected: configurations of this shard.
        already: of them, how many the store had.
        done: how many this run finished.
        failed: of those, how many failed, on this process.
        compiles: programs compiled, or read from the cache on disk.
        compile_seconds: waiting for them.
        run_seconds: in which the devices had calls of the programs.
        busy_share: what part of the time that is, from when the first program was ready until all
            was written; 0 without a call.
        stopped: whether it was asked to stop before the end.
    """

    plan: Plan
    selected: int
    already: int
    done: int
    failed: int
    compiles: int
    compile_seconds: float
    run_seconds: float
    busy_share: float
    stopped: bool

    def __repr__(self) -> str:
        return (
            f"SweepResult({self.already} of {self.selected} configurations were there, {self.done} "
            f"done, {self.failed} failed{', stopped' * self.stopped}; {self.compiles} programs in "
            f"{self.compile_seconds:.3g} s, run {self.run_seconds:.3g} s, devices busy "
            f"{self.busy_share:.0%})"
        )


def run_sweep(
    configurations: Sequence[Configuration],
    out: Path,
    *,
    shard: tuple[int, int] = (1, 1),
    memory: int | None = None,
    call_seconds: float = CALL_SECONDS,
    retry_failed: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> SweepResult:
    """Run what the store does not have yet.

    Every process of a job calls this with the same arguments, which is checked, and plans with the
    least memory of all; each writes what its own devices measured.

    Args:
        configurations: of the whole grid.
        out: directory of the store.
        shard: (i, n), to run the i-th of n parts of the grid, counted from 1.
        memory: bytes that may be used; see `make_plan`.
        call_seconds: how long a call should take; see `make_plan`.
        retry_failed: run failed configurations again.
        progress: called after every call of a program.
        stop: asked after every call; if true, what was measured is written and the run ends.

    Returns:
        What was done.

    Raises:
        ValueError: for a bad shard, a limit that is too low, a store that cannot be used or
            processes that were given different arguments, before anything is compiled.
        LostProcessError: if another process of the job has ended.
        OSError: if a part cannot be written, e.g. since the disk is full; what was written before
            stays.
    """
    check_kind("configurations", configurations, list, tuple)
    check_kind("out", out, Path, str)
    check_kind("shard", shard, tuple, list)
    check(len(shard) == 2, "shard", "must be (i, n)", shard)
    index, count = shard
    check_integer("shard", index)
    check_integer("shard", count)
    check(count >= 1 and 1 <= index <= count, "shard", "must be i/n with 1 <= i <= n", shard)
    warn_of_precision({getattr(each, "precision", "") for each in configurations})
    store = Store(out) if Store.is_at(out) and not retry_failed else None
    # Reading the store leaves the interpreter free for what names the configurations.
    with ThreadPoolExecutor(max_workers=1) as pool:
        reading = None if store is None else pool.submit(lambda: store.finished())
        given = by_ids(configurations)
        known = set() if reading is None else reading.result()
    if jax.process_count() > 1:
        check(memory is None or memory >= 1, "memory", "must be above 0", memory)
        asked = {"shard": shard, "call_seconds": call_seconds, "retry_failed": retry_failed}
        check_alike({"versions": versions(), "grid": list(given), **asked})
        memory = least(memory or default_memory())
    there = _there(known, given)
    if count == 1 and len(there) == len(given):
        bad = {} if store is None else store.failures()
        failures = {name: bad[name] for name in given if name in bad}
        plan = Plan(given, failures, (), len(jax.devices()))
        return SweepResult(plan, len(given), len(given), 0, 0, 0, 0.0, 0.0, 0.0, False)
    allocations = Allocations()
    plan = make_plan(configurations, allocations, memory=memory, call_seconds=call_seconds)
    check_alike({"plan": plan.programs})
    store = Store(out) if store is None else store
    if retry_failed:
        if jax.process_index() == 0:
            store.discard_failures()
        any_process(np.zeros(1, bool))  # Nobody looks before that is done.
        there = _there(store.finished(), given)
    names = plan.shard(index, count).names
    pending = {name for name in names if name not in there}
    run = _Run(plan, store, allocations, pending, progress, stop)
    run.write_failures()
    run.run()
    return SweepResult(
        plan,
        len(names),
        len(names) - len(pending),
        run.done,
        run.failed,
        run.compiles,
        run.compile_seconds,
        run.calls.busy,
        run.calls.busy / run.elapsed if run.elapsed else 0.0,
        run.stopped,
    )


def _there(known: Collection[str], names: Collection[str]) -> set[str]:
    """Return the configurations that the store of any process has."""
    flags = any_process(np.array([name in known for name in names], bool))
    return {name for name, flag in zip(names, flags, strict=True) if flag}


class _Run:
    """The state of one run."""

    def __init__(self, plan, store, allocations, pending, progress, stop):
        self.plan, self.store, self.pending = plan, store, pending
        self.allocations = allocations
        self.progress, self.stop = progress, stop
        self.mesh: Mesh = device_mesh()
        self.made_with = environment()
        self.done = self.failed = self.compiles = 0
        self.compile_seconds = self.elapsed = 0.0
        self.stopped = False
        self.calls = Calls(self._write)
        self._first_ready = 0.0

    def write_failures(self) -> None:
        """Write a row for each configuration that cannot be run."""
        bad = [name for name in self.plan.failures if name in self.pending]
        self.done += len(bad)
        if not bad or jax.process_index() != 0:
            return
        pairs = [(self.plan.configurations[name], self.plan.failures[name]) for name in bad]
        self.failed += len(bad)
        self.store.append(failed_rows(pairs, self.made_with))

    def run(self) -> None:
        """Run all buckets, and wait until what was measured is written."""
        at_once = False
        try:
            self._run_buckets()
            self._report(everything=True)
            self.elapsed = perf_counter() - self._first_ready if self._first_ready else 0.0
        except KeyboardInterrupt:
            at_once = True
            raise
        finally:
            self.calls.close(abandon=at_once)

    def _run_buckets(self) -> None:
        """Compile programs side by side, and run each as it is ready."""
        todo = [
            (planned, [name for name in planned.bucket.ids if name in self.pending])
            for planned in self.plan.buckets
        ]
        todo = [(planned, names) for planned, names in todo if names]
        with ThreadPoolExecutor(max_workers=max(1, min(len(todo), available_cores()))) as pool:
            try:
                for number, (planned, names, compiled) in enumerate(self._compiled(pool, todo)):
                    self._run_bucket(planned, names, compiled, (number + 1, len(todo)))
                    if self.stopped:
                        break
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _compiled(
        self, pool: ThreadPoolExecutor, todo: list[tuple[PlannedBucket, list[str]]]
    ) -> Iterator[tuple[PlannedBucket, list[str], Any]]:
        """Yield buckets with their programs, in the order in which they are ready.

        The processes of a job keep the same order, since all must make the same calls.
        """
        together = jax.process_count() > 1
        waiting: dict[Future, tuple[PlannedBucket, list[str]]] = {}
        queue = list(todo)
        ahead = 2 * available_cores()
        while queue or waiting:
            while queue and len(waiting) < ahead:
                planned, names = queue.pop(0)
                program = program_of(planned)
                first = self.plan.configurations[names[0]]
                given = (program, self.mesh, first, self.allocations.of(first))
                compiling = pool.submit(compile_program, *given)
                waiting[compiling] = (planned, names)
            started = perf_counter()
            wanted = list(waiting)[:1] if together else list(waiting)
            ready: set[Future] = set()
            while not ready:
                ready = wait(wanted, _POLL_SECONDS, FIRST_COMPLETED).done
                self._report()
                # Alone, a process may stop at any time.
                if not ready and not together and self.stop():
                    self.stopped = True
                    return
            self.compile_seconds += perf_counter() - started
            future = next(future for future in wanted if future in ready)
            planned, names = waiting.pop(future)
            self.compiles += 1
            self._first_ready = self._first_ready or perf_counter()
            yield planned, names, future.result()

    def _run_bucket(self, planned, names, compiled, numbers) -> None:
        program = program_of(planned)
        per_call = program.capacity * self.mesh.size
        configurations = [self.plan.configurations[name] for name in names]
        designs = Designs(self.allocations, program, self.mesh, configurations)
        for start in range(0, len(names), per_call):
            # The host puts the next call together while the devices work.
            here = configurations[start : start + per_call]
            slots, *arguments = self._prepare(program, designs, here)
            self.calls.await_room()
            self._report()
            if self._asked_to_stop():
                return
            call = Call(names[start : start + per_call], slots, numbers)
            self.calls.send(call, compiled, *arguments)

    def _asked_to_stop(self) -> bool:
        self.stopped = bool(any_process(np.array([self.stop()])).any())
        return self.stopped

    def _report(self, everything: bool = False) -> None:
        """Count what has been written, or wait until all is."""
        for call, failed in self.calls.written(everything):
            self.done += len(call.names)
            self.failed += failed
            if self.progress is not None:
                self.progress(Progress(self.done, len(self.pending), *call.numbers))

    def _prepare(self, program: Program, designs: Designs, here: list[Configuration]):
        """Deal configurations out to the devices; return their slots and what is on the devices."""
        size, devices = program.capacity, self.mesh.size
        shares = np.array_split(np.arange(len(here)), devices)
        slots = np.concatenate([d * size + np.arange(len(s)) for d, s in enumerate(shares)])
        table, places = designs.of([[here[i] for i in share] for share in shares])
        order, design = np.zeros(size * devices, int), np.zeros(size * devices, np.int32)
        order[slots], design[slots] = np.arange(len(here)), np.concatenate(places)
        batch = batch_of([here[i] for i in order], design)
        counts = np.array([len(share) for share in shares], np.int32)
        return slots, table, place(batch, self.mesh), place(counts, self.mesh)

    def _write(self, call: Call) -> int:
        """Write the configurations that were measured on this process's devices; count failures."""
        places, moments = host_moments(call.result)
        position = {int(slot): index for index, slot in enumerate(places)}
        local = [
            (self.plan.configurations[name], position[int(slot)])
            for name, slot in zip(call.names, call.slots, strict=True)
            if int(slot) in position
        ]
        if not local:
            return 0
        configurations = [one for one, _ in local]
        measurements = measurements_of(configurations, moments, [index for _, index in local])
        each = call.seconds / len(call.names)
        rows = rows_of(configurations, measurements, each, self.made_with)
        self.store.append(rows)
        return int(rows["failure"].is_not_null().sum())


def program_of(planned: PlannedBucket) -> Program:
    """Return the program that runs a planned bucket."""
    sizes = (planned.chunk, planned.width, planned.capacity, planned.designs)
    return Program.of(planned.bucket, *sizes)
