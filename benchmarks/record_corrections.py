"""Measure clean-up layers against the clipped network at equal width, and write the errors.

    python -m benchmarks.record_corrections benchmarks/results

Every network runs ten computing layers: `clipped` in ten layers, `cleaned` in twenty. Lists hold one
entry for each, so one table has three comparisons of r rotations: `cleaned` r against `clipped` r,
which has half the depth; against `clipped` 2r, which has the same depth and more rotations; and,
since two rotations are one, against the same `clipped` 2r as r rotations made in two layers each.
"""

import json
import sys
from itertools import product
from pathlib import Path

import jax
from jaxsuper import environment
from jaxsuper.network import traits_of
from jaxsuper.simulation import Experiment, run_networks


WIDTH, ROTATIONS, NETWORKS, SAMPLES, SEED = 1000, 10, 5, 200, 2026
METRICS = ("mse_x_active", "mse_on_inactive", "mse_on_active")
PUBLISHED = (0.25, 0.75)
# T, family, S, thresholds, b: one change at a time from the published choice, then together.
CHOICES = [
    (557, "prime-steps", 6, PUBLISHED, 1.0),
    (557, "transversal", 6, PUBLISHED, 1.0),
    (557, "transversal", 6, PUBLISHED, 0.5),
    (557, "transversal", 6, PUBLISHED, 2.0),
    (557, "transversal", 6, (0.4, 0.7), 1.0),
    (557, "transversal", 6, (0.5, 0.8), 1.0),
    # Cleaned, this one's indicators are those of clipped with .5/.8: only the payload differs.
    (557, "transversal", 3, (0.2, 0.8), 1.0),
    (557, "transversal", 3, (0.4, 0.7), 1.0),
    (557, "transversal", 3, (0.5, 0.8), 1.0),
    (557, "transversal", 3, (0.6, 0.9), 1.0),
    (300, "prime-steps", 6, PUBLISHED, 1.0),
    (300, "transversal", 6, PUBLISHED, 1.0),
    (300, "transversal", 6, (0.5, 0.8), 1.0),
    (300, "transversal", 3, (0.5, 0.8), 1.0),
]


def experiment_of(choice, construction):
    """Return the experiment on one choice of settings, for z = 1, 2, 3."""
    count, family, redundancy, (lower, upper), bias = choice
    return Experiment.of(
        network_width=WIDTH,
        n_circuits=count,
        redundancy=redundancy,
        n_active=(1, 2, 3),
        n_layers=ROTATIONS,
        batch_size=SAMPLES,
        n_networks=NETWORKS,
        seed=SEED,
        construction=construction,
        allocation=family,
        lower_threshold=lower,
        upper_threshold=upper,
        gate_bias=bias,
    )


def measure(choice, construction):
    """Return the rows of one choice of settings, one for each z."""
    names = ("n_circuits", "allocation", "redundancy", "thresholds", "gate_bias")
    merged = run_networks(experiment_of(choice, construction)).merged()
    for z, measured in merged.items():
        row = dict(zip(names, choice, strict=True))
        row |= {"construction": construction, "n_active": z}
        row["layers_per_rotation"] = traits_of(construction).layers_per_step
        for name in METRICS:
            row[name] = [float(f"{value:.4g}") for value in measured[name]]
            row[f"{name}_stderr"] = [float(f"{value:.2g}") for value in measured.stderr_of(name)]
        yield row


def main(folder):
    """Write corrections-<device>.json."""
    runs = list(product(CHOICES, ("clipped", "cleaned")))
    # Networks of one shape share their programs, which would otherwise be kept for all shapes.
    runs.sort(key=lambda run: (run[0][0], run[0][2], run[1]))
    rows, shape = [], None
    made_with = environment()
    name = str(made_with["device"]).lower().replace(" ", "-")
    for choice, construction in runs:
        if shape != (shape := (choice[0], choice[2], construction)):
            jax.clear_caches()
        for row in measure(choice, construction):
            rows.append(row)
            print(construction, choice, row["n_active"], row["mse_x_active"], flush=True)
    setting = {"network_width": WIDTH, "networks": NETWORKS, "samples": SAMPLES, "seed": SEED}
    result = {"environment": made_with, "setting": setting, "rows": rows}
    (Path(folder) / f"corrections-{name}.json").write_text(compact(result) + "\n")


def compact(result):
    """Return the result as JSON with one line for each row."""
    rows = ",\n  ".join(json.dumps(row) for row in result["rows"])
    head = json.dumps({key: result[key] for key in ("environment", "setting")}, indent=1)
    return head[:-2] + ',\n "rows": [\n  ' + rows + "\n ]\n}"


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results")
