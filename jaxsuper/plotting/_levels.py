"""The figure of payloads of k levels: layers until failure against noise."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..analytics.scaling import LevelPoint
from ._style import color_of, style, subplots


def levels_figure(points: Sequence[LevelPoint]) -> Figure:
    """Draw layers until a tenth has failed against the third circuits that reach a neuron.

    Args:
        points: of `level_law`.

    Returns:
        The figure: points measured with standard errors between networks, lines the law of a level,
        dotted a rotation, whose error adds up.
    """
    with style():
        figure, ax = subplots(figsize=(6.6, 4.6))
        for index, kind in enumerate(dict.fromkeys(point.kind for point in points)):
            own = [point for point in points if point.kind == kind]
            color, hits = color_of(index), np.array([point.hits for point in own])
            seen = [i for i, point in enumerate(own) if np.isfinite(point.lasts)]
            lasts = np.array([own[i].lasts for i in seen])
            spread = [np.std(own[i].rates, ddof=1) / len(own[i].rates) ** 0.5 for i in seen]
            means = np.array([np.mean(own[i].rates) for i in seen])
            share = np.minimum(np.array(spread) / means, 0.9)
            ends = lasts * np.array([share / (1 + share), share / (1 - share)])
            label = kind if kind == "rotation" else f"{kind[6:]} levels"
            ax.errorbar(
                hits[seen], lasts, ends, fmt="o", color=color, markersize=4, capsize=2, label=label
            )
            theory = np.array([point.theory for point in own])
            if np.isfinite(theory).all():
                ax.plot(hits, 0.1 / np.maximum(theory, 1e-15), "-", color=color, linewidth=1)
            elif len(seen):
                ax.plot(hits[seen], lasts, ":", color=color, linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel="third circuits that reach a neuron")
        ax.set(ylabel="layers until a tenth is wrong")
        ax.legend(fontsize=7)
        ax.set_title("points measured, lines the law of a level", fontsize=9)
    return figure
