"""The plot of a claim: measured against predicted, with the rival formula."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._style import color_of, style


_MOST_NAMED = 9


def _plot_series(ax: Axes, points: list[dict[str, Any]], color: Any, label: str | None) -> None:
    x = np.array([point["x"] for point in points], float)
    # None becomes NaN, which is not drawn.
    said, rival, measured = (
        np.array([point[name] for point in points], float)
        for name in ("predicted", "rival", "measured")
    )
    mark = {"equal": "o", "at most": "v", "at least": "^"}[points[0]["relation"]]
    joined = "-" if len(np.unique(x)) == len(x) > 1 else ""
    ax.plot(
        x,
        said,
        mark + joined,
        mfc="none",
        color=color,
        markersize=8,
        linewidth=0.8,
        alpha=0.8,
    )
    ax.plot(x, rival, "x", color=color, markersize=5, alpha=0.45)
    errors = np.array([point["stderr"] or 0.0 for point in points], float)
    ax.errorbar(
        x, measured, yerr=errors, fmt="o", color=color, markersize=3.5, capsize=2, label=label
    )


def _plot(ax: Axes, entry: dict[str, Any]) -> None:
    evidence = entry["evidence"]
    series = list(dict.fromkeys(point["series"] for point in evidence["points"]))
    for index, name in enumerate(series):
        points = [
            p for p in evidence["points"] if p["series"] == name and p["measured"] is not None
        ]
        if points:
            label = name if name and index < _MOST_NAMED else None
            _plot_series(ax, points, color_of(index), label)
    shown = [
        p[k] for p in evidence["points"] for k in ("measured", "predicted") if p[k] is not None
    ]
    if evidence["log_x"] and min(p["x"] for p in evidence["points"]) > 0:
        ax.set_xscale("log")
    if evidence["log_y"] and shown and min(shown) > 0:
        ax.set_yscale("log")
    if entry["boundary"]:
        low, high = entry["boundary"]
        ax.axvspan(low, high, color="0.85", zorder=0, label="boundary of the regime")
    ax.set_xlabel(evidence["x_label"])
    ax.set_ylabel(evidence["y_label"])
    if len(series) > 1 or entry["boundary"]:
        ax.legend(fontsize=6, ncols=1 + (len(series) > 5))


def claim_figure(entry: dict[str, Any]) -> Figure:
    """Return the plot of a claim's evidence, in the size of the ledger's page.

    Args:
        entry: an object of the ledger with `evidence`.

    Returns:
        The figure. Filled points are measured with standard errors, circles are what the claim
        says, crosses what the rival says; triangles point to where an inequality allows the points.
    """
    with style():
        figure, ax = plt.subplots(figsize=(5.2, 3.2))
        # Fixed margins: a layout engine would take half of the time of a page of a hundred plots.
        figure.subplots_adjust(left=0.145, right=0.985, bottom=0.15, top=0.97)
        _plot(ax, entry)
    return figure
