"""Measure trained circuits in superposition: right answers by layer, behind an on-indicator and without.

    python -m benchmarks.record_own [FOLDER]

Boolean functions of three bits (2 layers) and modular addition (3 layers), trained plainly and against
noise, at D = 1200, L = 5, several T, z and S, in three ways: plain, as `MLP` (own biases from a constant
neuron), and `Guarded`, both in clipped networks, and `Gated` with private links. The answers are handed
on after the circuit's last layer. Written to own-cpu.json, beside the error that the closed form
predicts, with a figure; what is in the file already is kept.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
from jaxsuper import allocation, circuits, environment, network, predict, simulation, training
from jaxsuper._files import write_json
from jaxsuper.plotting import color_of, save, style, subplots

from .resuming import resumed


WIDTH, LAYERS, MODULUS, SEED = 1200, 5, 3, 2026
ACTIVE, NOISES, NETWORKS, SAMPLES = (1, 2, 3), (0.0, 0.15), 3, 1000
HIDDEN = {"boolean": (4,), "addition": (8, 8)}
# Chosen on T = 300 of other seeds: the lowest gate that keeps errors from growing, where it costs
# noise, and one that nothing passes, where it costs none.
GUARD = {"lower_threshold": 0.5, "upper_threshold": 0.9, "gate_bias": 0.5}
GATE = {"gate_bias": 20.0}
KINDS = {
    "plain": (circuits.MLP, {}, "clipped"),
    "guarded": (circuits.Guarded, GUARD, "clipped"),
    "private": (circuits.Gated, GATE, "private"),
}
# The redundancy that was best on other seeds, and that of the published rotations for comparison.
BEST = 2
CELLS = ((300, BEST), (300, 6), (900, BEST))


MOST = max(count for count, _ in CELLS)


@dataclass(frozen=True)
class Trained:
    """Networks of one task, and how they were trained."""

    tasks: training.Tasks
    layers: list[tuple[np.ndarray, np.ndarray]]
    alone: float


def trained(task: str, noise: float) -> Trained:
    """Train as many as the largest network holds."""
    key = jax.random.key(SEED)
    if task == "boolean":
        tasks = training.boolean_tasks(MOST, 3, key=key)
    else:
        tasks = training.addition_tasks(MOST, MODULUS, key=key)
    found = training.train_small(
        tasks.inputs, tasks.targets, HIDDEN[task], key=key, noise=noise, steps=3000, restarts=3
    )
    layers = [(np.asarray(weights), np.asarray(biases)) for weights, biases in found.layers]
    small = circuits.Guarded.from_layers(layers, tasks.inputs)
    count, rows = MOST, len(tasks.inputs)
    ids = np.repeat(np.arange(count), rows)[:, None]
    inputs = np.tile(np.asarray(tasks.inputs), (count, 1))[:, None]
    outputs = np.asarray(small.outputs(small(ids, inputs)))[:, -1, 0]
    wanted = np.asarray(tasks.targets).reshape(len(outputs), -1)
    return Trained(tasks, layers, training.share_right(outputs, wanted, tasks.classes))


def measured(made: Trained, kind: str, count: int, redundancy: int, z: int) -> dict[str, Any]:
    """Return right answers by layer and errors, means over networks."""
    layers = [(weights[:count], biases[:count]) for weights, biases in made.layers]
    wrapper, numbers, construction = KINDS[kind]
    small: Any = wrapper.from_layers(layers, made.tasks.inputs, LAYERS, **numbers)
    n = WIDTH // small.width
    # Wide circuits leave few neurons in a block: fewer sets of the same size fit.
    fits = (
        s
        for s in range(redundancy, 1, -1)
        if (allocation.capacity(n, s, "transversal") or 0) >= count
    )
    redundancy = next(fits)
    sets = allocation.allocate(n, redundancy, count, "transversal")
    metric = "mse_a_active" if kind == "plain" else "mse_x_active"
    shares, errors = [], []
    for number in range(NETWORKS):
        key = jax.random.fold_in(jax.random.key(SEED + 1), number)
        net = network.build(small, sets, LAYERS, construction, key=key)
        draws = np.random.default_rng([SEED, number])
        active = np.stack([draws.permutation(count)[:z] for _ in range(SAMPLES)])
        rows = draws.integers(0, len(made.tasks.inputs), (SAMPLES, z))
        inputs = np.asarray(made.tasks.inputs)[rows]
        outputs = np.asarray(small.outputs(net(active, inputs)))
        wanted = np.asarray(made.tasks.targets)[active, rows]
        first = len(made.layers) - 1
        right = [
            training.share_right(each, wanted, made.tasks.classes)
            for each in outputs.swapaxes(0, 1)
        ]
        shares.append(right[first:])
        errors.append(np.asarray(simulation.simulate(net, z, SAMPLES, key=key)[metric]))
    expected = predict(net, z, state_evolution=False)[metric]
    return {
        "d": small.width,
        "redundancy": redundancy,
        "layers": list(range(first + 1, LAYERS + 1)),
        "right": np.mean(shares, axis=0).tolist(),
        "right_stderr": (np.std(shares, axis=0, ddof=1) / NETWORKS**0.5).tolist(),
        "error": np.mean(errors, axis=0).tolist(),
        "error_stderr": (np.std(errors, axis=0, ddof=1) / NETWORKS**0.5).tolist(),
        "expected": np.asarray(expected).tolist(),
    }


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw right answers by layer: a row for each task and T, a column for each z."""
    shown = [(task, count) for task in HIDDEN for count in (300, 900)]
    with style():
        figure, axes = subplots(
            len(shown), len(ACTIVE), figsize=(10.5, 10.5), sharey="row", sharex=True
        )
        for (task, count), row in zip(shown, axes, strict=True):
            for z, ax in zip(ACTIVE, row, strict=True):
                for run in result["runs"]:
                    here = (run["task"], run["n_circuits"], run["asked"], run["z"])
                    if here != (task, count, BEST, z):
                        continue
                    how = "against noise" if run["noise"] else "plainly"
                    ax.errorbar(
                        run["layers"],
                        run["right"],
                        run["right_stderr"],
                        label=f"{run['kind']}, trained {how}",
                        markersize=3,
                        color=color_of(list(KINDS).index(run["kind"])),
                        linestyle="-" if run["noise"] else ":",
                        marker="o",
                    )
                ax.set(title=f"{task}, T = {count}, z = {z}", xticks=range(2, LAYERS + 1))
            row[0].set_ylabel("right answers")
        for ax in axes[-1]:
            ax.set_xlabel("layer")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=7)
    save(figure, path)


