"""How many circuits methods find again, below and above the seizure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._style import color_of, handles_of, legend_below, style, subplots


_MARKERS = "osD^vPX*<>h"


def means_by(
    rows: Sequence[Mapping[str, Any]], metric: str, along: str = "distance"
) -> dict[float, tuple[float, float]]:
    """Return x -> (mean over networks, standard error of it) of a metric of rows.

    Args:
        rows: one per network.
        metric: a key of them; rows that have None are left out.
        along: the key that is x.
    """
    found: dict[float, list[float]] = {}
    for row in rows:
        if row.get(metric) is not None:
            found.setdefault(float(row[along]), []).append(float(row[metric]))
    spread = lambda own: float(np.std(own, ddof=1) / len(own) ** 0.5) if len(own) > 1 else 0.0
    return {x: (float(np.mean(own)), spread(own)) for x, own in sorted(found.items())}


def recovery_figure(result: Mapping[str, Any]) -> Figure:
    """Draw the share of circuits that methods find against the distance from the seizure.

    Args:
        result: of `benchmarks.record_recovery`: `rows` of distance, n_active, network, method and
            metrics, `settings`, whose `labels` name the metrics that are drawn, and `ends_by`, what
            happens at T_c by z.

    Returns:
        The figure: a row of panels per metric, a panel per z, a line per method, bars of one standard
        error over networks; what random answers get is dotted.
    """
    rows, settings = result["rows"], result["settings"]
    loads, labels = sorted({row["n_active"] for row in rows}), settings["labels"]
    with style():
        figure, axes = subplots(
            len(labels),
            len(loads),
            figsize=(3.1 * len(loads) + 0.5, 2.6 * len(labels) + 1.1),
            squeeze=False,
            sharex=True,
            sharey=True,
        )
        for line, (metric, label) in zip(axes, labels.items(), strict=True):
            for ax, load in zip(line, loads, strict=True):
                own = [row for row in rows if row["n_active"] == load]
                ends_by = result.get("ends_by", {}).get(str(load), "seizure")
                _panel(ax, own, metric, settings, ends_by)
            line[0].set_ylabel(label)
        for ax, load in zip(axes[0], loads, strict=True):
            critical = next(row["critical"] for row in rows if row["n_active"] == load)
            ax.set_title(f"z = {load}, $T_c$ = {critical:.0f}", fontsize=9, pad=12)
        for ax in axes[-1]:
            ax.set_xlabel("circuits over critical circuits, $T / T_c$")
        ticks = sorted({row["distance"] for row in rows})
        axes[0][0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes[0][0].minorticks_off()
        axes[0][0].set_ylim(-0.03, 1.04)
        figure.suptitle(
            f"D = {settings['network_width']}, {settings['n_layers']} layers, "
            f"{settings['n_samples']} samples, {settings['networks']} networks each\n"
            "found: cosine with the circuit's span at least 0.9",
            fontsize=9,
        )
        legend_below(figure, handles_of(axes[0]))
    return figure


def _panel(
    ax: Axes, rows: list[Any], metric: str, settings: Mapping[str, Any], ends_by: str
) -> None:
    """Draw the lines of one z."""
    for index, method in enumerate(settings["methods"]):
        own = means_by([row for row in rows if row["method"] == method], metric)
        if not own:
            continue
        values, errors = zip(*own.values(), strict=True)
        told = method in settings["told"]
        ax.errorbar(
            list(own),
            values,
            errors,
            label=f"{method} (told)" if told else method,
            color="0.25" if told else color_of(index - 1),
            linestyle="--" if told else "-",
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=4,
            linewidth=1.2,
        )
    chance = means_by(rows, f"random_{metric}")
    if chance:
        values = [value for value, _ in chance.values()]
        ax.plot(list(chance), values, ":", color="0.6", label="random answer")
    ax.axvline(1, color="0.5", linewidth=0.8)
    words = {"dying": "active circuits die", "sets": "no more sets"}.get(ends_by, ends_by)
    place = ax.get_xaxis_transform()
    ax.text(1, 1.01, words, ha="center", fontsize=7, color="0.4", transform=place)
    ax.set_xscale("log", base=2)
