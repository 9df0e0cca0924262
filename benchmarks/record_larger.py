"""Measure what it brings to give more of a circuit's neurons to its on-indicator, at equal D.

    python -m benchmarks.record_larger [FOLDER]

Boolean functions of three bits, trained against noise, as `Guarded` circuits of d = 8 and 16 neurons: m =
d - 2 of them compute, two are the indicator. With r indicators a circuit has m + 2 r neurons, blocks have
D/(m + 2 r), and the indicator r times as many: as r sets of S neurons that are averaged ("copies"), or as
one set of r S ("one set"). T grows until the answers are wrong; D = 2000, L = 5, z = 1 and 2. Written to
larger-cpu.json, with what density evolution says of the indicators, and a figure; what is in the file
already is kept, so that a run that was stopped goes on.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
from jaxsuper import allocation, circuits, environment, predict, simulation, training
from jaxsuper._files import write_json
from jaxsuper.design import structure_of
from jaxsuper.plotting import color_of, save, style, subplots
from jaxsuper.simulation import capacity_of, Configuration, Experiment

from .resuming import resumed


WIDTH, LAYERS, SEED, POOL, NETWORKS, SAMPLES = 2000, 5, 2026, 192, 4, 256
WIDTHS, ACTIVE, SIZES = (8, 16), (1, 2), (200, 400, 800, 1600, 3200)
ARRANGEMENTS = ((1, "one set"), (2, "one set"), (2, "copies"), (4, "one set"))
LARGEST = 4
GUARD = {"lower_threshold": 0.5, "upper_threshold": 0.9, "gate_bias": 0.5}
# An answer is 0 or 1: the error up to which nearly all are told apart, and one beyond all use.
BAR, HOPELESS = 0.05, 0.15


def register(d: int) -> str:
    """Train circuits of d neurons, and return the name that stands for them."""
    tasks = training.boolean_tasks(POOL, 3, key=jax.random.key(SEED))
    found = training.train_small(
        tasks.inputs, tasks.targets, (d - 2,), key=jax.random.key(SEED), noise=0.15, steps=2000
    )
    small = circuits.Guarded.from_layers(found.layers, tasks.inputs, LAYERS, **GUARD)
    circuits.register(f"boolean{d}", circuits.Pool(small))
    return f"boolean{d}"


def most_redundant(block_width: int, n_circuits: int, most: int) -> int:
    """Return the largest S, up to a limit, whose sets hold so many circuits; 0 for none."""
    holds = lambda s: (allocation.capacity(block_width, s, "transversal") or 0) >= n_circuits
    return next((s for s in range(most, 1, -1) if holds(s)), 0)


def configuration(d: int, r: int, how: str, n_circuits: int, name: str) -> Configuration | None:
    """Return the settings with r indicators of two neurons, None where sets do not hold the circuits."""
    m = d - 2
    n = WIDTH // (m + 2 * r)
    shared: dict[str, Any] = {
        "circuit": name,
        "allocation": "transversal",
        "n_layers": LAYERS,
        **GUARD,
    }
    shared |= {"n_circuits": n_circuits, "batch_size": SAMPLES, "seed": SEED}
    S = most_redundant(n, n_circuits, LARGEST)
    if not S:
        return None
    if r == 1:
        return Configuration(n * d, redundancy=S, **shared)
    copies = r if how == "copies" else 1
    own = most_redundant(n * r // copies, n_circuits, LARGEST * r // copies)
    shared |= {"indicator_share": 2 * r / (m + 2 * r), "indicator_copies": copies}
    made = Configuration(WIDTH, redundancy=S, indicator_redundancy=own, **shared)
    return made if own and (capacity_of(made) or 0) >= n_circuits else None


def sizes_of(d: int, z: int, r: int, how: str, name: str) -> dict[int, Configuration]:
    """Return the settings by T, of those that the sets hold."""
    every = {count: configuration(d, r, how, count, name) for count in SIZES}
    return {count: replace(made, n_active=z) for count, made in every.items() if made is not None}


def measured(made: Configuration, frame: simulation.Frame) -> dict[str, Any]:
    """Return errors by layer, means over networks, and what is predicted of them."""
    networks = simulation.configurations_of(Experiment(made, n_networks=NETWORKS), made.n_active)
    chunk = min(SAMPLES, simulation.largest_chunk(frame.payload[0], WIDTH))
    found = simulation.merge_networks(
        [simulation.measure_framed(each, SAMPLES, chunk, frame) for each in networks]
    )
    prediction = predict(made)
    evolved, closed = prediction.state_evolution, prediction.closed_form
    assert evolved is not None and closed is not None
    rows: dict[str, Any] = {}
    for metric in ("mse_x_active", "mse_on_active", "mse_on_inactive"):
        rows[metric] = np.asarray(found[metric]).tolist()
        rows[f"{metric}_stderr"] = np.asarray(found.stderr_of(metric)).tolist()
        form = evolved if metric in evolved.values else closed
        rows[f"{metric}_predicted"] = np.asarray(form.values[metric]).tolist()
    return rows


def reached(runs: list[dict[str, Any]]) -> float | None:
    """Return T at which the error at layer L passes the bar, between the sizes on either side."""
    points = sorted((run["n_circuits"], run["mse_x_active"][-1]) for run in runs)
    for (low, under), (high, over) in zip(points, points[1:], strict=False):
        if under < BAR <= over:
            share = np.log(BAR / under) / np.log(over / under)
            return float(low * (high / low) ** share)
    return None


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw the error at layer L against T: a row for each d, a column for each z."""
    with style():
        figure, axes = subplots(
            len(WIDTHS), len(ACTIVE), figsize=(8.4, 6.2), sharex=True, sharey=True
        )
        for row, d in enumerate(WIDTHS):
            for column, z in enumerate(ACTIVE):
                ax = axes[row, column]
                for index, (r, how) in enumerate(ARRANGEMENTS):
                    runs = [
                        run
                        for run in result["runs"]
                        if (run["d"], run["z"], run["r"], run["how"]) == (d, z, r, how)
                    ]
                    runs.sort(key=lambda run: run["n_circuits"])
                    label = "1 indicator" if r == 1 else f"{r} indicators, {how}"
                    ax.errorbar(
                        [run["n_circuits"] for run in runs],
                        [run["mse_x_active"][-1] for run in runs],
                        [run["mse_x_active_stderr"][-1] for run in runs],
                        label=label,
                        color=color_of(index),
                        marker="o",
                        linestyle="--" if how == "copies" else "-",
                    )
                ax.axhline(BAR, color="0.6", linewidth=0.8)
                ax.set(xscale="log", yscale="log", title=f"d = {d} with one indicator, z = {z}")
                ax.set_xticks(SIZES, [f"{size:,}" for size in SIZES], minor=False)
                ax.set_xticks([], minor=True)
                ax.set_xlim(0.85 * SIZES[0], 1.2 * SIZES[-2])
                if row == len(WIDTHS) - 1:
                    ax.set_xlabel("circuits T")
            axes[row, 0].set_ylabel(f"error at layer {LAYERS}")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    save(figure, path)


