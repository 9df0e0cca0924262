"""Measure the designs of `designs.py` and write benchmarks/results/designs-<device>.json.

    python -m benchmarks.record_designs [FOLDER] [--again NAME ...]

Rows that the file already holds with the same settings are kept, so that an interrupted run goes
on where it stopped; `--again` measures those whose name begins so anew, `--predict` only works the
predictions out again.
"""

import argparse
import json
from functools import cache
from pathlib import Path
from time import perf_counter

import jax
import numpy as np
from jaxsuper import Allocation, analytics, build, environment, simulate
from jaxsuper.allocation import transversal_family
from jaxsuper.analytics import Experiment, prepare, samples_key
from jaxsuper.simulation import merge_networks, network_keys

from .designs import BASE, Change, combinations, indicator_changes, single_changes, targets


SEED, NETWORKS, SAMPLES = 20261, 10, 300
LINES = 41**2  # lines over GF(41), the largest field with 6 q <= 250
METRICS = ("mse_x_active", "mse_x_inactive", "mse_on_active", "mse_on_inactive")


def experiment_of(change):
    """Return the settings of a row."""
    settings = {**BASE, "n_active": change.active, "batch_size": SAMPLES, **change.settings}
    return Experiment(**settings, seed=SEED, n_networks=NETWORKS)


@cache
def every_line():
    """Return all lines that S = 6 has room for at n = 250."""
    return transversal_family(250, 6)[:LINES]


def network_of(experiment, index, random_lines):
    """Build a network; random lines are no family of their own."""
    circuits, design, network = prepare(experiment, index)
    if random_lines:
        drawn = np.random.default_rng([SEED, index]).permutation(LINES)[: design.n_circuits]
        drawn = Allocation(every_line()[drawn], design.block_width)
        key = network_keys(experiment.seed, index)[1]
        return drawn, build(circuits, drawn, experiment.n_layers, key=key)
    return design, network


def measured(change):
    """Return z -> what was measured, and the first network's design for the prediction."""
    experiment = experiment_of(change)
    found, designs = {z: [] for z in experiment.n_active}, []
    for index in range(NETWORKS):
        design, network = network_of(experiment, index, change.random_lines)
        designs.append(design)
        for z in experiment.n_active:
            key = samples_key(experiment, index)
            found[z].append(simulate(network, z, SAMPLES, key=key))
    rows = {}
    for z, parts in found.items():
        one = merge_networks(parts)
        rows[z] = {
            name: {"value": list(one[name]), "stderr": list(one.stderr_of(name))}
            for name in METRICS
        }
        on = one["mse_on_inactive"]
        rows[z]["seizing"] = float(on[4] / on[0]) if on[0] else None
    return rows, designs[0]


def predicted(change, design):
    """Return z -> (name of the theory, metric -> values); (None, {}) outside theory."""
    experiment = experiment_of(change)
    return {z: analytics.predict_experiment(experiment, z, design) for z in experiment.n_active}


def with_predictions(row, change, design):
    """Add predicted values and the ratio measured / predicted of layers 1..L."""
    for z, (theory, forms) in predicted(change, design).items():
        one = row["active"][str(z)]
        one["theory"] = theory
        for name in METRICS:
            values = forms.get(name)
            one[name]["predicted"] = None if values is None else [float(v) for v in values]
            if values is None:
                one[name]["ratio"] = None
                continue
            pairs = zip(one[name]["value"], values, strict=True)
            # Below rounding there is nothing to compare.
            one[name]["ratio"] = [float(m / p) if min(m, p) > 1e-6 else None for m, p in pairs]
    return row


def make_row(change):
    """Measure one design; of one that cannot be made, say why."""
    settings = {**BASE, **change.settings}
    row = {"name": change.name, "group": change.group, "settings": settings}
    row["active"] = {}
    try:
        found, design = measured(change)
    except ValueError as reason:
        return {**row, "not_held": str(reason)}
    row["active"] = {str(z): one for z, one in found.items()}
    return with_predictions(row, change, design)


def summary(row):
    """Return one printed line."""
    if "not_held" in row:
        return row["not_held"][:90]
    parts = []
    for z, one in row["active"].items():
        error = one["mse_x_active"]
        ratio = error["ratio"] and error["ratio"][-1]
        says = "" if ratio is None else f" (x{ratio:.2f})"
        grows = one["seizing"]
        grows = "" if grows is None else f" seizing {grows:.3g}"
        parts.append(f"z={z} {error['value'][-1]:.3g}±{error['stderr'][-1]:.1g}{says}{grows}")
    return "; ".join(parts)


def write(path, parts):
    """Write the file whole."""
    result = {
        "environment": environment(),
        "how": "python -m benchmarks.record_designs",
        "settings": {"seed": SEED, "networks": NETWORKS, "samples": SAMPLES, "base": BASE},
        "standard_errors": "over networks",
        **parts,
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    partial.replace(path)


def compact(text):
    """Round what is stored: six digits are more than the standard errors deserve."""
    return json.loads(text, parse_float=lambda number: float(f"{float(number):.6g}"))


def parts_of() -> dict[str, list[Change]]:
    """Return the rows by part of the file."""
    single, indicators = single_changes(), indicator_changes()
    return {"targets": targets(), "changes": single + combinations() + indicators}


def main(target, again=(), predict=False):
    """Measure what is missing and write after every row."""
    path = Path(target) / f"designs-{str(environment()['device']).lower().replace(' ', '-')}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    parts, started = {}, perf_counter()
    for part, changes in parts_of().items():
        stored = {row["name"]: row for row in known.get(part, [])}
        parts[part] = []
        for number, change in enumerate(changes, 1):
            row = stored.get(change.name)
            wanted = compact(json.dumps({**BASE, **change.settings}))
            if row is None or row["settings"] != wanted or change.name.startswith(again):
                row = make_row(change)
                if number % 8 == 0:
                    jax.clear_caches()
            elif predict and "not_held" not in row:
                design, _ = network_of(experiment_of(change), 0, change.random_lines)
                row = with_predictions(row, change, design)
            parts[part].append(compact(json.dumps(row)))
            made = {one["name"] for one in parts[part]}
            rest = [one for one in stored.values() if one["name"] not in made]
            write(path, {**known, **parts, part: parts[part] + rest})
            at = f"{part} {number}/{len(changes)}, {perf_counter() - started:.0f} s"
            print(f"[{at}] {change.name}: {summary(parts[part][-1])}", flush=True)
    write(path, parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", default="benchmarks/results")
    parser.add_argument("--again", nargs="+", default=(), help="beginnings of names")
    parser.add_argument("--predict", action="store_true", help="predictions only")
    given = parser.parse_args()
    main(given.target, tuple(given.again), given.predict)
