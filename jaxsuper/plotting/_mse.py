"""Mean squared error by layer: measured with error bars, predicted as lines (dotted: state evolution)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._style import color_of


# Below this an error is rounding, not a fact; it is drawn at the lower edge of the axis.
_FLOOR = 1e-8


def plot_mse(ax: Axes, rows: Sequence[Any], metric: str, title: str = "") -> Axes:
    """Draw one metric by layer, a colour for each number of active circuits.

    Args:
        ax: where to draw; the error axis becomes logarithmic.
        rows: rows of an experiment (layer, metric, value, stderr, predicted, n_active).
        metric: which metric.
        title: of the panel.

    Returns:
        `ax`.
    """
    chosen = [row for row in rows if row["metric"] == metric and row["value"] is not None]
    for index, z in enumerate(sorted({row["n_active"] for row in chosen})):
        points = [row for row in chosen if row["n_active"] == z]
        layers = [row["layer"] for row in points]
        values = np.array([row["value"] for row in points])
        errors = np.array([row["stderr"] or 0.0 for row in points])
        visible = values > _FLOOR
        color = color_of(index)
        ax.errorbar(
            np.array(layers)[visible],
            values[visible],
            # An error bar that reaches 0 has no place on a logarithmic axis.
            yerr=[np.minimum(errors, 0.999 * values)[visible], errors[visible]],
            fmt="o",
            markersize=4,
            capsize=2,
            color=color,
            label=f"z = {z}",
        )
        for name, dashes in (("predicted", "-"), ("state_evolution", ":")):
            lines = [row for row in points if (row.get(name) or 0) > _FLOOR]
            if lines:
                ax.plot(
                    [row["layer"] for row in lines],
                    [row[name] for row in lines],
                    dashes,
                    color=color,
                    linewidth=1.2,
                )
    ax.set_yscale("log")
    if not any((row["value"] or 0) > _FLOOR for row in chosen):
        ax.text(0.5, 0.5, f"below {_FLOOR:g}", transform=ax.transAxes, ha="center")
        ax.set_ylim(_FLOOR, 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if chosen:
        last = max(row["layer"] for row in chosen)
        ax.set_xlim(1 - 0.05 * last, 1.05 * last)
    ax.set_xlabel("layer")
    ax.set_title(title or metric)
    return ax
