"""Measure everything on this machine and write benchmarks/results/speed-<device>.json.

    python -m benchmarks.suite [--quick] [--out FOLDER]

Build, compile, forward pass, metrics and sweeps, each beside a peer that takes turns with it: the
same network as dense matrices in jitted JAX and in NumPy, and a Python loop over single
simulations; time and memory against the sizes; every kernel beside the machine's peak. Status 1 if
two ways to compute the same disagree. `python -m benchmarks.report` makes the tables of it.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxsuper import dense_layers, simulate
from jaxsuper.simulation import samples_key

from benchmarks.cases import (
    chunk_of,
    dense_pass,
    forward_runs,
    inputs_of,
    network_of,
    SEED,
    structured_pass,
)
from benchmarks.growth import grown
from benchmarks.kernels import kernel_rows
from benchmarks.records import Check, device_name, Record, recording, RESULTS, Row, Setting, write
from benchmarks.throughput import sweep_rows
from benchmarks.timing import Compiled, in_turns, rows_of, timed, Turn


COMMAND = "python -m benchmarks.suite"
# What the quickest and the plainest way to run a network may differ by, of the largest value.
_TOLERANCE = 1e-4


def build_rows(setting: Setting) -> list[Row]:
    """Time building a network beside writing out its matrices, first and then warm."""
    first = timed(lambda: network_of(setting)).wall
    network = network_of(setting)
    seconds = in_turns(
        {"structured": lambda: network_of(setting), "dense": lambda: dense_layers(network)},
        turns=9,
        budget=5.0,
    )
    rows = rows_of("build", setting, seconds, {"structured": "dense"})
    rows[0].figures = {"first_seconds": first}
    for row, made in zip(rows, (network, dense_layers(network)), strict=True):
        row.memory = float(sum(leaf.nbytes for leaf in jax.tree.leaves(made) if eqx.is_array(leaf)))
    return rows


def compile_rows(setting: Setting, turns: int = 3) -> list[Row]:
    """Time tracing and compiling the forward passes, each time anew."""
    network = network_of(setting)
    dense, (whole,) = dense_layers(network), inputs_of(network, setting)
    part = inputs_of(network, setting, chunk_of(network, setting))[0]
    compiled: dict[str, list[Turn]] = {"structured": [], "dense": []}
    for _ in range(turns):
        # New functions, since a function that was traced is not traced again.
        one = Compiled(lambda n, i: structured_pass(n, i), network, part)
        other = Compiled(lambda n, d, i: dense_pass(n, d, i), network, dense, whole)
        for name, program in (("structured", one), ("dense", other)):
            compiled[name].append(program.took)
    return rows_of("compile", setting, compiled, {"structured": "dense"})


def forward_rows(setting: Setting) -> tuple[list[Row], list[Check]]:
    """Time the forward pass in all ways, and hold their results against each other."""
    runs = forward_runs(setting)
    results = {name: np.asarray(run()) for name, run in runs.items() if name != "structured"}
    results["structured"] = runs["structured"].whole(setting.batch)
    rows = rows_of(
        "forward",
        setting,
        in_turns(runs, turns=15, budget=12.0),
        dict.fromkeys(runs, "dense") | {"dense": None},
    )
    return rows, [
        agreement(f"forward: {name} against dense", result, results["dense"])
        for name, result in results.items()
        if name != "dense"
    ]


def agreement(name: str, found: np.ndarray, expected: np.ndarray) -> Check:
    """Hold arrays against each other: the largest difference, of the largest value."""
    worst = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    return Check(name, worst <= _TOLERANCE, worst, f"{_TOLERANCE:g} of the largest value")


def metric_rows(setting: Setting) -> tuple[list[Row], list[Check]]:
    """Time a whole measurement: inputs, forward pass, readout, metrics, statistics."""
    network, key = network_of(setting), samples_key(setting.configuration(SEED))
    dense = dense_layers(network)
    run = lambda **more: simulate(network, setting.z, setting.batch, key=key, **more).mean
    runs = {"structured": run, "dense": lambda: run(dense=dense, chunk=setting.batch)}
    rows = rows_of("metrics", setting, in_turns(runs, budget=6.0), {"structured": "dense"})
    check = agreement("metrics: structured against dense", runs["structured"](), runs["dense"]())
    return rows, [check]


def large_row(setting: Setting) -> Row:
    """Build and simulate one network that has no dense peer: it must run."""
    built = timed(lambda: network_of(setting)).wall
    network, key = network_of(setting), samples_key(setting.configuration(SEED))
    run = lambda: simulate(network, setting.z, setting.batch, key=key).mean
    first = timed(run).wall
    (row,) = rows_of("large", setting, in_turns({"structured": run}, turns=3))
    row.figures = {"build_seconds": built, "first_seconds": first}
    return row


def _headline(quick: bool) -> Setting:
    return Setting(D=1000, T=500, batch=200) if quick else Setting()


def _made(record: Record, quick: bool) -> None:
    record.rows += build_rows(_headline(quick))
    record.rows += compile_rows(_headline(quick), turns=1 if quick else 3)


def _run(record: Record, quick: bool) -> None:
    for rows, checks in (forward_rows(_headline(quick)), metric_rows(_headline(quick))):
        record.rows += rows
        record.checks += checks


def _kernels(record: Record, quick: bool) -> None:
    record.rows += kernel_rows(_headline(quick), quick, budget=4.0 if quick else 12.0)


def _growth(record: Record, quick: bool) -> None:
    rows, record.fits = grown(quick)
    record.rows += rows


def _large(record: Record, quick: bool) -> None:
    if not quick:
        record.rows.append(large_row(Setting(D=16_000, T=16_000, batch=64)))


def _sweeps(record: Record, quick: bool) -> None:
    record.rows += sweep_rows(quick)


# Each adds what it measured to a record.
SECTIONS: dict[str, Callable[[Record, bool], None]] = {
    "build, compile": _made,
    "forward, metrics": _run,
    "kernels": _kernels,
    "growth": _growth,
    "large": _large,
    "sweeps": _sweeps,
}


def main(words: list[str] | None = None) -> int:
    """Measure, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result")
    given = parser.parse_args(words)
    # What is compiled is timed.
    jax.config.update("jax_enable_compilation_cache", False)
    with recording(COMMAND + " --quick" * given.quick, given.quick, SEED) as record:
        for name, section in SECTIONS.items():
            print(f"{name} ...", file=sys.stderr, flush=True)
            section(record, given.quick)
    # A quick run says that all is well, and is no record.
    stem = "speed-quick" if given.quick else "speed"
    path = given.out / f"{stem}-{device_name(record)}.json"
    write(record, path)
    print(f"{path}: {record.wall_seconds:.0f} s, load {record.load_before[0]}")
    for check in record.failed:
        print(f"MISMATCH {check.name}: {check.worst:.3g}, tolerance {check.tolerance}")
    return int(bool(record.failed))


if __name__ == "__main__":
    sys.exit(main())
