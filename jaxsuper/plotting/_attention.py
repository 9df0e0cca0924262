"""Figures of attention: distances by head and layer; similarity and its losses under cut context."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..attention import ARRANGEMENTS, Comparison, Distances
from ._style import color_of, legend_below, shades, style, subplots


# More heads than these are drawn as one map.
_LAYERS_DRAWN = 12


def distances_figure(found: Distances, name: str = "") -> Figure:
    """Draw how far heads look back.

    Args:
        found: of one model.
        name: of the model or file, in the title.

    Returns:
        The figure: the share of attention within each distance, a panel for each layer and a line for
        each head with the 95 % band over sequences, and the mean distance by layer, with intervals that
        hold for all layers at once; dashed what uniform attention would have.
    """
    L, H, T = found.distribution.shape
    shown = range(L) if L <= _LAYERS_DRAWN else np.linspace(0, L - 1, _LAYERS_DRAWN).astype(int)
    columns = min(4, len(shown) + 1)
    rows = -(-(len(shown) + 1) // columns)
    with style():
        figure, axes = subplots(
            rows, columns, figsize=(2.7 * columns, 2.2 * rows + 0.6), squeeze=False
        )
        panels = list(np.ravel(axes))
        colors = [color_of(h) for h in range(H)] if H <= 8 else shades(H)
        even = _reached(_uniform(T, found.least_context))
        for ax, layer in zip(panels, shown, strict=False):
            for head in range(H):
                _draw_head(ax, found, layer, head, colors[head])
            ax.plot(np.arange(T) + 1, even, "--", color="0.5", linewidth=0.8)
            ax.set_xscale("log")
            ax.set(title=f"layer {layer}", ylim=(-0.03, 1.03))
        for ax in panels[: len(shown)][-columns:]:
            ax.set_xlabel("distance + 1")
        for row in axes:
            row[0].set_ylabel("share within")
        _draw_layers(panels[len(shown)], found)
        for ax in panels[len(shown) + 1 :]:
            ax.set_visible(False)
        handles = {f"head {head}": panels[0].lines[head] for head in range(min(H, 12))}
        handles["uniform"] = panels[0].lines[-1]
        legend_below(figure, handles)
        text = f"{name}: " if name else ""
        out = "sinks left out" if found.rule.found else "sinks left in"
        figure.suptitle(f"{text}attention within each distance, {out}", fontsize=9)
    return figure


def _draw_head(ax: Any, found: Distances, layer: int, head: int, color: str) -> None:
    mass, error = found.distribution[layer, head], found.distribution_stderr[layer, head]
    x = np.arange(len(mass)) + 1
    ax.plot(x, _reached(mass), color=color, linewidth=1)
    if np.isfinite(error).any():
        # As if distances were independent: too wide at the end, where shares add up to one.
        reach = np.minimum(1.96 * np.sqrt(np.cumsum(error**2)), 1)
        low, high = _reached(mass) - reach, _reached(mass) + reach
        ax.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)


def _draw_layers(ax: Any, found: Distances) -> None:
    mean, reach = found.mean("mean", True), found.half_width("mean", layers=True)
    layers = np.arange(len(mean))
    ax.errorbar(layers, mean, np.nan_to_num(reach), fmt="o-", color="0.1", markersize=3, capsize=2)
    each = found.mean("mean")
    for head in range(each.shape[1]):
        ax.plot(layers, each[:, head], "_", color="0.6", markersize=6)
    ax.axhline(found.reference["mean"], linestyle="--", color="0.5", linewidth=0.8)
    highest = np.nanmax([*np.ravel(each), *mean, found.reference["mean"]])
    ax.set(title="mean distance", xlabel="layer", ylabel="tokens", ylim=(0, 1.08 * highest))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _reached(mass: np.ndarray) -> np.ndarray:
    total = mass.sum()
    return np.cumsum(mass) / total if total > 0 else np.full(len(mass), np.nan)


def _uniform(T: int, start: int) -> np.ndarray:
    mass = np.zeros(T)
    for q in range(start, T):
        mass[: q + 1] += 1 / (q + 1)
    return mass


def arrangements_figure(found: Mapping[str, Comparison]) -> Figure:
    """Draw similarity by layer and its losses, of each arrangement.

    Args:
        found: kind -> comparison, as built and with layers in place behind.

    Returns:
        The figure: a column for each arrangement. Above the distances, of the first kind: dots the mean
        of each head that is no sink, the line that of the layer. Then a row for similarity and one for
        losses of each kind, a line for each window; bars are 95 % intervals over networks. Grey: layers
        that attend to nothing.
    """
    rows = 2 * len(found) + 1
    with style():
        figure, axes = subplots(
            rows, 3, figsize=(9.2, 2.0 * rows + 0.7), squeeze=False, sharey="row", sharex="row"
        )
        for ax, name in zip(axes[0], ARRANGEMENTS, strict=True):
            _draw_distances(ax, next(iter(found.values())), name)
        axes[0, 0].set_ylabel("mean distance")
        handles: dict[str, Any] = {}
        for place, (kind, comparison) in enumerate(found.items()):
            colors = shades(len(comparison.windows))
            design = comparison.design
            for column, name in enumerate(ARRANGEMENTS):
                upper, lower = axes[2 * place + 1, column], axes[2 * place + 2, column]
                for ax, (mean, stderr) in (
                    (upper, comparison.similarity(name)),
                    (lower, comparison.drops(name)),
                ):
                    start = ax is lower
                    for window, color in enumerate(colors):
                        layers = np.arange(mean.shape[1]) + start
                        bars = 1.96 * stderr[window]
                        line = ax.errorbar(
                            layers,
                            mean[window],
                            bars,
                            fmt="o-",
                            color=color,
                            markersize=2.5,
                            linewidth=1,
                        )
                        handles[f"last {comparison.windows[window]} tokens"] = line
                    if design.in_place:
                        end = design.n_layers + design.in_place
                        ax.axvspan(design.n_layers + 0.5, end + 0.5, color="0.92", zorder=0)
                    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
                value, error = comparison.correlation(name)
                text = f"{name}, {kind}" if len(found) > 1 else name
                upper.set_title(f"{text}", fontsize=8)
                lower.set_title(f"correlation of 5 and 10: {value:.2f} ± {error:.2f}", fontsize=8)
                lower.set_xlabel("layer")
            axes[2 * place + 1, 0].set_ylabel("cosine with full context")
            axes[2 * place + 2, 0].set_ylabel("loss in the layer")
        legend_below(figure, handles)
    return figure


def _draw_distances(ax: Any, comparison: Comparison, arrangement: str) -> None:
    """Draw distances by layer, of heads and of layers."""
    mean, stderr = comparison.distances(arrangement)
    layers = np.arange(len(mean)) + 1
    heads = comparison.design.n_heads
    for one in comparison.found[arrangement]:
        each = np.array(one.head_means)[:, :heads]
        ax.plot(layers, each, ".", color=color_of(0), alpha=0.25, markersize=3)
    ax.errorbar(layers, mean, 1.96 * stderr, fmt="o-", color="0.1", markersize=3)
    ax.set_yscale("log", subs=(2, 5))
    ax.set_title(f"{arrangement}: distances", fontsize=8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def areas_figure(rows: list[dict[str, Any]], kinds: list[str]) -> Figure:
    """Draw how well each measurement tells arrangements apart.

    Args:
        rows: {kind, measurement, pair, area, low, high}, as `jaxsuper attention --json` writes them.
        kinds: of networks, in the order of the panels.

    Returns:
        The figure: areas under the curve with 95 % intervals; 1/2 tells nothing, 0 the opposite.
    """
    areas = [row for row in rows if "area" in row]
    names = list(dict.fromkeys(row["measurement"] for row in areas))
    pairs = list(dict.fromkeys(tuple(row["pair"]) for row in areas))
    with style():
        figure, axes = subplots(
            1, len(kinds), figsize=(3.4 * len(kinds) + 1.2, 3.6), squeeze=False, sharey=True
        )
        for ax, kind in zip(axes[0], kinds, strict=True):
            for place, pair in enumerate(pairs):
                own = {
                    r["measurement"]: r
                    for r in areas
                    if r["kind"] == kind and tuple(r["pair"]) == pair
                }
                y = np.array([names.index(name) for name in own]) + 0.22 * (place - 1)
                value = np.array([row["area"] for row in own.values()])
                ends = np.array([[row["low"], row["high"]] for row in own.values()]).T
                ax.errorbar(
                    value, y, xerr=np.abs(ends - value), fmt="o", color=color_of(place), markersize=4,
                    capsize=2, label=f"{pair[0]} and {pair[1]}",
                )  # fmt: skip
            ax.axvline(0.5, color="0.5", linestyle=":", linewidth=1)
            ax.set(title=kind, xlabel="area under the curve", xlim=(-0.03, 1.03))
            ax.set_yticks(range(len(names)), names)
        axes[0, 0].invert_yaxis()
        found = dict(zip(*reversed(axes[0, 0].get_legend_handles_labels()), strict=True))
        legend_below(figure, found)
    return figure
