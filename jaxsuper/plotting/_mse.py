"""Mean squared error by layer: measured with two error bars, predicted as lines.

Lines are closed forms, dotted ones state evolution, thin dashed ones the closed forms as published.
The thin bar with caps is the 95 % interval of the mean over networks, the thick one inside what the
samples alone make of it (±2 standard errors). Of a single network there is only the latter kind,
and it is labelled "this network": predictions are of the mean.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._reference import MARK
from ._style import AS_PUBLISHED, color_of, LINES, logarithmic, say_nothing_to_see


# Below this an error is rounding, not a fact; it is drawn at the lower edge of the axis.
_FLOOR = 1e-8
# An error bar that reaches 0 has no place on a logarithmic axis.
_MOST = 0.999
# Key of a row -> dashes and width of its line.
_LINES = {
    "published": (AS_PUBLISHED[0], 0.7),
    "predicted": (LINES["closed_form"][0], 1.2),
    "state_evolution": (LINES["state_evolution"][0], 1.2),
}


def _column(points: Sequence[Any], name: str) -> np.ndarray:
    return np.array([point.get(name) or 0.0 for point in points], float)


def _reach(points: Sequence[Any], values: np.ndarray) -> np.ndarray:
    """Return how far the outer bars go down and up: to the ends of the intervals, if there are."""
    low, high = _column(points, "low"), _column(points, "high")
    stderr = _column(points, "stderr")
    known = high > 0
    down, up = np.where(known, values - low, stderr), np.where(known, high - values, stderr)
    return np.clip([down, up], 0, [_MOST * values, np.full_like(values, np.inf)])


def plot_mse(
    ax: Axes,
    rows: Sequence[Any],
    metric: str,
    title: str = "",
    references: Mapping[int, Mapping[int, float]] | None = None,
) -> Axes:
    """Draw one metric by layer, a colour for each number of active circuits.

    Args:
        ax: where to draw; the error axis becomes logarithmic.
        rows: rows of an experiment (layer, metric, value, stderr, predicted, n_active; low, high,
            stderr_within and n_networks if they have them, else the bars are ± stderr).
        metric: which metric.
        title: of the panel.
        references: z -> layer -> what the reference code measured, drawn as open diamonds.

    Returns:
        `ax`.
    """
    chosen = [row for row in rows if row["metric"] == metric and row["value"] is not None]
    for index, z in enumerate(sorted({row["n_active"] for row in chosen})):
        points = [row for row in chosen if row["n_active"] == z]
        layers = [row["layer"] for row in points]
        values = np.array([row["value"] for row in points])
        visible = values > _FLOOR
        color = color_of(index)
        alone = points[0].get("n_networks") == 1
        ax.errorbar(
            np.array(layers)[visible],
            values[visible],
            yerr=_reach(points, values)[:, visible],
            fmt="o",
            markersize=3,
            capsize=2,
            linewidth=1,
            color=color,
            label=f"z = {z}" + ", this network" * alone,
        )
        within = _column(points, "stderr_within")
        if not alone and within.any():
            inner = [np.minimum(2 * within, _MOST * values)[visible], 2 * within[visible]]
            places = np.array(layers)[visible]
            ax.errorbar(
                places,
                values[visible],
                yerr=inner,
                fmt="none",
                elinewidth=3,
                color=color,
                alpha=0.5,
            )
        known = {k: v for k, v in (references or {}).get(z, {}).items() if v > _FLOOR}
        ax.plot([*known], [*known.values()], MARK, mfc="none", color=color, markersize=7, mew=0.8)
        for name, (dashes, width) in _LINES.items():
            lines = [row for row in points if (row.get(name) or 0) > _FLOOR]
            if lines:
                ax.plot(
                    [row["layer"] for row in lines],
                    [row[name] for row in lines],
                    dashes,
                    color=color,
                    linewidth=width,
                )
    drawn = [row.get(name) or 0.0 for row in chosen for name in ("value", *_LINES)]
    logarithmic(ax, [value for value in drawn if value > _FLOOR])
    if not any((row["value"] or 0) > _FLOOR for row in chosen):
        say_nothing_to_see(ax, _FLOOR)
        ax.set_ylim(_FLOOR, 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if chosen:
        last = max(row["layer"] for row in chosen)
        ax.set_xlim(1 - 0.05 * last, 1.05 * last)
    ax.set_xlabel("layer")
    ax.set_title(title or metric)
    return ax
