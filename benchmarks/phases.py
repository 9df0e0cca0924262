"""What the host does during a sweep, phase by phase, and how long an accelerator would wait for it.

    python -m benchmarks.phases [--repeats 1250] [--device-seconds .0042] [--per 256]
        [--peer CHECKOUT] [--out benchmarks/results/phases-cpu.json]

The sweep is the real one (grid, plan, store, threads), of 4·repeats configurations like those of
five-thousand.toml. It runs twice: on this machine's devices; and on a stand-in for an accelerator,
which computes nothing and has its results ready after a stated time per configuration (by default
4.2 ms for 256, what ../shared/accelerators.md reckons for an H200: an assumption, not measured). So
what the stand-in has to wait for is what the host really takes, its threads and the interpreter's
lock included. The sweep itself notices the end of a call some milliseconds late, when the interpreter
lets it: `reported_busy_share` is what it says, `device_busy_share` what is so. `--peer` takes turns
with the package of another checkout, whose rows are named "before".
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager, ExitStack
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from unittest import mock

import jax
import numpy as np
from jaxsuper.circuits import layout_of
from jaxsuper.simulation import metric_names, Moments
from jaxsuper.sweep import _kernel, _run, grid_from_toml, run_sweep, Store

from benchmarks import records
from benchmarks.records import Row


FIVE_THOUSAND = Path(__file__).parent / "five-thousand.toml"
# Functions of the sweep, by what they do for a call.
PHASES = {
    "planning": ("make_plan",),
    "batch_of": ("batch_of", "table_of", "numbers_of"),
    "place": ("place",),
    "rows_of": ("host_moments", "measurements_of", "rows_of"),
}
# As many as a call takes on an accelerator at most.
_CALL = 2048
_SETTING = records.Setting(D=400, T=150, S=4, z=2, L=3, batch=500)


class Clock:
    """Seconds by phase, and by whether the main thread spent them."""

    def __init__(self) -> None:
        """Start with none."""
        self.main: dict[str, float] = defaultdict(float)
        self.beside: dict[str, float] = defaultdict(float)
        self.first_dispatch: float | None = None
        self.last_write = 0.0

    @contextmanager
    def phase(self, name: str):
        """Add the time that the body takes."""
        started = perf_counter()
        try:
            yield
        finally:
            on_main = threading.current_thread() is threading.main_thread()
            (self.main if on_main else self.beside)[name] += perf_counter() - started

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time added to a phase."""

        def call(*given, **more):
            with self.phase(name):
                return function(*given, **more)

        return call

    def append(self, store: Store, frame: Any) -> int:
        """Append to a store, as `Store.append`."""
        with self.phase("append"):
            count = _APPEND(store, frame)
        self.last_write = perf_counter()
        return count

    def dispatching(self, compiled: Callable[..., Any]) -> Callable[..., Any]:
        """Return a compiled program that notes when it was first called."""

        def call(*given):
            self.first_dispatch = self.first_dispatch or perf_counter()
            with self.phase("dispatch"):
                return compiled(*given)

        return call


_APPEND, _COMPILE, _BLOCK = Store.append, _run.compile_program, jax.block_until_ready


class Later:
    """An array of a stand-in's result: there once its time has come."""

    def __init__(self, array: np.ndarray, ready: float) -> None:
        """Keep an array until a moment of `perf_counter`."""
        self._array, self._ready = array, ready

    def block_until_ready(self) -> "Later":
        """Wait for it."""
        sleep(max(self._ready - perf_counter(), 0.0))
        return self

    @property
    def addressable_shards(self) -> list[Any]:
        """Return the only shard, when it is there."""
        self.block_until_ready()
        shard = mock.Mock(spec=("index", "data"))
        shard.index, shard.data = (slice(0, len(self._array)),), self._array
        return [shard]


class StandIn:
    """Takes calls like a compiled program, one after the other, for a stated time each.

    Attributes:
        busy: seconds in which it had work.
    """

    def __init__(self, program: _kernel.Program, seconds: float, samples: int) -> None:
        """Say what a configuration takes, and how many samples it counts."""
        self._seconds, self._free, self.busy = seconds, 0.0, 0.0
        averaged, worst = map(len, metric_names(layout_of(program.kind.recipe.circuit)))
        shape = (program.capacity, program.n_chunks)
        table = lambda columns: np.full((*shape, program.n_layers, columns), 0.5, np.float32)
        self._result = Moments(
            np.full(shape, samples, np.int32), table(averaged), table(averaged), table(worst)
        )

    def __call__(self, *given: Any) -> Moments:
        """Start a call; its last argument says how many configurations count."""
        takes = self._seconds * int(np.asarray(given[-1]).sum())
        self._free = max(self._free, perf_counter()) + takes
        self.busy += takes
        return jax.tree.map(lambda array: Later(array, self._free), self._result)


