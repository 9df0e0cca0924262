"""Figures of designs: errors by layer of a search's finalists, errors against T of a frontier."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, MaxNLocator, SymmetricalLogLocator

from ..design import Frontier, Ranked, SearchResult, summary
from ._style import color_of, style


_ERROR = r"active circuits, $\mathrm{E}|\hat x-x|^2$"
# A logarithmic axis has no place for an exact 0.
_FLOOR = 1e-12
_N_COLORS, _MARKERS = 7, "os^"


def design_figure(result: SearchResult, target: float | None = None) -> Figure:
    """Draw the held-out error of every finalist by layer.

    Args:
        result: of a search.
        target: an error that is not to be exceeded at the last layer.

    Returns:
        The figure; dashed lines are designs that were not reached, on the seeds of the search, the
        cross is the prediction for the last layer, the dotted line the target.
    """
    problem = result.problem
    with style():
        figure, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
        drawn = [_draw_ranked(ax, rank, ranked) for rank, ranked in enumerate(result.ranking)]
        if target is not None:
            ax.axhline(target, color="0.3", linestyle=":", label="target")
        if any(drawn):
            ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        # All layers, also where errors of 0 have no place.
        ax.set_xlim(0.9, problem.n_layers + 0.1)
        ax.set_xlabel("layer")
        ax.set_ylabel(_ERROR)
        figure.legend(loc="outside right upper", fontsize=6)
        sizes = f"D = {problem.network_width}, T = {problem.n_circuits}, z = {problem.n_active}"
        ax.set_title(f"{sizes}; crosses: predicted", fontsize=8)
    return figure


def _draw_ranked(ax: Axes, rank: int, ranked: Ranked) -> bool:
    """Draw one design; return whether a logarithmic axis has anything to show of it."""
    errors = np.asarray((ranked.held_out or ranked.searched).by_layer)
    layers, visible = np.arange(1, len(errors) + 1), errors > _FLOOR
    marker = _MARKERS[rank // _N_COLORS % len(_MARKERS)]
    line = marker + ("-" if ranked.held_out is not None else "--")
    label, color = f"{rank + 1}: {summary(ranked.design)}", color_of(rank)
    ax.plot(layers[visible], errors[visible], line, color=color, markersize=3, label=label)
    predicted = ranked.predicted or 0.0
    if predicted > _FLOOR:
        ax.plot(layers[-1:], [predicted], "x", color=color)
    return predicted > _FLOOR or bool(visible.any())


def capacity_figure(frontiers: Sequence[Frontier], target: float) -> Figure:
    """Draw the errors that a bisection measured against T, and the interval it ended with.

    Args:
        frontiers: one for each kind of design.
        target: the error that was not to be exceeded.

    Returns:
        The figure.
    """
    with style():
        figure, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
        for index, frontier in enumerate(frontiers):
            color, points = color_of(index), frontier.crossing.evaluated
            counts = [point.at for point in points]
            means = np.array([point.mean for point in points])
            bars = np.nan_to_num([point.stderr for point in points])
            ax.errorbar(
                counts, means, yerr=bars, fmt="o-", markersize=3, color=color, label=frontier.kind
            )
            low, high = frontier.crossing.low, frontier.crossing.high
            if low is not None and high is not None:
                ax.axvspan(low, high, color=color, alpha=0.15, linewidth=0)
        ax.axhline(target, color="0.3", linestyle=":", label="target")
        ax.set_xscale("log")
        ax.set_yscale("symlog", linthresh=target / 100)
        # The decades alone may all lie outside the range.
        fine = SymmetricalLogLocator(base=10, linthresh=target / 100, subs=[2, 5])
        ax.yaxis.set_minor_locator(fine)
        ax.yaxis.set_minor_formatter(FormatStrFormatter("%g"))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        designs = [design for frontier in frontiers for design in frontier.chosen.values()]
        if designs:
            settings = designs[0].configuration
            width = max(design.configuration.network_width for design in designs)
            ax.set_title(f"D = {width}, z = {settings.n_active}, layer {settings.n_layers}")
        ax.set_xlabel("circuits T")
        ax.set_ylabel(_ERROR)
        ax.legend(fontsize=7)
    return figure
