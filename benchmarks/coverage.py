"""Count how often nominal 95 % intervals cover the mean over networks, and write the table.

    python -m benchmarks.coverage benchmarks/results

Many networks of one design are measured once. What a user sees is drawn from them again and again:
one network, or a group of 8 or 24 different ones; the mean over all of them stands for the truth.
Intervals of the geometric mean are held against the geometric mean of all.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxsuper.simulation import (
    Configuration,
    environment,
    Experiment,
    geometric_interval,
    Measurement,
    metric_interval,
    run_networks,
    sampled_interval,
    student_interval,
)
from scipy import stats


CONFIGURATION = Configuration(
    network_width=1000, n_circuits=557, redundancy=6, n_layers=6, batch_size=200, seed=2026
)
N_ACTIVE, NETWORKS, GROUPS, DRAWS = (1, 2, 3), 4000, (8, 24), 10_000
CONFIDENCE = 0.95
# What is printed of one network, and of several.
ALONE, REPORTED = "one network, its samples", "mean, as reported"
# Where rounding is all that differs, a value may lie beside an interval of no width.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Pool:
    """Networks of one design and z, measured.

    Attributes:
        names: of the metrics.
        mean: (networks, L, M).
        stderr: (networks, L, M), over samples.
        n_samples: of each network.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    stderr: np.ndarray
    n_samples: int

    @classmethod
    def of(cls, measurements: Sequence[Measurement]) -> "Pool":
        """Return the pool of networks that were measured alike."""
        first = measurements[0]
        means, stderrs = (
            np.stack([getattr(each, name) for each in measurements]) for name in ("mean", "stderr")
        )
        return cls(first.names, means, stderrs, first.n_samples)


def measured(
    configuration: Configuration, n_active: Sequence[int], n_networks: int
) -> dict[int, Pool]:
    """Return z -> the pool of many independent networks."""
    networks = run_networks(Experiment(configuration, tuple(n_active), n_networks=n_networks))
    return {z: Pool.of(each) for z, each in networks.measurements.items()}


