"""Figures of designs: errors by layer of a search's finalists, errors against T of a frontier."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator

from ..design import Frontier, Ranked, SearchResult, summary
from ._style import color_of, logarithmic, style, subplots


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
        figure, ax = subplots(figsize=(9, 4.2))
        drawn = [_draw_ranked(ax, rank, ranked) for rank, ranked in enumerate(result.ranking)]
        if target is not None:
            ax.axhline(target, color="0.3", linestyle=":", label=f"target {target:g}")
        if any(drawn):
            ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        # All layers, also where errors of 0 have no place.
        ax.set_xlim(0.9, problem.n_layers + 0.1)
        ax.set_xlabel("layer")
        ax.set_ylabel(_ERROR)
        figure.legend(loc="outside right upper", fontsize=7)
        sizes = f"D = {problem.network_width}, T = {problem.n_circuits}, z = {problem.n_active}"
        ax.set_title(f"{sizes}; crosses: predicted at the last layer", fontsize=8)
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
        The figure. Points are geometric means over networks, which the bisection decides by, with
        standard errors of the logarithms; errors of 0 are triangles at the lower end.
    """
    with style():
        figure, ax = subplots(figsize=(7.2, 4.2))
        evaluated = [point for frontier in frontiers for point in frontier.crossing.evaluated]
        means = [point.geometric_mean for point in evaluated]
        shown = [mean for mean in [*means, target] if np.isfinite(mean) and mean > _FLOOR]
        bottom = min(shown) / 2 if min(means, default=target) <= _FLOOR else None
        for index, frontier in enumerate(frontiers):
            color = color_of(index)
            _draw_frontier(ax, frontier, color, bottom)
            low, high = frontier.crossing.low, frontier.crossing.high
            if low is not None and high is not None:
                ax.axvspan(low, high, color=color, alpha=0.15, linewidth=0)
        ax.axhline(target, color="0.3", linestyle=":", label=f"target {target:g}")
        ax.set_xscale("log")
        logarithmic(ax, shown)
        if bottom is not None:
            ax.set_ylim(bottom=bottom / 1.1)
        ax.tick_params(which="both", length=3, pad=3.5)  # so that their labels stand in one line
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FormatStrFormatter("%g"))
            # Within two decades the decades alone say little.
            ends = axis.get_view_interval()
            near = ends[1] < 100 * ends[0]
            axis.set_minor_locator(LogLocator(subs=(2.0, 3.0, 5.0, 7.0) if near else (1.0,)))
            axis.set_minor_formatter(FormatStrFormatter("%g"))
        designs = [design for frontier in frontiers for design in frontier.chosen.values()]
        if designs:
            settings = designs[0].configuration
            width = max(design.configuration.network_width for design in designs)
            ax.set_title(
                f"D = {width}, z = {settings.n_active}, layer {settings.n_layers}; "
                "bands: where the target is crossed"
            )
        ax.set_xlabel("circuits T")
        ax.set_ylabel(_ERROR)
        figure.legend(loc="outside right upper", fontsize=8)
    return figure


def _draw_frontier(ax: Axes, frontier: Frontier, color: str, bottom: float | None) -> None:
    points = sorted(frontier.crossing.evaluated, key=lambda point: point.at)
    counts = np.array([point.at for point in points])
    means = np.array([point.geometric_mean for point in points])
    errors = np.array([_log_error(point.values) for point in points])
    there = np.isfinite(means) & (means > _FLOOR)
    bars = np.stack([means * (1 - np.exp(-errors)), means * (np.exp(errors) - 1)])[:, there]
    ax.errorbar(
        counts[there],
        means[there],
        yerr=bars,
        fmt="o-",
        markersize=3,
        color=color,
        label=frontier.kind,
    )
    if bottom is not None:
        none = means <= _FLOOR
        ax.plot(counts[none], np.full(none.sum(), bottom), "v", mfc="none", color=color)


def _log_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean logarithm, 0 where there is none."""
    if len(values) < 2 or not min(values) > 0 or not np.isfinite(max(values)):
        return 0.0
    return float(np.std(np.log(values), ddof=1) / len(values) ** 0.5)
