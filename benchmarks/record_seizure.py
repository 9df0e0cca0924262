"""Hold density evolution and state evolution against the simulated published grid, and held-out widths.

    python -m benchmarks.record_seizure benchmarks/results

For every configuration of the published grid (41 sizes, z = 1 to 4), and for sizes between and beyond
its own, the inactive indicators' error at layer 4 is simulated (mean over networks) and predicted by
both. The record has all three, and the share of configurations within factors 1.2 and 1.5.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxsuper import analytics, Configuration, Experiment
from jaxsuper.allocation import allocate
from jaxsuper.simulation import environment, run_networks
from jaxsuper.sweep import load_grid
from jaxsuper.theory.seizure import density_evolution, Links, load_classes


NETWORKS, SAMPLES, SEED, METRIC = 4, 250, 2026, "mse_on_inactive"
FACTORS = (1.2, 1.5)
# D and T that the published grid does not have, z = 1 to 4 each.
HELD_OUT = ((900, 250), (1300, 650), (1500, 500), (2400, 700), (2400, 1800))


def sizes():
    """Return the configurations, published and held out."""
    published = load_grid("published").configurations()
    base = replace(published[0], batch_size=SAMPLES)
    held = [
        replace(base, network_width=D, n_circuits=T, n_active=z)
        for D, T in HELD_OUT
        for z in (1, 2, 3, 4)
    ]
    return [(replace(one, batch_size=SAMPLES), False) for one in published] + [
        (one, True) for one in held
    ]


def compared(one: Configuration, held_out: bool):
    """Return the row of a configuration."""
    one = replace(one, seed=SEED)
    experiment = Experiment(one, n_networks=NETWORKS)
    networks = run_networks(experiment).measurements[one.n_active]
    found = np.array([float(m[METRIC][-1]) for m in networks])
    n, S, z, L = one.network_width // 4, one.redundancy, one.n_active, one.n_layers
    sets = allocate(n, S, one.n_circuits, one.allocation)
    links = Links.of(load_classes(sets.loads[sets.sets]), z)
    started = time.perf_counter()
    density = density_evolution(links, L, one.lower_threshold, one.upper_threshold).inactive[-1]
    between = time.perf_counter()
    state = analytics.predict(experiment).state_evolution.values[METRIC][-1]
    ended = time.perf_counter()
    return {
        "network_width": one.network_width,
        "n_circuits": one.n_circuits,
        "n_active": z,
        "held_out": held_out,
        "simulated": float(found.mean()),
        "stderr": float(found.std(ddof=1) / NETWORKS**0.5),
        "density_evolution": float(density),
        "state_evolution": float(state),
        "seconds_density": between - started,
        "seconds_state": ended - between,
    }


def shares(rows):
    """Return prediction -> factor -> share of rows within it of what was simulated."""
    return {
        name: {
            f"{factor:g}": float(
                np.mean([1 / factor <= row[name] / row["simulated"] <= factor for row in rows])
            )
            for factor in FACTORS
        }
        for name in ("density_evolution", "state_evolution")
    }


def main(folder: Path) -> None:
    """Measure, write and print."""
    rows = []
    everything = sizes()
    for index, (one, held_out) in enumerate(everything):
        rows.append(compared(one, held_out))
        if index % 20 == 19:
            print(f"{index + 1} of {len(everything)}", flush=True)
    held = [row for row in rows if row["held_out"]]
    quiet = [row for row in rows if row["simulated"] < 0.05]
    record = {
        "environment": environment(),
        "networks": NETWORKS,
        "samples": SAMPLES,
        "seed": SEED,
        "within": {
            "all": shares(rows),
            "held out": shares(held),
            "error below 0.05": shares(quiet),
        },
        "seconds": {
            name: float(np.median([row[f"seconds_{name}"] for row in rows]))
            for name in ("density", "state")
        },
        "rows": rows,
    }
    (folder / "seizure-cpu.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({"within": record["within"], "seconds": record["seconds"]}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
