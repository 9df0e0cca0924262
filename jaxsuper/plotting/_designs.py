"""Figures of designs: errors by layer of a search's finalists, errors against T of a frontier."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, MaxNLocator, SymmetricalLogLocator

from ..design import Capacity, Found, summary
from ._style import color_of, style


_ERROR = r"active circuits, $\mathrm{E}|\hat x-x|^2$"
# A logarithmic axis has no place for an exact 0.
_FLOOR = 1e-12


def design_figure(found: Found) -> Figure:
    """Draw the held-out error of every finalist by layer.

    Args:
        found: what a search found.

    Returns:
        The figure; dashed lines are designs that were not reached, on the seeds of the search, the
        cross is the prediction for the last layer.
    """
    with style():
        figure, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
        drawn = False
        for index, entry in enumerate(found.entries):
            measured = entry.held_out or entry.searched
            errors = np.asarray(measured.by_layer)
            layers = np.arange(1, len(errors) + 1)
            there = errors > _FLOOR
            marker = "os^"[index // 7 % 3]  # after seven colours begin again
            line = marker + ("-" if entry.held_out is not None else "--")
            label = f"{index + 1}: {summary(entry.design)}"
            color = color_of(index)
            ax.plot(layers[there], errors[there], line, color=color, markersize=3, label=label)
            if entry.predicted is not None and entry.predicted > _FLOOR:
                ax.plot(layers[-1:], [entry.predicted], "x", color=color)
                drawn = True
            drawn = drawn or bool(there.any())
        if drawn:
            ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("layer")
        ax.set_ylabel(_ERROR)
        figure.legend(loc="outside right upper", fontsize=6)
        given = found.problem
        ax.set_title(
            f"D = {given.network_width}, T = {given.n_circuits}, z = {given.n_active}; crosses: "
            "predicted",
            fontsize=8,
        )
    return figure


def capacity_figure(capacities: Sequence[Capacity], target: float) -> Figure:
    """Draw the errors that a bisection measured against T, and the interval it found.

    Args:
        capacities: one for each kind of design.
        target: the error that was not to be exceeded.

    Returns:
        The figure.
    """
    with style():
        figure, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
        for index, one in enumerate(capacities):
            color, points = color_of(index), one.crossing.points
            counts = [point.at for point in points]
            means = np.array([point.mean for point in points])
            bars = np.nan_to_num([point.stderr for point in points])
            ax.errorbar(
                counts, means, yerr=bars, fmt="o-", markersize=3, color=color, label=one.kind
            )
            low, high = one.crossing.low, one.crossing.high
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
        used = [design.configuration for one in capacities for design in one.chosen.values()]
        if used:
            width = max(given.network_width for given in used)
            ax.set_title(f"D = {width}, z = {used[0].n_active}, layer {used[0].n_layers}")
        ax.set_xlabel("circuits T")
        ax.set_ylabel(_ERROR)
        ax.legend(fontsize=7)
    return figure
