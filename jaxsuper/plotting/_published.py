"""The published figures 5-11 from the table of a sweep, with what the reference code measured.

Figures 5-7: D = 1000, T = 557, one figure for each z = 1, 2, 3: errors by layer. Figures 8-11: the
grid of (D, T), one figure for each z = 1..4: errors by T, a colour for each D, a column per layer.
Points are measured, lines are predictions, diamonds are of the reference code where it was run.
"""

from collections.abc import Iterator
from typing import Any, TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._errors import check
from ._reference import agreement, BY_LAYER, BY_SIZE, LABEL, MARK, POST, PUBLISHED, reference
from ._series import averaged, bottom_of, draw, ERRORS, finish, legend, lines_in
from ._style import colors_of, key_of, style, subplots


if TYPE_CHECKING:
    import polars


def published_figures(table: "polars.DataFrame") -> dict[str, Figure]:
    """Draw those of figures 5-11 for which a sweep has the configurations.

    Args:
        table: from `analytics.with_predictions`, or from `sweep.read_store` for points alone.

    Returns:
        "figure-5" to "figure-11" -> figure.

    Raises:
        ValueError: if there is no configuration of the published setting.
    """
    import polars

    same = [polars.col(name) == value for name, value in PUBLISHED.items()]
    rows = table.filter(*same, polars.col("metric").is_in(list(ERRORS)))
    headline = rows.filter(network_width=1000, n_circuits=557, n_layers=5)
    grid = rows.filter(n_layers=4)
    figures: dict[str, Figure] = {}
    for chosen, numbers, drawn in ((headline, BY_LAYER, _by_layer), (grid, BY_SIZE, _by_size)):
        for z, number in numbers.items():
            here = chosen.filter(n_active=z)
            if len(here):
                figures[f"figure-{number}"] = drawn(here, z)
    rule = "must hold configurations of the published setting"
    check(bool(figures), "store", rule, "none", "give x, y and hue for another figure")
    return figures


def _caption(table: "polars.DataFrame", number: int, z: int, pairs: list[Any]) -> str:
    made = table.row(0, named=True)
    networks = table.select("seed", "network").n_unique()
    unit, bars = f"{networks} networks", "95 % of the mean over networks, thick: samples alone"
    if networks == 1:
        unit, bars = "this network", "± s.e. over its samples; lines: mean over networks"
    compared = agreement(pairs)
    return (
        f"figure {number} of {POST}: z = {z}, S = {made['redundancy']}, "
        f"{made['batch_size']} samples, {unit} (bars: {bars})\n"
        f"{f'{compared}; ' if compared else ''}jaxsuper {made['jaxsuper']}, jax {made['jax']}, "
        f"{made['device']}"
    )


def _pairs(rows: "polars.DataFrame", z: int) -> Iterator[tuple[float, float]]:
    """Yield (measured, reference) of all cells that both have."""
    names = ("network_width", "n_circuits", "metric", "layer", "value")
    for width, n_circuits, metric, layer, value in rows.select(names).rows():
        theirs = reference(width, n_circuits, z, metric).get(layer)
        if theirs is not None and value is not None:
            yield value, theirs


def _diamonds(ax: Axes, found: dict[int, float], bottom: float, color: str) -> None:
    """Draw what the reference code measured, without what lies below the panel."""
    shown = {place: value for place, value in found.items() if value >= bottom}
    ax.plot(
        [*shown],
        [*shown.values()],
        MARK,
        mfc="none",
        color=color,
        markersize=6,
        mew=0.7,
        zorder=1.5,
    )


def _by_layer(table: "polars.DataFrame", z: int) -> Figure:
    rows = averaged(table, ["metric", "layer", "network_width", "n_circuits"])
    with style():
        figure, axes = subplots(1, 4, figsize=(11, 3.2))
        (color,) = colors_of(1)
        for ax, (metric, title) in zip(axes, ERRORS.items(), strict=True):
            here = rows.filter(metric=metric)
            bottom = bottom_of(here)
            draw(ax, here, "layer", color, "measured", bottom)
            _diamonds(ax, reference(1000, 557, z, metric), bottom, "0.3")
            finish(ax, here, "layer", title, bottom)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.set_xlim(0.7, int(table["n_layers"][0]) + 0.3)
        _legend(figure, axes, table)
        caption = _caption(table, BY_LAYER[z], z, list(_pairs(rows, z)))
        figure.suptitle(f"D = 1000, T = 557, {caption}", fontsize=8)
    return figure


def _by_size(table: "polars.DataFrame", z: int) -> Figure:
    rows = averaged(table, ["metric", "layer", "network_width", "n_circuits"])
    layers = sorted(table["layer"].unique())
    widths = sorted(table["network_width"].unique())
    with style():
        size = (2.8 * len(layers), 2.1 * len(ERRORS) + 0.6)
        figure, axes = subplots(len(ERRORS), len(layers), figsize=size, sharex=True, squeeze=False)
        for line, (metric, title) in zip(axes, ERRORS.items(), strict=True):
            for ax, layer in zip(line, layers, strict=True):
                here = rows.filter(metric=metric, layer=layer)
                bottom = bottom_of(here)
                for width, color in zip(widths, colors_of(len(widths)), strict=True):
                    series = here.filter(network_width=width)
                    draw(ax, series, "n_circuits", color, f"D = {width}", bottom)
                    by_size = {
                        count: value
                        for count in series["n_circuits"]
                        if (value := reference(width, count, z, metric).get(layer)) is not None
                    }
                    _diamonds(ax, by_size, bottom, color)
                finish(ax, here, "n_circuits", f"layer {layer}", bottom)
                if metric != list(ERRORS)[-1]:
                    ax.set_xlabel("")
            line[0].set_ylabel(title)
        _legend(figure, axes.flat, table)
        caption = _caption(table, BY_SIZE[z], z, list(_pairs(rows, z)))
        figure.suptitle(caption, fontsize=8)
    return figure


def _legend(figure: Figure, axes: Any, table: "polars.DataFrame") -> None:
    axes = list(np.ravel(axes) if isinstance(axes, np.ndarray) else axes)
    key = key_of(axes[0], MARK, markersize=6, linewidth=0, mew=0.7)
    legend(figure, axes, lines_in(table), **{LABEL: key})