def johnson_interval(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Johnson's interval: Student's, moved by the skewness."""
    n = len(values)
    mean, low_high = values.mean(axis=0), student_interval(values, confidence)
    variance = values.var(axis=0, ddof=1)
    third = ((values - mean) ** 3).sum(axis=0) * n / ((n - 1) * (n - 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(variance > 0, third / (6 * n * variance), 0.0)
    return low_high[0] + shift, low_high[1] + shift


def covered(interval: tuple[np.ndarray, np.ndarray], truth: np.ndarray) -> np.ndarray:
    """Return the share of intervals (first axis) that hold the truth, by layer: of those there are."""
    low, high = interval
    slack = _ROUNDING * np.abs(truth)
    held = ((low - slack <= truth) & (truth <= high + slack)).sum(axis=0)
    there = np.isfinite(low).sum(axis=0)
    return np.where(there > 0, held / np.maximum(there, 1), np.nan)


def coverage(pool: Pool, groups: Sequence[int], draws: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return a row for each metric and interval: coverage in per cent by layer.

    Args:
        pool: the networks.
        groups: how many networks are drawn, without replacement.
        draws: how often.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    rows = []

    def add(metric, interval, networks, values):
        percent = [round(100 * float(x), 1) if np.isfinite(x) else None for x in values]
        rows.append({"metric": metric, "interval": interval, "networks": networks, "%": percent})

    for column, metric in enumerate(pool.names):
        truth = pool.mean[..., column].mean(axis=0)
        cells = pool.mean[..., column], pool.stderr[..., column]
        alone = sampled_interval(metric, *cells, pool.n_samples, CONFIDENCE)
        add(metric, ALONE, 1, covered(alone, truth))
    for count in groups:
        size = len(pool.mean)
        chosen = np.stack([rng.choice(size, count, replace=False) for _ in range(draws)], axis=1)
        for column, metric in enumerate(pool.names):
            values = pool.mean[..., column]
            drawn, truth = values[chosen], values.mean(axis=0)
            found = metric_interval(metric, drawn, pool.n_samples, CONFIDENCE)
            add(metric, REPORTED, count, covered(found, truth))
            for name, interval in (("Student", student_interval), ("Johnson", johnson_interval)):
                add(metric, f"mean, {name}", count, covered(interval(drawn, CONFIDENCE), truth))
            if (values > 0).all():
                truth = np.exp(np.log(values).mean(axis=0))
                found = geometric_interval(drawn, CONFIDENCE)
                add(metric, "geometric mean, Student on logarithms", count, covered(found, truth))
    return rows


def shapes(pool: Pool) -> list[dict[str, Any]]:
    """Return how each metric scatters between networks: relative spread, skew, skew of logarithms."""
    rows = []
    for column, metric in enumerate(pool.names):
        values = pool.mean[..., column]
        found: dict[str, Any] = {
            "metric": metric,
            "mean": [],
            "spread": [],
            "skew": [],
            "log_skew": [],
        }
        for layer in values.T:
            varies = layer.std() > _ROUNDING * abs(layer.mean())
            found["mean"].append(float(f"{layer.mean():.4g}"))
            found["spread"].append(
                round(float(layer.std() / abs(layer.mean())), 4) if varies else 0.0
            )
            found["skew"].append(round(float(stats.skew(layer)), 3) if varies else 0.0)
            logs = varies and (layer > 0).all()
            found["log_skew"].append(round(float(stats.skew(np.log(layer))), 3) if logs else None)
        rows.append(found)
    return rows


def markdown(result: dict[str, Any]) -> str:
    """Return the table: layers side by side, z below each other."""
    settings, layers = result["settings"], range(1, result["settings"]["n_layers"] + 1)
    lines = [
        "# Coverage of nominal 95 % intervals",
        "",
        f"D = {settings['network_width']}, T = {settings['n_circuits']}, S = {settings['redundancy']}, "
        f"{settings['networks']} networks x {settings['batch_size']} samples, groups drawn "
        f"{settings['draws']} times; in per cent, of the mean over all networks unless the interval "
        "is of the geometric mean. `-`: nothing varies, or there is no interval. Written by "
        "`python -m benchmarks.coverage`.",
    ]
    counts = {row["networks"] for each in result["by_z"].values() for row in each["coverage"]}
    for count in sorted(counts):
        lines += ["", _range(result, count)]
    for z, tables in result["by_z"].items():
        spreads = _spreads(tables)
        head = "| metric | interval | networks | " + " | ".join(f"L{n}" for n in layers) + " |"
        lines += ["", f"## z = {z}", "", head, "|---|---|---|" + "---|" * len(layers)]
        for row in sorted(tables["coverage"], key=lambda row: (row["metric"], row["networks"])):
            cells = map(_cell, row["%"], spreads[row["metric"]])
            start = [f"`{row['metric']}`", row["interval"], str(row["networks"])]
            lines.append("| " + " | ".join(start + list(cells)) + " |")
    return "\n".join(lines) + "\n"


def _range(result: dict[str, Any], count: int) -> str:
    """Return the least and the most that intervals of so many networks cover, and where."""
    found = [
        (percent, f"`{row['metric']}`, z = {z}, L{layer}")
        for z, tables in result["by_z"].items()
        for row in tables["coverage"]
        for layer, percent in enumerate(row["%"], 1)
        if (row["interval"], row["networks"]) == (ALONE if count == 1 else REPORTED, count)
        and percent is not None
        and not row["metric"].startswith("frac_samples")
        and _spreads(tables)[row["metric"]][layer - 1] > 0
    ]
    (least, where), (most, there) = min(found), max(found)
    name = "One network" if count == 1 else f"{count} networks, as reported"
    return (
        f"{name}: {least:g} % ({where}) to {most:g} % ({there}) in {len(found)} cells; shares of "
        "samples, which cover more where nearly all samples agree, are left out."
    )


def _spreads(tables: dict[str, Any]) -> dict[str, list[float]]:
    return {row["metric"]: row["spread"] for row in tables["shapes"]}


def _cell(percent: float | None, spread: float) -> str:
    return "-" if percent is None or spread == 0 else f"{percent:g}"


def record(folder: Path) -> None:
    started = time.perf_counter()
    pools = measured(CONFIGURATION, N_ACTIVE, NETWORKS)
    seconds = {"simulation": round(time.perf_counter() - started, 1)}
    names = ("network_width", "n_circuits", "redundancy", "n_layers", "batch_size", "seed")
    result = {
        "environment": environment(CONFIGURATION.precision),
        "settings": {name: getattr(CONFIGURATION, name) for name in names}
        | {"networks": NETWORKS, "draws": DRAWS, "confidence": CONFIDENCE},
        "by_z": {
            z: {"coverage": coverage(pool, GROUPS, DRAWS), "shapes": shapes(pool)}
            for z, pool in pools.items()
        },
    }
    result["seconds"] = seconds | {"all": round(time.perf_counter() - started, 1)}
    stem = f"coverage-{result['environment']['platform']}"
    (folder / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{stem}.md").write_text(markdown(result))


if __name__ == "__main__":
    record(Path(sys.argv[1]))
