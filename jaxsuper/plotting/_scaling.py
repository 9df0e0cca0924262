"""Figures of scaling laws: critical numbers of circuits against width, and the transition in density."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..analytics.scaling import CriticalLaw, CriticalPoint, OptimumPoint, TransitionPoint
from ._style import color_of, style, subplots


# No superposition has one circuit for each d neurons; no more than one parameter of W per circuit.
_BOUNDS = (
    ("no superposition, $T = D/d$", lambda n: n, "0.55", "-."),
    ("one circuit per weight of a block, $T = (D/d)^2$", lambda n: n**2, "0.55", (0, (1, 2))),
)


def critical_figure(law: CriticalLaw, says: dict[str, str] | None = None) -> Figure:
    """Draw T_c against D on logarithmic axes.

    Args:
        law: measured points, 95 % intervals over networks.
        says: design -> what it is, in words, for the legend.

    Returns:
        The figure: points measured, lines density evolution, in the legend both exponents; grey:
        no superposition, and as many circuits as a block of W has weights.
    """
    with style():
        figure, ax = subplots(figsize=(7.6, 5.0))
        names = list(dict.fromkeys(point.design for point in law.points))
        for index, name in enumerate(names):
            points = [point for point in law.points if point.design == name]
            _draw_design(ax, index, points, _label(law, name, (says or {}).get(name, name)))
        widths = np.array(sorted({point.network_width for point in law.points}), float)
        bottom, top = _limits(law.points)
        for label, count, color, line in _BOUNDS:
            ax.plot(widths, count(widths / 4), color=color, linestyle=line, label=label, zorder=0)
        ax.set(xscale="log", yscale="log", xlabel="D", ylabel="circuits T")
        ax.set_ylim(bottom, top)
        ax.set_xticks(widths, [f"{width:g}" for width in widths])
        ax.xaxis.set_minor_locator(NullLocator())
        sizes = f"z = {law.n_active}, {law.n_layers} layers"
        ax.set_title(f"most circuits without seizure or dying, {sizes}", fontsize=9)
        figure.legend(loc="outside lower center", fontsize=7, ncols=2)
    return figure


def _label(law: CriticalLaw, name: str, says: str) -> str:
    if name not in law.fits:
        return says
    measured, theory = law.fits[name]
    return (
        f"{says}: $D^{{{measured.exponent:.3f}}}$ "
        f"({measured.low:.3f} to {measured.high:.3f}), theory {theory.exponent:.3f}"
    )


def _draw_design(ax: Axes, index: int, points: Sequence[CriticalPoint], label: str) -> None:
    color = color_of(index)
    widths = [point.network_width for point in points]
    ax.plot(widths, [point.theory for point in points], "-", color=color, linewidth=1)
    found = [point for point in points if np.isfinite(point.measured.at)]
    at = np.array([point.measured.at for point in found])
    ends = np.array([[p.measured.low, p.measured.high] for p in found]).reshape(-1, 2)
    ax.errorbar(
        [point.network_width for point in found],
        at,
        np.abs(ends.T - at),
        fmt="o",
        color=color,
        markersize=4,
        capsize=2,
        label=label,
    )


def _limits(points: Sequence[CriticalPoint]) -> tuple[float, float]:
    values = [value for p in points for value in (p.theory, p.measured.at) if np.isfinite(value)]
    return min(*values, min(p.network_width for p in points) / 4) / 1.5, max(values) * 3


def transition_figure(points: Sequence[TransitionPoint], n_layers: int) -> Figure:
    """Draw how networks fail against the density of their clipped matrix.

    Args:
        points: one for each width.
        n_layers: L, for the title.

    Returns:
        Growth of inactive indicators' error, and the error of active ones: points measured, lines density
        evolution, dashed where failing begins.
    """
    with style():
        figure, axes = subplots(1, 2, figsize=(8.4, 4.0))
        panels = (
            ("growth of inactive indicators' error", 0, 2.0),
            ("error of active ones", 1, 0.1),
        )
        for ax, (label, column, limit) in zip(np.ravel(axes), panels, strict=True):
            for index, one in enumerate(points):
                densities = sorted(one.tried)
                values = np.array([one.tried[density] for density in densities])
                name = f"D = {one.point.network_width}, S = {one.point.redundancy}"
                color = color_of(index)
                ax.plot(densities, values[:, column], "o", color=color, markersize=4, label=name)
                ax.plot(densities, values[:, 2 + column], "-", color=color, linewidth=1)
            ax.axhline(limit, color="0.4", linestyle="--", linewidth=0.8)
            ax.set(yscale="log", xlabel=r"density $\kappa$ of the clipped matrix", ylabel=label)
        axes.ravel()[1].set_ylim(bottom=1e-5)
        figure.suptitle(f"S = log2 n - 3, .55/.9, {n_layers} layers", fontsize=9)
        handles, labels = axes.ravel()[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=7)
    return figure


def optimum_figure(points: Sequence[OptimumPoint]) -> Figure:
    """Draw the most circuits over redundancy and thresholds against width.

    Args:
        points: one for each width.

    Returns:
        Points measured, each with its S; the line density evolution; grey: no superposition, one
        circuit for each weight of a block, and that over ln^2 n.
    """
    with style():
        figure, ax = subplots(figsize=(6.4, 4.4))
        widths = np.array([one.network_width for one in points], float)
        n = widths / 4
        ax.plot(widths, [one.theory.n_circuits for one in points], "-", color=color_of(0))
        for one in points:
            found = one.measured.measured
            ends = np.abs(np.array([[found.low], [found.high]]) - found.at)
            ax.errorbar(
                [one.network_width], [found.at], ends, fmt="o", color=color_of(0), capsize=2
            )
            said = f"S = {one.measured.redundancy}"
            ax.annotate(said, (one.network_width, found.at), (4, -10), textcoords="offset points")
        constant = float(np.mean([one.constant for one in points]))
        law = constant * n**2 / np.log(n) ** 2
        ax.plot(widths, law, ":", color="0.3", label=f"{constant:.2f} $n^2/\\ln^2 n$")
        for label, count, color, line in _BOUNDS:
            ax.plot(widths, count(n), color=color, linestyle=line, label=label, zorder=0)
        ax.set(xscale="log", yscale="log", xlabel="D", ylabel="circuits T")
        ax.set_xticks(widths, [f"{width:g}" for width in widths])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.legend(fontsize=7)
        ax.set_title(
            "most circuits over S and thresholds: points measured, line theory", fontsize=9
        )
    return figure
