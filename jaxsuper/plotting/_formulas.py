"""The figure of a formula that was checked: measured against it, and their ratio along each axis."""

from collections.abc import Sequence
from math import ceil
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from ..analytics.formulas import Axis, FormulaVerdict
from ._series import LABELS
from ._style import color_of, handles_of, legend_below, style, subplots


# Colour and mark of a place by where it lies.
_LOOKS = {"within": (0, "o"), "outside": (1, "s"), "undecided": (6, "^")}
_COLUMNS = 3
# How far the places of one value are spread on the axis, in distances of values.
_SPREAD = 0.5
# A rival that is further away than so many heights of the points is drawn there.
_FARTHEST = 1.0
# Values that differ by more than this factor have a tick at powers of ten alone.
_WIDE = 30.0


def formula_figure(found: FormulaVerdict) -> Figure:
    """Draw what a sweep says of a formula.

    Args:
        found: of `analytics.verify_formula`.

    Returns:
        The figure: measured against predicted, and measured over predicted at each value of each
        axis. Bars are intervals that hold for all places and looks together; the band is what the
        formula is allowed; crosses are the rival.
    """
    rows = found.rows
    shown = [row for row in rows if row["ratio"] is not None]
    count = 1 + (len(found.axes) if shown else 0)
    columns = min(count, _COLUMNS)
    with style():
        size = (3.3 * columns, 3.0 * ceil(count / columns) + 0.9)
        figure, grid = subplots(ceil(count / columns), columns, figsize=size, squeeze=False)
        first, *others = list(grid.flat)[:count]
        for spare in list(grid.flat)[count:]:
            spare.set_axis_off()
        _against(first, rows, found.tolerance)
        for ax, axis in zip(others, found.axes, strict=False):
            _along(ax, shown, axis, found.tolerance)
        if others:
            _same_heights(others)
        figure.suptitle(_title(found), fontsize=9)
        legend_below(figure, handles_of([first, *others]))
    return figure


def _title(found: FormulaVerdict) -> str:
    relation = {"equal": "=", "at most": "≤", "at least": "≥"}[found.relation]
    formula = shorten(found.formula, 90, placeholder=" ...")
    return f"{found.metric} {relation} {formula}\n{found.verdict}".replace("$", r"\$")


def _by_place(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by = {place: [row for row in rows if row["place"] == place] for place in _LOOKS}
    return {place: own for place, own in by.items() if own}


def _bars(ax: Axes, place: str, x: Any, middle: Any, low: Any, high: Any) -> None:
    color, mark = _LOOKS[place]
    ends = np.abs(np.stack([middle - low, high - middle]))
    settings: dict[str, Any] = {"color": color_of(color), "markersize": 4, "linewidth": 0.8}
    ax.errorbar(x, middle, ends, fmt=mark, capsize=2, label=place, **settings)


def _against(ax: Axes, rows: Sequence[dict[str, Any]], tolerance: float) -> None:
    """Draw measured against predicted."""
    said = np.array([row["predicted"] for row in rows])
    ends = np.array([said.min(), said.max()])
    positive = bool(ends[0] > 0) and all(row["measured"] > 0 for row in rows)
    if positive:
        ax.set_xscale("log")
        ax.set_yscale("log")
        _few_ticks(ax, float(ends[1] / ends[0]))
        ends = ends * np.array([0.9, 1.1])
    allowed = tolerance * np.abs(ends)
    ax.fill_between(ends, ends - allowed, ends + allowed, color="0.85", label="allowed")
    ax.plot(ends, ends, color="0.3", linewidth=0.8, label="the formula")
    for place, own in _by_place(rows).items():
        columns = (np.array([row[n] for row in own]) for n in ("measured", "low", "high"))
        middle, low, high = columns
        if positive:  # an interval that reaches 0 has no end on a logarithmic axis
            low = np.maximum(low, 0.1 * middle)
        _bars(ax, place, np.array([row["predicted"] for row in own]), middle, low, high)
    ax.set(xlabel="formula", ylabel="measured")


def _few_ticks(ax: Axes, span: float) -> None:
    """Label no more places of logarithmic axes than there is room for."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < _WIDE else (1,), numticks=8))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def _along(ax: Axes, rows: Sequence[dict[str, Any]], axis: Axis, tolerance: float) -> None:
    """Draw measured over predicted at each value of an axis."""
    places, values = {}, list(axis.values)
    for value in values:
        own = [i for i, row in enumerate(rows) if row[axis.name] == value]
        steps = (np.arange(len(own)) + 0.5) / len(own) - 0.5
        places |= {
            i: values.index(value) + _SPREAD * step for i, step in zip(own, steps, strict=True)
        }
    ax.axhspan(1 - tolerance, 1 + tolerance, color="0.85")
    ax.axhline(1, color="0.3", linewidth=0.8)
    for place in _by_place(rows):
        own = [i for i, row in enumerate(rows) if row["place"] == place]
        x = np.array([places[i] for i in own])
        middle, low, high = (
            np.array([rows[i][name] for i in own]) for name in ("ratio", "ratio_low", "ratio_high")
        )
        _bars(ax, place, x, middle, low, high)
    _rivals(ax, rows, places, tolerance)
    texts = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
    ax.set_xticks(range(len(values)), texts)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.grid(False, axis="x")
    ax.set(xlabel=LABELS.get(axis.name, axis.name), ylabel="measured / formula")


def _rivals(
    ax: Axes, rows: Sequence[dict[str, Any]], places: dict[int, float], tolerance: float
) -> None:
    """Draw what a rival says; where that is far from all points, at the edge."""
    against = [i for i, row in enumerate(rows) if row["rival"] is not None]
    ends = [row[name] for row in rows for name in ("ratio_low", "ratio_high")]
    low, high = min(*ends, 1 - tolerance), max(*ends, 1 + tolerance)
    room = _FARTHEST * (high - low)
    for i in against:
        ratio = rows[i]["rival"] / rows[i]["predicted"]
        held = min(max(ratio, low - room), high + room)
        mark = "x" if held == ratio else "^" if held < ratio else "v"
        label = "rival" if held == ratio else "rival, farther off"
        ax.plot(places[i], held, mark, color=color_of(3), mfc="none", markersize=5, label=label)


def _same_heights(axes: Sequence[Axes]) -> None:
    """Give panels of the same quantity the same axis."""
    ends = [ax.get_ylim() for ax in axes]
    for ax in axes:
        ax.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
