"""Measure the figures of benchmarks/results and write them with device, versions and precision."""

import json
import platform
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import jax
import numpy as np
from jaxsuper import environment, simulate
from jaxsuper.simulation import default_chunk

from benchmarks.cases import (
    all_dense_pass,
    chunked_inputs,
    dense_layers,
    dense_pass,
    incidence_matrices,
    make_network,
    structured_pass,
)


def timed(run):
    started = perf_counter()
    jax.block_until_ready(run())
    return perf_counter() - started


def in_turns(runs, repeats=15):
    """Time several functions in turns, after a warm-up; return the seconds of each turn."""
    for run in runs.values():
        jax.block_until_ready(run())
    seconds = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            seconds[name].append(timed(run))
    return seconds


def headline(batch=500, n_active=3):
    """D = T = 2000, S = 6, L = 4, z = 3: structured against dense, and building."""
    build_first = timed(make_network)
    network = make_network()
    dense = jax.block_until_ready(dense_layers(network))
    incidence = jax.block_until_ready(incidence_matrices(network))
    chunk = default_chunk(network, batch)
    parts = chunked_inputs(network, n_active, batch, chunk)
    (whole,) = chunked_inputs(network, n_active, batch, batch)
    compile_seconds = timed(lambda: structured_pass(network, parts[0]))
    key = jax.random.key(2)
    seconds = in_turns(
        {
            "structured": lambda: [
                jax.block_until_ready(structured_pass(network, part)) for part in parts
            ],
            "dense": lambda: dense_pass(network, dense, whole),
            "dense_with_matrix_readout": lambda: all_dense_pass(network, dense, incidence, whole),
            "simulate": lambda: simulate(network, n_active, batch, key=key).mean,
            "simulate_dense": lambda: (
                simulate(network, n_active, batch, key=key, dense=dense, chunk=batch).mean
            ),
            "build": make_network,
        }
    )
    median = {name: float(np.median(values)) for name, values in seconds.items()}
    fastest = {name: float(min(values)) for name, values in seconds.items()}
    return {
        "setting": {"D": 2000, "T": 2000, "S": 6, "L": 4, "z": n_active, "batch": batch},
        "chunk": chunk,
        "median_seconds": median,
        "fastest_seconds": fastest,
        "build_with_compile_seconds": build_first,
        "compile_seconds": compile_seconds,
        "dense_over_structured": median["dense"] / median["structured"],
        "dense_over_structured_fastest": fastest["dense"] / fastest["structured"],
        "dense_with_matrix_readout_over_structured": median["dense_with_matrix_readout"]
        / median["structured"],
        "dense_over_structured_with_metrics": median["simulate_dense"] / median["simulate"],
    }


def growth(batch=256):
    """Run time against T at D = 2000, against D at T = 500, and together; fitted exponents."""
    settings = {
        "T": [(2000, t) for t in (250, 500, 1000, 2000)],
        "D": [(d, 500) for d in (1000, 2000, 4000, 8000)],
        "T=D/2": [(d, d // 2) for d in (1000, 2000, 4000, 8000)],
    }
    found = {}
    for name, pairs in settings.items():
        networks = {pair: make_network(*pair) for pair in pairs}
        key = jax.random.key(2)
        runs = {
            pair: (lambda network=network, key=key: simulate(network, 3, batch, key=key).mean)
            for pair, network in networks.items()
        }
        seconds = {pair: float(np.median(v)) for pair, v in in_turns(runs, 9).items()}
        along = [pair[0] if name == "D" else pair[1] for pair in pairs]
        slope = np.polyfit(np.log(along), np.log([seconds[pair] for pair in pairs]), 1)[0]
        found[name] = {
            "seconds": [{"D": d, "T": t, "seconds": seconds[d, t]} for d, t in pairs],
            "exponent": float(slope),
        }
    return found


def peak_memory():
    """Largest resident size of a fresh process that builds and simulates the headline network."""
    code = (
        "from benchmarks.cases import make_network; from jaxsuper import simulate; import jax, "
        "resource; simulate(make_network(), 3, 500, key=jax.random.key(0)); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def large():
    """D = 16,000 once: it must run."""
    started = perf_counter()
    network = make_network(16_000, 16_000)
    built = perf_counter()
    simulate(network, 3, 64, key=jax.random.key(0))
    first = perf_counter()
    measured = simulate(network, 3, 64, key=jax.random.key(0))
    return {
        "setting": {"D": 16_000, "T": 16_000, "S": 6, "L": 4, "z": 3, "batch": 64},
        "build_with_compile_seconds": built - started,
        "first_run_seconds": first - built,
        "run_seconds": perf_counter() - first,
        "mse_x_active": measured["mse_x_active"].tolist(),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main(folder):
    """Write one file named after the device."""
    made = environment()
    result = {
        "environment": {**made, "processor": platform.machine()},
        "headline": headline(),
        "peak_gib": peak_memory(),
        "growth": growth(),
        "large": large(),
    }
    name = str(made["device"]).lower().replace(" ", "-")
    path = Path(folder) / f"speed-{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results")