def measured(name: str, repeats: int, each: float | None) -> list[Row]:
    """Run a sweep and return a row for the whole and for every phase.

    Args:
        name: of the rows' section.
        repeats: seeds at each of four thresholds.
        each: seconds that a stand-in takes for a configuration; None for the real devices.
    """
    text = re.sub(r"repeats = \d+", f"repeats = {repeats}", FIVE_THOUSAND.read_text())
    configurations = grid_from_toml(text).configurations()
    clock, devices = Clock(), []

    def compiled(program, *given):
        if each is None:
            with clock.phase("compile"):
                return clock.dispatching(_COMPILE(program, *given))
        devices.append(StandIn(program, each, configurations[0].batch_size))
        return clock.dispatching(devices[-1])

    with tempfile.TemporaryDirectory() as folder, ExitStack() as patched:
        modules = [m for key, m in sys.modules.items() if key.startswith("jaxsuper.sweep._")]
        for phase, functions in PHASES.items():
            for function, module in ((f, m) for f in functions for m in modules):
                real = vars(module).get(function)
                if real is not None:
                    timed = clock.timed(phase, real)
                    patched.enter_context(mock.patch.object(module, function, timed))
        for module in modules:
            if "compile_program" in vars(module):
                patched.enter_context(mock.patch.object(module, "compile_program", compiled))
            if each is not None and "calls_ahead" in vars(module):
                patched.enter_context(mock.patch.object(module, "calls_ahead", lambda: 1))
        waiting = clock.timed("wait", _BLOCK)
        patched.enter_context(mock.patch.object(jax, "block_until_ready", waiting))
        appending = lambda store, frame: clock.append(store, frame)
        patched.enter_context(mock.patch.object(Store, "append", appending))
        options = {} if each is None else {"call_seconds": 1e9}
        started = perf_counter()
        result = run_sweep(configurations, Path(folder) / "store", **options)
        whole = perf_counter() - started
    assert result.done == len(configurations) and not result.failed
    from_first = clock.last_write - (clock.first_dispatch or 0.0)
    figures = {"configurations": result.done, "run_seconds": result.run_seconds}
    figures["from_first_dispatch_to_last_write"] = from_first
    if devices:
        figures["device_busy_share"] = sum(device.busy for device in devices) / from_first
        figures["assumed_device_seconds_of_256"] = 256 * (each or 0.0)
        figures["device_alone"] = len(configurations) / sum(device.busy for device in devices)
    if hasattr(result, "busy_share"):
        figures["reported_busy_share"] = result.busy_share
    rate = len(configurations) / from_first
    rows = [Row(name, "whole", _SETTING, whole, rate=rate, unit="configurations", figures=figures)]
    for phase in sorted({*clock.main, *clock.beside}):
        main, beside = clock.main[phase], clock.beside[phase]
        parts = {"main_thread": main, "other_threads": beside}
        rows.append(Row(name, phase, _SETTING, main + beside, figures=parts))
    return rows


def turn(repeats: int, each: float) -> dict[str, list[Row]]:
    """Run every sweep once; return the rows by section."""
    runs = {
        "on this machine": (repeats, None),
        "stand-in": (repeats, each),
        "stand-in, four times as many": (4 * repeats, each),
    }
    return {name: measured(name, *given) for name, given in runs.items()}


def turn_of_peer(peer: Path, words: list[str]) -> dict[str, list[Row]]:
    """Run every sweep once with the package of another checkout; return the rows by section."""
    environment = {**os.environ, "PYTHONPATH": str(peer)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peer.json"
        command = [sys.executable, __file__, *words, "--turns", "1", "--out", str(out)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found = defaultdict(list)
        for row in records.load(out).rows:
            row.section = f"before: {row.section}"
            found[row.section].append(row)
    return found


def best_of(turns: list[dict[str, list[Row]]]) -> list[Row]:
    """Return of each section the rows of its fastest turn."""
    chosen = []
    for section in turns[0]:
        best = min((each[section] for each in turns), key=lambda rows: rows[0].seconds)
        best[0].turns = len(turns)
        best[0].median = float(np.median([each[section][0].seconds for each in turns]))
        chosen += best
    return chosen


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1250)
    parser.add_argument("--device-seconds", type=float, default=0.0042)
    parser.add_argument("--per", type=int, default=256)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--out", type=Path, default=records.RESULTS / "phases-cpu.json")
    given = parser.parse_args()
    each = given.device_seconds / given.per
    words = ["--repeats", str(given.repeats)]
    words += ["--device-seconds", str(given.device_seconds), "--per", str(given.per)]
    with records.recording("python -m benchmarks.phases", False, 0) as record:
        own, others = [], []
        for _ in range(given.turns):
            if given.peer is not None:
                others.append(turn_of_peer(given.peer, words))
            own.append(turn(given.repeats, each))
        record.rows = (best_of(others) if others else []) + best_of(own)
    records.write(record, given.out)
    for row in record.rows:
        shown = ", ".join(f"{key} {value:.4g}" for key, value in row.figures.items())
        print(f"{row.section:36} {row.name:9} {row.seconds:8.3f} s  {shown}")


if __name__ == "__main__":
    main()
