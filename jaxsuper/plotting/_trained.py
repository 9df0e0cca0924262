"""Figures of trained networks: how many circuits they hold, and on how many neurons each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..analytics.scaling import BuiltPoint, ShareLaw, TrainedLaw, weights_per_equation
from ._style import color_of, style, subplots


_MARKERS = {"published": "s", "tuned": "D", "carried": "^"}


def trained_figure(laws: Sequence[TrainedLaw], built: Sequence[BuiltPoint] = ()) -> Figure:
    """Draw the T* of trained networks against D, one panel for each z, beside built ones.

    Args:
        laws: of several efforts and z.
        built: designs of the same widths, of the first z.

    Returns:
        The figure: points with 95 % intervals over networks and fitted power laws; open markers
        built designs, with an arrow up where all their sets hold passes.
    """
    by_z = {law.n_active: [one for one in laws if one.n_active == law.n_active] for law in laws}
    with style():
        figure, axes = subplots(1, len(by_z), figsize=(1.2 + 4.2 * len(by_z), 4.4), squeeze=False)
        for index, (z, shown) in enumerate(by_z.items()):
            ax = axes[0, index]
            for number, law in enumerate(shown):
                _draw_law(ax, color_of(number), law)
            _draw_bounds(ax, shown)
            if index == 0:
                _draw_built(ax, built, len(shown))
            ax.set(xscale="log", yscale="log", xlabel="D", ylabel="circuits T*")
            widths = sorted({point.network_width for law in shown for point in law.points})
            ax.set_xticks(widths, [f"{width:g}" for width in widths])
            ax.xaxis.set_minor_locator(NullLocator())
            ax.set_title(f"z = {z}, {shown[0].n_layers} layers, error {shown[0].target:g}")
            ax.legend(fontsize=6.5, loc="upper left")
            bottom, top = ax.get_ylim()
            ax.set_ylim(bottom, top * 30)
    return figure


def _draw_law(ax: Axes, color: str, law: TrainedLaw) -> None:
    found = [point for point in law.points if np.isfinite(point.measured.at)]
    widths = np.array([point.network_width for point in found], float)
    at = np.array([point.measured.at for point in found])
    ends = np.array([[p.measured.low, p.measured.high] for p in found]).reshape(-1, 2)
    label = f"trained, steps x {law.effort:g}"
    if law.fit is not None:
        fit = law.fit
        label += f": $D^{{{fit.exponent:.2f}}}$ ({fit.low:.2f} to {fit.high:.2f})"
        ax.plot(widths, fit.prefactor * widths**fit.exponent, "-", color=color, linewidth=0.9)
    bars = np.abs(ends.T - at)
    ax.errorbar(widths, at, bars, fmt="o", color=color, markersize=4, capsize=2, label=label)


def _draw_bounds(ax: Axes, laws: Sequence[TrainedLaw]) -> None:
    first = laws[0]
    widths = np.array(sorted({p.network_width for law in laws for p in law.points}), float)
    ax.plot(widths, widths / 4, "-.", color="0.55", label="no superposition, $T = D/d$")
    dotted = (0, (1, 2))
    ax.plot(widths, (widths / 4) ** 2, linestyle=dotted, color="0.55", label="$T = (D/d)^2$")
    if first.n_active == 1:
        limits = [weights_per_equation(int(w), first.n_layers) for w in widths]
        ax.plot(widths, limits, "--", color="0.55", label="as many weights as linear equations")


def _draw_built(ax: Axes, built: Sequence[BuiltPoint], used: int) -> None:
    for number, name in enumerate(dict.fromkeys(point.design for point in built)):
        points = [p for p in built if p.design == name and p.most > 0]
        if not points:
            continue
        widths, most = [p.network_width for p in points], [p.most for p in points]
        color = color_of(used + number)
        look = {"color": color, "markerfacecolor": "none", "markersize": 5, "linewidth": 0.7}
        ax.plot(widths, most, _MARKERS[name] + ":", label=f"built: {points[0].says}", **look)
        held = [p for p in points if p.measured.side > 0]
        for point in held:
            ax.annotate("", (point.network_width, point.most * 1.5), (point.network_width, point.most),
                        arrowprops={"arrowstyle": "->", "color": color})  # fmt: skip


def shares_figure(laws: Sequence[ShareLaw]) -> Figure:
    """Draw S_eff against noise, a panel for each start, a line for each exponent of the loss.

    Args:
        laws: from several starts.

    Returns:
        The figure: means over networks with twice their standard errors, dashed the start.
    """
    with style():
        figure, axes = subplots(
            1, len(laws), figsize=(1 + 3.6 * len(laws), 3.8), squeeze=False, sharey=True
        )
        for ax, law in zip(axes[0], laws, strict=True):
            levels = law.shares[0].noise
            least = min(level for level in levels if level > 0)
            # A logarithmic axis has no place for 0: it stands one step before the first level.
            places = [level or least / 2 for level in levels]
            for index, shares in enumerate(law.shares):
                values = shares.redundancy
                errors = 2 * values.std(1, ddof=1) / values.shape[1] ** 0.5
                label = "p = {}: slope {:.2f} ({:.2f} to {:.2f})"
                label = label.format(shares.exponent, *shares.slope)
                look = {"color": color_of(index), "marker": "o", "markersize": 4, "capsize": 2}
                ax.errorbar(places, values.mean(1), errors, label=label, **look)
            ax.set(xscale="log", yscale="log")
            ax.set_xticks(places, [f"{level:g}" for level in levels])
            ax.xaxis.set_minor_locator(NullLocator())
            ax.axhline(law.at_start, color="0.4", linestyle="--", linewidth=0.8, label="start")
            ax.set(xlabel=r"noise $\sigma$ in training, of the neurons' r.m.s.")
            ax.set_title(f"D = {law.network_width}, T = {law.n_circuits}, z = {law.n_active}, "
                         f"codes start at {law.start:g}", fontsize=8)  # fmt: skip
            ax.legend(fontsize=6.5)
        axes[0, 0].set_ylabel(r"neurons per small neuron, $S_\mathrm{eff}$")
    return figure
