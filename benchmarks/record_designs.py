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
from jaxsuper import Allocation, environment, predict, simulate
from jaxsuper._files import write_json
from jaxsuper.allocation import transversal_family
from jaxsuper.simulation import (
    configurations_of,
    Experiment,
    merge_networks,
    Parts,
    prepare,
    samples_key,
)

from .designs import BASE, Change, combinations, indicator_changes, single_changes, targets


SEED, NETWORKS, SAMPLES = 20261, 10, 300
N_LINES = 41**2  # lines over GF(41), the largest field with 6 q <= 250
METRICS = ("mse_x_active", "mse_x_inactive", "mse_on_active", "mse_on_inactive")
# The growth of the inactive indicators is that to this layer, also of deeper networks.
GROWTH_LAYER = 5


def experiment_of(change):
    """Return the settings of a row."""
    settings = {**BASE, "n_active": change.active, "batch_size": SAMPLES, **change.settings}
    return Experiment.of(**settings, seed=SEED, n_networks=NETWORKS)


@cache
def every_line():
    """Return all lines that S = 6 has room for at n = 250."""
    return transversal_family(250, 6)[:N_LINES]


def random_lines(configuration):
    """Return random lines, which are no family of their own: others for every network."""
    order = np.random.default_rng([SEED, configuration.network]).permutation(N_LINES)
    return Allocation(every_line()[order[: configuration.n_circuits]], 250)


def network_of(change, configuration):
    """Build a network of a row."""
    parts = Parts(random_lines(configuration), None) if change.random_lines else None
    return prepare(configuration, parts)


def configurations(change):
    """Return the settings of every network of a row."""
    return configurations_of(experiment_of(change), change.active[0])


def measured(change):
    """Return z -> what was measured."""
    measurements = {z: [] for z in change.active}
    for configuration in configurations(change):
        network, key = network_of(change, configuration), samples_key(configuration)
        for z in change.active:
            measurements[z].append(simulate(network, z, SAMPLES, key=key))
    rows = {}
    for z, each in measurements.items():
        merged = merge_networks(each)
        rows[str(z)] = {
            name: {"value": list(merged[name]), "stderr": list(merged.stderr_of(name))}
            for name in METRICS
        }
        inactive = merged["mse_on_inactive"]
        growth = float(inactive[GROWTH_LAYER - 1] / inactive[0]) if inactive[0] else None
        rows[str(z)]["seizing"] = growth
    return rows


def with_predictions(row, change):
    """Add predicted values and the ratio measured / predicted of layers 1..L."""
    subject = experiment_of(change)
    if change.random_lines:  # of the first network
        subject = network_of(change, configurations(change)[0])
    for z in change.active:
        prediction, metrics = predict(subject, z), row["active"][str(z)]
        metrics["theory"] = prediction.forms[0].theory if prediction.forms else None
        for name in METRICS:
            values = prediction.get(name)
            metrics[name]["predicted"] = (
                None if values is None else [float(value) for value in values]
            )
            metrics[name]["ratio"] = (
                None if values is None else _ratios(metrics[name]["value"], values)
            )
    return row


def _ratios(measured, predicted):
    """Return measured / predicted by layer; below rounding there is nothing to compare."""
    pairs = zip(measured, predicted, strict=True)
    return [float(m / p) if min(m, p) > 1e-6 else None for m, p in pairs]


def make_row(change):
    """Measure one design; of one that cannot be made, say why."""
    settings = {**BASE, **change.settings}
    row = {"name": change.name, "group": change.group, "settings": settings, "active": {}}
    try:
        row["active"] = measured(change)
    except ValueError as reason:
        return {**row, "not_held": str(reason)}
    return with_predictions(row, change)


def summary(row):
    """Return one printed line."""
    if "not_held" in row:
        return row["not_held"][:90]
    parts = []
    for z, metrics in row["active"].items():
        error, growth = metrics["mse_x_active"], metrics["seizing"]
        ratio = error["ratio"] and error["ratio"][-1]
        says = "" if ratio is None else f" (x{ratio:.2f})"
        grows = "" if growth is None else f" seizing {growth:.3g}"
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
    write_json(path, result)


def compact(text):
    """Round what is stored: six digits are more than the standard errors deserve."""
    return json.loads(text, parse_float=lambda number: float(f"{float(number):.6g}"))


def changes_of() -> dict[str, list[Change]]:
    """Return the rows by part of the file."""
    single, indicators = single_changes(), indicator_changes()
    return {"targets": targets(), "changes": single + combinations() + indicators}


def main(target, again=(), predict_anew=False):
    """Measure what is missing and write after every row."""
    path = Path(target) / f"designs-{str(environment()['device']).lower().replace(' ', '-')}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    parts, started = {}, perf_counter()
    for part, changes in changes_of().items():
        stored = {row["name"]: row for row in known.get(part, [])}
        parts[part] = []
        for number, change in enumerate(changes, 1):
            row = stored.get(change.name)
            wanted = compact(json.dumps({**BASE, **change.settings}))
            if row is None or row["settings"] != wanted or change.name.startswith(again):
                row = make_row(change)
                if number % 8 == 0:
                    jax.clear_caches()
            elif predict_anew and "not_held" not in row:
                row = with_predictions(row, change)
            parts[part].append(compact(json.dumps(row)))
            done = {row["name"] for row in parts[part]}
            rest = [row for row in stored.values() if row["name"] not in done]
            write(path, {**known, **parts, part: parts[part] + rest})
            at = f"{part} {number}/{len(changes)}, {perf_counter() - started:.0f} s"
            print(f"[{at}] {change.name}: {summary(parts[part][-1])}", flush=True)
    write(path, parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the designs of designs.py.")
    parser.add_argument("target", nargs="?", default="benchmarks/results")
    parser.add_argument("--again", nargs="+", default=(), help="beginnings of names")
    parser.add_argument("--predict", action="store_true", help="predictions only")
    arguments = parser.parse_args()
    main(arguments.target, tuple(arguments.again), arguments.predict)
