"""Neurons against features of the universal AND: measured, predicted, claimed, and a lower bound."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from ._style import color_of, legend_below, style, subplots


def conjunctions_figure(result: Mapping[str, Any]) -> Figure:
    """Draw the neurons that the universal AND needs against the features.

    Args:
        result: of `benchmarks.uand`: `laws` with their points, `exponents` and name.

    Returns:
        The figure. Points are measured, lines are theory, without a fitted constant; exponents have 95 %
        intervals over networks. Gray: rates without a constant, put through the last point of the first
        law: the claimed m^(2/3) dashed, and dotted sqrt(m ln m), the least that m gates of any choice need.
    """
    with style():
        figure, ax = subplots(figsize=(8, 4.8))
        for index, law in enumerate(result["laws"]):
            _draw_law(ax, law, color_of(index))
        first = result["laws"][0]["points"]
        m = np.array([point["m"] for point in first], float)
        for growth, line, label in (
            (m ** (2 / 3), "--", r"$m^{2/3}$ [H]"),
            (np.sqrt(m * np.log(m)), ":", r"$\sqrt{m\,\ln m}$ [A]"),
        ):
            scaled = growth / growth[-1] * first[-1]["needed"]
            ax.plot(m, scaled, line, color="0.5", linewidth=1.2, label=f"{label}, constant unknown")
        ax.set_xscale("log")
        ax.set_yscale("log")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(ScalarFormatter())
            axis.set_minor_formatter(NullFormatter())
        ax.set_xlabel("features m")
        ax.set_ylabel("neurons d")
        settings = result["settings"]
        ax.set_title(
            f"all pairwise ANDs, s = {settings['s']} active; mean square "
            f"{settings['mse']:g}, or {settings['wrong_pairs']:g} wrong pair of an input"
        )
        handles, labels = ax.get_legend_handles_labels()
        legend_below(figure, dict(zip(labels, handles, strict=True)))
    return figure


def _draw_law(ax: Axes, law: Mapping[str, Any], color: str) -> None:
    points = law["points"]
    m, d, predicted = ([point[name] for point in points] for name in ("m", "needed", "predicted"))
    bars = [[abs(point["needed"] - point[end]) for point in points] for end in ("low", "high")]
    plain = law["exponents"]["plain"]
    label = (
        f"{law['name']}: exponent {plain['value']:.3f} ({plain['low']:.3f} to {plain['high']:.3f})"
    )
    ax.errorbar(m, d, yerr=bars, fmt="o", markersize=4, color=color, label=label)
    ax.plot(m, predicted, color=color, linewidth=1.2)
