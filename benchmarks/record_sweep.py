"""Measure sweeps and write benchmarks/results/sweep-<device>.json.

    python -m benchmarks.record_sweep [FOLDER]

Every sweep is the real command in a process of its own, timed from its start to its end; the loop
over single simulations runs in this process, before and after the sweep that it is compared with.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from jaxsuper import environment, simulate
from jaxsuper.simulation import prepare, samples_key
from jaxsuper.sweep import Allocations, bytes_running, load_grid, make_plan


ROOT = Path(__file__).parents[1]
FIVE_THOUSAND = ROOT / "benchmarks" / "five-thousand.toml"
# What the public code took for the published grid, on one core.
PUBLIC_SECONDS = 1200.0
LARGE = """
repeats = 200
[base]
network_width = 1600
n_circuits = 1300
n_layers = 4
n_active = 4
batch_size = 4000
"""


def command(grid, out, cache, *more):
    """Run `jaxsuper sweep`; return its seconds, what it says of itself, and its peak memory."""
    words = ["sweep", str(grid), "--out", str(out), "--cache", str(cache), *more]
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    peak = "import sys; from jaxsuper.cli import main; status = main(sys.argv[1:]); "
    peak += "print(open('/proc/self/status').read()); sys.exit(status)"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", peak, *words],
        env={**os.environ, "PYTHONPATH": path, "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
    )
    elapsed = perf_counter() - started
    assert done.returncode == 0, done.stderr
    number = lambda pattern: float(re.search(pattern, done.stdout)[1])
    return {
        "seconds": elapsed,
        "configurations": int(number(r"(\d+) done")),
        "programs": int(number(r"(\d+) programs")),
        "waiting_for_programs": number(r"\(([\d.]+) s of waiting"),
        "run_seconds": number(r"run ([\d.]+) s"),
        "peak_gib": number(r"VmHWM:\s+(\d+) kB") / 2**20,
    }


def published(folder, repeats=3):
    """Run the published grid from a cold start, and again with the programs on disk."""
    cold, cached = [], []
    for turn in range(repeats):
        cache = folder / f"cache{turn}"
        cold.append(command("published", folder / f"cold{turn}", cache))
        cached.append(command("published", folder / f"cached{turn}", cache))
    warm = min(run["run_seconds"] for run in [*cold, *cached]) / 164
    return {
        "cold": cold,
        "cached": cached,
        "warm_seconds_per_configuration": warm,
        "public_code_seconds_per_configuration": PUBLIC_SECONDS / 164,
        "times_the_public_code": PUBLIC_SECONDS / 164 / warm,
    }


def single_loop(count=200):
    """Return seconds per configuration of a warm Python loop over single simulations."""
    (first, *_) = load_grid(str(FIVE_THOUSAND)).configurations()

    def one(seed):
        configuration = replace(first, seed=seed, lower_threshold=0.2 + 0.0005 * seed)
        key = samples_key(configuration)
        return simulate(prepare(configuration), 2, configuration.batch_size, key=key)

    for seed in range(10):
        one(seed)
    started = perf_counter()
    for seed in range(count):
        one(seed)
    return (perf_counter() - started) / count


def five_thousand(folder, repeats=2):
    """Run 5,000 configurations of one shape, between loops over single simulations."""
    runs, loops = [], [single_loop()]
    for turn in range(repeats):
        runs.append(command(FIVE_THOUSAND, folder / f"five{turn}", folder / "cache-five"))
        loops.append(single_loop())
    rate = [run["configurations"] / run["run_seconds"] for run in runs]
    whole = [run["configurations"] / run["seconds"] for run in runs]
    return {
        "setting": {"D": 400, "T": 150, "S": 4, "z": 2, "L": 3, "batch": 500},
        "runs": runs,
        "loop_seconds_per_configuration": loops,
        "configurations_per_second": rate,
        "configurations_per_second_of_the_whole_command": whole,
        "times_the_loop": float(np.median(rate) * np.median(loops)),
        "times_the_loop_whole_command": float(np.median(whole) * np.median(loops)),
    }


def memory(folder):
    """Run configurations that would need more than 40 GiB at once, under a limit of 2 GiB."""
    path = folder / "large.toml"
    path.write_text(LARGE)
    plan = make_plan(load_grid(str(path)).configurations(), Allocations())
    at_once = sum(bytes_running(b.bucket.shape, 4000) * len(b.bucket.ids) for b in plan.buckets)
    run = command(path, folder / "large", folder / "cache-large", "--memory", "2GiB")
    return {"limit_gib": 2, "at_once_gib": at_once / 2**30, **run}


def main(target):
    """Write one file named after the device."""
    made = environment()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {
            "environment": made,
            "how": "python -m benchmarks.record_sweep; "
            + os.environ.get("JAXSUPER_BENCHMARK_NOTE", "on an otherwise idle machine"),
            "load_average_before": load,
            "published": published(folder),
            "five_thousand": five_thousand(folder),
            "memory": memory(folder),
        }
    name = str(made["device"]).lower().replace(" ", "-")
    text = json.dumps(result, indent=1) + "\n"
    (Path(target) / f"sweep-{name}.json").write_text(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results")
