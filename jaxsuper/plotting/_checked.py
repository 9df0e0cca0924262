"""The figure of a claim of one's own: measured with intervals, what it allows, its rival."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..analytics.claims import Checked, outside_errors, Point
from ._style import color_of, handles_of, key_of, legend_below, style, subplots


_MARKS = {"equal": "o", "at most": "v", "at least": "^"}


def claim_figure(found: Checked) -> Figure:
    """Draw what was measured for a claim.

    Args:
        found: of `analytics.check`.

    Returns:
        The figure: dots measured, with intervals that hold for all points and looks together; open
        marks what the claim says, triangles where it bounds; bars what it allows; crosses what its
        rival says; squares around points that are not within.
    """
    evidence = found.evidence
    series = dict.fromkeys(point.series for point in evidence.points)
    with style():
        figure, ax = subplots(figsize=(5.2, 3.8))
        for index, name in enumerate(series):
            own = [point for point in evidence.points if point.series == name]
            _draw(ax, found, own, color_of(index), name)
        if evidence.boundary is not None:
            low, high = (min(float(end), ax.get_xlim()[1]) for end in evidence.boundary)
            ax.axvspan(low, high, color="0.9", label="where it is to end", zorder=0)
        if evidence.log_x:
            ax.set_xscale("log")
        elif not any(float(point.x) % 1 for point in evidence.points):
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if evidence.log_y:
            ax.set_yscale("log")
        ax.set(xlabel=evidence.x_label, ylabel=evidence.y_label)
        ax.set_title(_title(found), fontsize=9)
        keys = {label: handle for label, handle in handles_of([ax]).items() if label}
        keys |= {"measured": key_of(ax, "o", mfc="0.3"), "the claim": key_of(ax, "o", markersize=8)}
        if any(point.rival is not None for point in evidence.points):
            keys["its rival"] = key_of(ax, "x")
        if any(evidence.place(point) != "within" for point in evidence.points):
            keys["not within"] = key_of(ax, "s", markersize=12)
        legend_below(figure, keys)
    return figure


def _title(found: Checked) -> str:
    statement = found.claim.statement
    cut = statement if len(statement) < 75 else statement[:72] + "..."
    return f"{cut}\n{found.verdict}".replace("$", r"\$")


def _draw(ax: Any, found: Checked, points: list[Point], color: str, name: str) -> None:
    """Draw the points of one series."""
    evidence = found.evidence
    x, measured, said = (
        np.array([float(getattr(point, field)) for point in points])
        for field in ("x", "measured", "predicted")
    )
    reach = [outside_errors(p.freedom, evidence.rates) * float(p.stderr) for p in points]
    ax.errorbar(x, measured, reach, fmt="o", color=color, markersize=4, capsize=2, label=name)
    allowed = evidence.tolerance * np.abs(said) + evidence.slack
    ends = np.stack([allowed, allowed])
    if evidence.factor is not None:
        ends = np.stack([said - said / evidence.factor, said * evidence.factor - said])
    for relation, mark in _MARKS.items():
        own = [i for i, point in enumerate(points) if point.relation == relation]
        if not own:
            continue
        settings: dict[str, Any] = {"fmt": mark, "mfc": "none", "markersize": 8, "color": color}
        bars = ends[:, own] if relation == "equal" else None
        ax.errorbar(x[own], said[own], bars, elinewidth=5, alpha=0.35, **settings)
    against = [point for point in points if point.rival is not None]
    if against:
        ax.plot([p.x for p in against], [p.rival for p in against], "x", color=color)
    odd = [point for point in points if evidence.place(point) != "within"]
    ax.plot([p.x for p in odd], [p.measured for p in odd], "s", mfc="none", ms=12, color=color)
