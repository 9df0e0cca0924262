"""The figure of branches: how often they go wrong, by margin."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..analytics import BranchPoint
from ._style import color_of, style, subplots


def branch_figure(points: Sequence[BranchPoint], title: str = "") -> Figure:
    """Draw the share of wrong decisions against the margin, measured and by theory.

    Args:
        points: of `analytics.branch_law`.
        title: what the networks are.

    Returns:
        The figure: dots single networks, circles their means with standard errors, lines theory; beside
        it E (alpha - 1)^2 of the same circuits.
    """
    with style():
        figure, axes = subplots(1, 2, figsize=(8.4, 3.8))
        margins = np.array([point.margin for point in points])
        sides = (
            ("wrong decisions", [p.wrong for p in points], [p.theory for p in points]),
            ("E (alpha - 1)²", [p.square for p in points], [p.theory_square for p in points]),
        )
        for index, (ax, (label, networks, theory)) in enumerate(zip(axes, sides, strict=True)):
            color, values = color_of(index), np.array(networks)
            spread = values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
            ax.plot(
                np.repeat(margins, values.shape[1]), values.ravel(), ".", color=color, alpha=0.3
            )
            means = values.mean(axis=1)
            ax.errorbar(margins, means, spread, fmt="o", color=color, capsize=2, label="measured")
            ax.plot(margins, theory, "-", color="0.2", linewidth=1.2, label="theory")
            ax.set(xlabel="margin m", ylabel=label, yscale="log")
        blind = [point.blind for point in points]
        axes[0].plot(margins, blind, ":", color="0.5", label="were values to lie anywhere")
        for ax in axes:
            ax.legend(fontsize=7)
        if title:
            figure.suptitle(title, fontsize=9)
    return figure