def main(folder: str = "benchmarks/results") -> None:
    """Run what is missing, write and draw."""
    path = Path(folder) / "own-cpu.json"
    settings = {
        "network_width": WIDTH, "n_layers": LAYERS, "modulus": MODULUS, "hidden": HIDDEN,
        "guard": GUARD, "gate": GATE, "networks": NETWORKS, "samples": SAMPLES, "seed": SEED,
    }  # fmt: skip
    settings = json.loads(json.dumps(settings))
    result: dict[str, Any] = {"environment": environment(), "settings": settings, "runs": []}
    result = resumed(path, result)
    names = ("task", "noise", "n_circuits", "asked", "kind", "z")
    done = {tuple(run[name] for name in names) for run in result["runs"]}
    for task in HIDDEN:
        for noise in NOISES:
            cells = [
                (task, noise, *size, kind, z) for size in CELLS for kind in KINDS for z in ACTIVE
            ]
            left = [cell for cell in cells if cell not in done]
            made = trained(task, noise) if left else None
            for cell in left:
                assert made is not None
                started = perf_counter()
                run = dict(zip(names, cell, strict=True)) | {"alone": made.alone}
                run |= measured(made, cell[4], cell[2], cell[3], cell[5])
                run["seconds"] = perf_counter() - started
                result["runs"].append(run)
                write_json(path, result)
                right = " ".join(f"{share:.3f}" for share in run["right"])
                print(
                    *cell, f"S = {run['redundancy']}: {right} (alone {made.alone:.3f})", flush=True
                )
    draw(result, path.with_suffix(".png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
