"""Measure how many neurons the universal AND needs against features, and write the record.

    python -m benchmarks.uand benchmarks/results [uand.png]

For each number of features m, networks of several widths around the one that theory names, with the
density that theory calls best there, are drawn and measured. Where the measured error crosses the
target is sought on a line through its logarithm; networks are drawn again for the intervals. Two
targets: a mean squared error, and so many wrong pairs of an input. At the best density pairs with one
and with both features active have the same error; the width is found by those with one active in
superposition, by those with both active (which lack a joint neuron) if features are orthogonal.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxsuper import theory
from jaxsuper.logic import measure_networks
from jaxsuper.plotting import conjunctions_figure, save
from jaxsuper.simulation import environment


SEED, NETWORKS, INPUTS, S, BOOTSTRAPS = 2026, 8, 128, 2, 2000
MSE, WRONG = 0.1, 1.0
WIDTHS = (0.75, 1.0, 1.3)
Draws = np.ndarray


@dataclass(frozen=True)
class Law:
    """A law to measure.

    Attributes:
        name: of it.
        ratio: D/d; None for orthogonal features.
        features: the m.
        logarithms: the power of ln m that theory has beside the power of m.
        exponent: the power of m for large m.
        needed: the width that theory names, of m.
        density: the best one, of m and d and D.
        errors: what has to stay below `target`, (networks, kinds), of a measurement and m.
        target: see `errors`.
        kind: of `errors`, that by which the width is found: the one that falls faster with it.
    """

    name: str
    ratio: float | None
    features: tuple[int, ...]
    logarithms: float
    exponent: float
    needed: Callable[..., int]
    density: Callable[..., tuple[float, float]]
    errors: Callable[[Any, int], Draws]
    target: float
    kind: int = 0


def mean_squares(measured: Any, m: int) -> Draws:
    return np.asarray(measured.mse, np.float64)[:, 1:]


def wrong_pairs(measured: Any, m: int) -> Draws:
    pairs = np.array([comb(m - S, 2), S * (m - S), comb(S, 2)])
    return (np.asarray(measured.wrong, np.float64) * pairs).sum(axis=1, keepdims=True)


_MEAN = (partial(theory.neurons_needed, s=S, mse=MSE), theory.best_density, mean_squares, MSE)
_ALL = (
    partial(theory.neurons_to_recover, s=S, wrong=WRONG),
    theory.least_wrong_density,
    wrong_pairs,
    WRONG,
)
FEATURES = (250, 500, 1000, 2000, 4000, 8000)
LAWS = (
    Law("superposed, mean square", 1.0, FEATURES, 0, 2 / 3, *_MEAN),
    Law("orthogonal, mean square", None, FEATURES, 0, 0, *_MEAN, kind=1),
    Law("orthogonal, all pairs", None, FEATURES, 1, 0, *_ALL),
    Law("superposed, all pairs", 1.0, FEATURES[:-1], 1 / 3, 2 / 3, *_ALL),
)


def crossing(widths: np.ndarray, errors: list[Draws], target: float, kind: int) -> float:
    """Return the width at which one kind of pair gets below the target."""
    mean = [np.log(max(each[:, kind].mean(), 1e-9)) for each in errors]
    slope, level = np.polyfit(np.log(widths), mean, 1)
    return float(np.exp((np.log(target) - level) / slope))


def fitted(law: Law, d: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return exponents of d in m: without a logarithm, with theory's, and beside theory's own d."""
    m = np.log(np.array(law.features))
    slope = lambda values: float(np.polyfit(m, values, 1)[0])
    return {
        "plain": slope(np.log(d)),
        "with_logarithm": slope(np.log(d) - law.logarithms * np.log(m)),
        "against_theory": law.exponent + slope(np.log(d / predicted)),
    }


def measure(law: Law, m: int, seed: int) -> dict[str, Any]:
    """Return what was measured at one m."""
    started, predicted = time.perf_counter(), law.needed(m=m, ratio=law.ratio)
    wide = lambda d: None if law.ratio is None else round(law.ratio * d)
    density = law.density(m, predicted, S, wide(predicted))[0]
    cells = []
    for place, factor in enumerate(WIDTHS):
        d = round(predicted * factor)
        # In superposition as many joint neurons at every width, else as many connections.
        p = density * (1 if law.ratio is None else (predicted / d) ** 0.5)
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), m), place)
        found = measure_networks(m, d, jnp.float32(p), S, INPUTS, NETWORKS, wide(d), key=key)
        cells.append({"d": d, "p": p, "errors": law.errors(found, m).tolist()})
        jax.clear_caches()
    seconds = round(time.perf_counter() - started, 1)
    print(law.name, m, predicted, f"{seconds} s", flush=True)
    return {"m": m, "predicted": predicted, "joint": predicted * density**2, "cells": cells}


def analysed(law: Law, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Return crossings and exponents with 95 % intervals over networks drawn again."""
    rng = np.random.default_rng(SEED)
    predicted = np.array([point["predicted"] for point in points], float)

    def once(again: bool) -> np.ndarray:
        widths = []
        for point in points:
            errors = [np.array(cell["errors"]) for cell in point["cells"]]
            if again:
                errors = [each[rng.integers(0, len(each), len(each))] for each in errors]
            d = np.array([cell["d"] for cell in point["cells"]], float)
            widths.append(crossing(d, errors, law.target, law.kind))
        return np.array(widths)

    measured, again = once(False), np.array([once(True) for _ in range(BOOTSTRAPS)])
    ends = np.percentile(again, (2.5, 97.5), axis=0)
    for i, point in enumerate(points):
        point |= {"needed": measured[i], "low": ends[0, i], "high": ends[1, i]}
    fits = [fitted(law, widths, predicted) for widths in again]
    exponents = {}
    for name, value in fitted(law, measured, predicted).items():
        low, high = np.percentile([fit[name] for fit in fits], (2.5, 97.5))
        exponents[name] = {"value": value, "low": float(low), "high": float(high)}
    return {
        "name": law.name,
        "ratio": law.ratio,
        "target": law.target,
        "exponent": law.exponent,
        "logarithms": law.logarithms,
        "exponents": exponents,
        "exponent_of_theory": fitted(law, predicted, predicted)["plain"],
        "points": points,
    }


def record(folder: Path, picture: Path | None) -> None:
    started, laws = time.perf_counter(), []
    for seed, law in enumerate(LAWS):
        points = [measure(law, m, SEED + seed) for m in law.features]
        laws.append(analysed(law, points))
    settings = {"s": S, "networks": NETWORKS, "inputs": INPUTS, "bootstraps": BOOTSTRAPS}
    result = {
        "environment": environment(),
        "seed": SEED,
        "settings": settings | {"mse": MSE, "wrong_pairs": WRONG, "widths": list(WIDTHS)},
        "constant": theory.conjunction_constant(MSE),
        "laws": laws,
        "seconds": round(time.perf_counter() - started, 1),
    }
    path = folder / f"uand-{result['environment']['platform']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    if picture is not None:
        save(conjunctions_figure(result), picture)


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