def main(folder: str = "benchmarks/results") -> None:
    """Run what is missing, write and draw."""
    path = Path(folder) / "larger-cpu.json"
    settings = {
        "network_width": WIDTH, "n_layers": LAYERS, "pool": POOL, "guard": GUARD,
        "networks": NETWORKS, "samples": SAMPLES, "seed": SEED, "largest": LARGEST,
    }  # fmt: skip
    settings = json.loads(json.dumps(settings))
    result: dict[str, Any] = {"environment": environment(), "settings": settings, "runs": []}
    result = resumed(path, result)
    names = ("d", "z", "r", "how", "n_circuits")
    done = {tuple(run[name] for name in names): run for run in result["runs"]}
    for d in WIDTHS:
        name = register(d)
        for cell in [(d, z, r, how) for z in ACTIVE for r, how in ARRANGEMENTS]:
            designs = sizes_of(*cell, name)
            frames = simulation.shared_frames(
                [structure_of(made) for made in designs.values()], NETWORKS * SAMPLES
            )
            for n_circuits, made in designs.items():
                key = (*cell, n_circuits)
                if key not in done:
                    started = perf_counter()
                    done[key] = run = dict(zip(names, key, strict=True)) | {
                        "redundancy": made.redundancy,
                        "indicator_redundancy": made.indicator_redundancy or made.redundancy,
                        **measured(made, frames[structure_of(made)]),
                    }
                    run["seconds"] = perf_counter() - started
                    result["runs"].append(run)
                    write_json(path, result)
                    print(*key, f"error {run['mse_x_active'][-1]:.3g}", flush=True)
                if done[key]["mse_x_active"][-1] > HOPELESS:
                    break
    result["reached"] = [
        {"d": d, "z": z, "r": r, "how": how, "bar": BAR, "n_circuits": reached(runs)}
        for d in WIDTHS
        for z in ACTIVE
        for r, how in ARRANGEMENTS
        if (runs := [run for cell, run in done.items() if cell[:4] == (d, z, r, how)])
    ]
    write_json(path, result)
    for row in result["reached"]:
        print(*row.values())
    draw(result, path.with_suffix(".png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
