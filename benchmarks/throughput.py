"""Sweeps: the real command in a process of its own, beside a Python loop over simulations."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from jaxsuper import simulate
from jaxsuper.simulation import prepare, samples_key
from jaxsuper.sweep import Allocations, bytes_running, load_grid, make_plan

from benchmarks.records import Row, Setting


ROOT = Path(__file__).parents[1]
SECTION = "sweep"
FIVE_THOUSAND = ROOT / "benchmarks" / "five-thousand.toml"
SMALL = Setting(D=400, T=150, S=4, z=2, L=3, batch=500)
# What the public code took for each configuration of the published grid, on one core.
PUBLIC_SECONDS = 1200.0 / 164
LARGE = Setting(D=1600, T=1300, S=6, z=4, L=4, batch=4000)
_LARGE_GRID = """
repeats = {repeats}
[base]
network_width = 1600
n_circuits = 1300
n_layers = 4
n_active = 4
batch_size = 4000
"""
_LIMIT_GIB = 2


def small_grid(folder: Path, repeats: int) -> Path:
    """Write the grid of small configurations with 4·repeats of them."""
    text = FIVE_THOUSAND.read_text()
    path = folder / f"small-{repeats}.toml"
    path.write_text(re.sub(r"repeats = \d+", f"repeats = {repeats}", text))
    return path


def command(grid: Path | str, folder: Path, cache: Path, *more: str) -> Row:
    """Run `jaxsuper sweep` with a new store; return its seconds and what it says of itself."""
    out = Path(tempfile.mkdtemp(dir=folder)) / "store"
    words = ["sweep", str(grid), "--out", str(out), "--cache", str(cache), *more]
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    peak = "import sys; from jaxsuper.cli import main; status = main(sys.argv[1:]); "
    peak += "print(open('/proc/self/status').read()); sys.exit(status)"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "XLA_FLAGS": ""}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", peak, *words], env=environment, capture_output=True, text=True
    )
    elapsed = perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    number = lambda pattern: float(re.search(pattern, done.stdout)[1])
    count, run = int(number(r"(\d+) done")), number(r"run ([\d.]+) s")
    return Row(
        SECTION,
        "",
        seconds=elapsed,
        rate=count / run,
        unit="configurations",
        memory=number(r"VmHWM:\s+(\d+) kB") * 1024,
        figures={
            "configurations": count,
            "programs": int(number(r"(\d+) programs")),
            "waiting_for_programs": number(r"\(([\d.]+) s of waiting"),
            "run_seconds": run,
        },
    )


def fastest(runs: list[Row], name: str, setting: Setting | None = None) -> Row:
    """Return the fastest of several equal runs, named; its rate is the best of any."""
    best = min(runs, key=lambda row: row.seconds)
    best.rate = max(row.rate for row in runs)
    best.name, best.setting, best.turns = name, setting, len(runs)
    best.median = float(np.median([row.seconds for row in runs]))
    return best


def published(folder: Path, repeats: int) -> list[Row]:
    """Run the published grid from a cold start, and again with the programs on disk."""
    cold, cached = [], []
    for turn in range(repeats):
        cache = folder / f"cache{turn}"
        cold.append(command("published", folder, cache))
        cached.append(command("published", folder, cache))
    rows = [fastest(cold, "published, cold"), fastest(cached, "published, programs on disk")]
    for row in rows:
        row.figures["times_the_public_code"] = PUBLIC_SECONDS * row.rate
    return rows


def single_loop(count: int) -> Row:
    """Run a warm Python loop over single simulations, each with a network of its own."""
    (first, *_) = load_grid(str(FIVE_THOUSAND)).configurations()

    def one(seed):
        configuration = replace(first, seed=seed, lower_threshold=0.2 + 0.0005 * (seed % 300))
        key = samples_key(configuration)
        return simulate(prepare(configuration), 2, configuration.batch_size, key=key)

    for seed in range(5):
        one(seed)
    started = perf_counter()
    for seed in range(count):
        one(seed)
    seconds = perf_counter() - started
    figures = {"configurations": count}
    return Row(
        SECTION,
        "loop",
        seconds=seconds,
        rate=count / seconds,
        unit="configurations",
        figures=figures,
    )


def small(folder: Path, repeats: int, turns: int, count: int) -> list[Row]:
    """Run small configurations of one shape, between loops over single simulations."""
    grid, runs, loops = small_grid(folder, repeats), [], [single_loop(count)]
    for _ in range(turns):
        runs.append(command(grid, folder, folder / "cache-small"))
        loops.append(single_loop(count))
    loop, row = fastest(loops, "loop", SMALL), fastest(runs, "small", SMALL)
    row.peer, row.ratio = "loop", loop.rate / row.rate
    row.ratio_paired = float(
        np.median([a.rate / b.rate for a, b in zip(loops, runs, strict=False)])
    )
    row.figures["ratio_of_the_whole_command"] = (
        loop.rate * row.seconds / row.figures["configurations"]
    )
    return [row, loop]


def in_little_memory(folder: Path, repeats: int) -> Row:
    """Run configurations that would need far more at once, under a limit."""
    path = folder / "large.toml"
    path.write_text(_LARGE_GRID.format(repeats=repeats))
    grid, limit = load_grid(str(path)), _LIMIT_GIB * 2**30
    plan = make_plan(grid.configurations(), Allocations(), memory=limit)
    each = (bytes_running(b.bucket.shape, LARGE.batch) * len(b.bucket.ids) for b in plan.buckets)
    row = fastest(
        [command(path, folder, folder / "cache-large", "--memory", f"{_LIMIT_GIB}GiB")],
        f"under {_LIMIT_GIB} GiB",
        LARGE,
    )
    row.estimate, row.figures["all_at_once_gib"] = float(plan.memory), sum(each) / 2**30
    return row


def sweep_rows(quick: bool) -> list[Row]:
    """Measure all sweeps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if quick:
            return small(folder, repeats=50, turns=1, count=20)
        return [
            *published(folder, repeats=2),
            *small(folder, repeats=1250, turns=2, count=200),
            in_little_memory(folder, repeats=60),
        ]
