"""Recorded changes of a design: a dot with its error for every change, a panel for every z."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from .._errors import check
from ._style import color_of, style, subplots


# Below this an error is that of single precision.
_ROUNDING = 1e-8
_NOTE: dict[str, Any] = {"va": "center", "fontsize": 7, "color": "0.35"}


def plot_changes(
    ax: Axes,
    rows: Sequence[dict[str, Any]],
    n_active: int,
    metric: str = "mse_x_active",
    layer: int = -1,
) -> Axes:
    """Draw one error of every design, from top to bottom.

    Args:
        ax: where to draw.
        rows: of `benchmarks/results/designs-*.json`: `name`, `group` and, for each z, `active` with
            value, standard error and prediction by layer; the first is the one to compare with.
        n_active: z.
        metric: which error.
        layer: index of the layer, the last by default.

    Returns:
        `ax`. Dots are measured, with standard errors over networks; open circles are predicted;
        the dashed line is the first row. Designs that cannot be made are marked so.

    Raises:
        ValueError: for an empty list.
    """
    check(len(rows) > 0, "rows", "must not be empty", 0)
    groups = list(dict.fromkeys(row["group"] for row in rows))
    for height, row in enumerate(rows):
        color = color_of(groups.index(row["group"]))
        metrics = row["active"].get(str(n_active))
        if metrics is None:
            ax.text(0.03, height, "does not fit", transform=ax.get_yaxis_transform(), **_NOTE)
            continue
        errors = metrics[metric]
        value, stderr = errors["value"][layer], errors["stderr"][layer]
        predicted = errors["predicted"]
        if predicted and predicted[layer] > 0:
            ax.plot(predicted[layer], height, "o", mfc="none", color=color, markersize=8)
        if value < _ROUNDING:
            ax.text(0.03, height, "0 to rounding", transform=ax.get_yaxis_transform(), **_NOTE)
            continue
        ax.errorbar(value, height, xerr=stderr, fmt="o", color=color, markersize=4, capsize=2)
    base = rows[0]["active"].get(str(n_active))
    if base is not None:
        ax.axvline(base[metric]["value"][layer], color="0.4", linestyle="--", linewidth=0.8)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(np.arange(len(rows)), [row["name"] for row in rows])
    return ax


def changes_figure(
    rows: Sequence[dict[str, Any]], metric: str = "mse_x_active", layer: int = 5
) -> Figure:
    """Return a figure of designs, one panel for each number of active circuits.

    Args:
        rows: as in `plot_changes`.
        metric: which error.
        layer: l, from 1.

    Returns:
        The figure.
    """
    check(len(rows) > 0, "rows", "must not be empty", 0)
    active = sorted({int(z) for row in rows for z in row["active"]}) or [1]
    with style():
        size = (2.2 + 2.2 * len(active), 0.9 + 0.19 * len(rows))
        figure, axes = subplots(
            1,
            len(active),
            figsize=size,
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for ax, z in zip(axes[0], active, strict=True):
            plot_changes(ax, rows, z, metric, layer - 1)
            ax.set_title(f"z = {z}")
        axes[0, len(active) // 2].set_xlabel(
            rf"$\mathrm{{E}}|\hat x-x|^2$ of active circuits, layer {layer}"
            if metric == "mse_x_active"
            else f"{metric}, layer {layer}"
        )
        axes[0, 0].tick_params(axis="y", labelsize=7)
    return figure
