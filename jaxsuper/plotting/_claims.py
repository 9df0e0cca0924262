"""The plot of a claim as SVG: measured against predicted, with what is allowed and the rival.

The page holds a hundred of them, drawn by its style sheet: a few kilobytes each, in a millisecond.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, inf, isfinite, log10
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator


_WIDTH, _HEIGHT, _TOP, _RIGHT, _BOTTOM = 460, 300, 10, 12, 44
# Width of a digit and distance of the ticks' labels from the axis label, in units of the picture.
_DIGIT, _LABEL = 7.0, 34
# What is further away than this many heights of measured and predicted is drawn at the edge.
_FARTHEST = 1.5
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MARKS = {
    "equal": "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "at most": "m-5-4h10l-5 9z",
    "at least": "m-5 4h10l-5-9z",
}
_Points = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class _Axis:
    """Values from `low` to `high` on the pixels from `start` to `end`."""

    low: float
    high: float
    log: bool
    start: float | int
    end: float | int
    whole: bool = False

    @classmethod
    def around(
        cls, values: Iterable[float], log: bool, start: float | int, end: float | int
    ) -> "_Axis":
        """Return the axis that holds values, with some room."""
        held = np.array([value for value in values if isfinite(value)] or [0.0])
        low, high = float(held.min()), float(held.max())
        log = log and low > 0
        if log:
            low, high = log10(low), log10(high)
        room = 0.06 * (high - low) or 0.06 * abs(high) or 0.5
        ends = low - room, high + room
        low, high = (10.0**end for end in ends) if log else ends
        return cls(low, high, log, start, end, whole=not (held % 1).any())

    def at(self, value: float) -> str:
        """Return where a value stands, or the edge that it lies behind."""
        if self.log:
            share = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        pixel = self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)
        return f"{pixel:.1f}".removesuffix(".0")

    def ticks(self) -> dict[float, str]:
        """Return at most seven ticks with their labels."""
        if self.log and self.high / self.low > 12:
            first, last = ceil(log10(self.low)), floor(log10(self.high))
            if last - first < 2:
                fine = (m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5))
                return {v: _label(v, v) for v in fine if self.low <= v <= self.high}
            powers = range(first, last + 1, ceil((last - first + 1) / 6))
            return {10.0**k: f"10{str(k).translate(_SUPERSCRIPTS)}" for k in powers}
        locator = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=self.whole)
        places = locator.tick_values(self.low, self.high)
        inside = [float(tick) for tick in places if self.low <= tick <= self.high]
        step = float(places[1] - places[0])
        return {tick: _label(tick, step) for tick in inside}


def _label(tick: float, step: float) -> str:
    """Return a tick's label with the digits that the step needs."""
    if abs(tick) < step / 2:
        return "0"
    exponent = floor(log10(abs(tick)) + 1e-9)
    if -4 < exponent < 6:
        decimals = max(0, 1 - floor(log10(step) + 1e-9))
        text = f"{tick:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits = max(0, exponent - floor(log10(step) + 1e-9) + 1)
    front = f"{tick / 10.0**exponent:.{digits}f}"
    front = front.rstrip("0").rstrip(".") if "." in front else front
    return f"{front}·10{str(exponent).translate(_SUPERSCRIPTS)}"


def _allowed(point: dict[str, Any], evidence: dict[str, Any]) -> tuple[float, float]:
    """Return from where to where an equality allows a point."""
    predicted = point["predicted"]
    if evidence["factor"] is not None:
        return predicted / evidence["factor"], predicted * evidence["factor"]
    allowed = evidence["tolerance"] * abs(predicted) + evidence["slack"]
    return predicted - allowed, predicted + allowed


def _axes(evidence: dict[str, Any], points: _Points) -> tuple[_Axis, _Axis]:
    """Return the axes that show points, and rivals and what is allowed unless they are far away."""
    near, far = [], []
    for point in points:
        error = point["stderr"] or 0.0
        near += [point["measured"], *(point["measured"] + s * error for s in (-1, 1))]
        if point["predicted"] is not None:
            near.append(point["predicted"])
            if point["relation"] == "equal":
                far += _allowed(point, evidence)
        if point["rival"] is not None:
            far.append(point["rival"])
    shown = [p[name] for p in points for name in ("measured", "predicted") if p[name] is not None]
    log = evidence["log_y"] and min(shown) > 0
    if log:
        y = [value for value in near + far if value > 0]
    else:
        room = _FARTHEST * (max(near) - min(near)) or inf
        y = near + [min(max(value, min(near) - room), max(near) + room) for value in far]
    upright = _Axis.around(y, log, _HEIGHT - _BOTTOM, _TOP)
    left = _LABEL + _DIGIT * max(map(len, upright.ticks().values()), default=0)
    across = _Axis.around(
        [point["x"] for point in points], evidence["log_x"], left, _WIDTH - _RIGHT
    )
    return across, upright


def _frame(across: _Axis, upright: _Axis, evidence: dict[str, Any]) -> str:
    """Return grid, ticks, labels and, for a claim about a regime, where it is to end."""
    left, right, bottom = f"{across.start:g}", _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    grid, texts = [], []
    for tick, label in across.ticks().items():
        grid.append(f"M{across.at(tick)} {_TOP}V{bottom}")
        texts.append(f'<text x="{across.at(tick)}" y="{bottom + 16}">{label}</text>')
    for tick, label in upright.ticks().items():
        grid.append(f"M{left} {upright.at(tick)}H{right}")
        y = float(upright.at(tick)) + 4
        texts.append(f'<text class="v" x="{across.start - 6:g}" y="{y:g}">{label}</text>')
    middle = (float(left) + right) / 2, (_TOP + bottom) / 2
    label = escape(evidence["y_label"])
    texts.append(
        f'<text x="{middle[0]:g}" y="{_HEIGHT - 6}">{escape(evidence["x_label"])}</text>'
        f'<text transform="translate(14 {middle[1]:g})rotate(-90)">{label}</text>'
    )
    shade = ""
    if evidence["boundary"] is not None:
        low, high = (float(across.at(inf if end is None else end)) for end in evidence["boundary"])
        size = f'width="{max(high - low, 1):g}" height="{bottom - _TOP}"'
        shade = f'<rect class="edge" x="{low:g}" y="{_TOP}" {size}/>'
    lines = f'<path class="grid" d="{"".join(grid)}"/>'
    return f'{shade}{lines}<path class="axis" d="M{left} {_TOP}V{bottom}H{right}"/>{"".join(texts)}'


def _series(
    index: int, points: _Points, evidence: dict[str, Any], across: _Axis, upright: _Axis
) -> str:
    """Return the marks of one series: what is allowed, claim, rival, measured, and its place."""
    d: dict[str, list[str]] = {name: [] for name in ("band", "said", "rival", "spread", "dot")}
    for point in points:
        x, y = across.at(point["x"]), upright.at(point["measured"])
        d["dot"].append(f"M{x} {y}h0")
        if point["stderr"]:
            ends = (upright.at(point["measured"] + s * point["stderr"]) for s in (-1, 1))
            d["spread"].append("M{} {}V{}".format(x, *ends))
        if point["predicted"] is not None:
            d["said"].append(f"M{x} {upright.at(point['predicted'])}{_MARKS[point['relation']]}")
            if point["relation"] == "equal":
                ends = map(upright.at, _allowed(point, evidence))
                d["band"].append("M{} {}V{}".format(x, *ends))
        if point["rival"] is not None:
            d["rival"].append(f"M{x} {upright.at(point['rival'])}m-4-4l8 8m-8 0l8-8")
        if point["place"] != "within":
            d.setdefault(point["place"], []).append(f"M{x} {y}m-8-8h16v16h-16z")
    stations = {point["x"] for point in points}
    if 1 < len(stations) == len(points):
        line = sorted((p["x"], p["predicted"]) for p in points if p["predicted"] is not None)
        d["line"] = ["M" + "L".join(f"{across.at(x)} {upright.at(y)}" for x, y in line)]
    drawn = (f'<path class="{name}" d="{"".join(way)}"/>' for name, way in d.items() if way)
    return f'<g class="s{index % 7}">{"".join(drawn)}</g>'


def claim_svg(entry: dict[str, Any]) -> str:
    """Return the plot of a claim's evidence, to be coloured by the page's style sheet.

    Args:
        entry: an object of the ledger with `evidence`.

    Returns:
        An `svg` element. Dots are measured with standard errors, circles are what the claim says, on
        bars as long as what it allows, crosses what the rival says; triangles point to where an
        inequality allows the points. Squares are around points that are not within. Nothing, if
        nothing was measured.
    """
    evidence = entry["evidence"]
    shown = [p for p in evidence["points"] if p["measured"] is not None and p["x"] is not None]
    if not shown:
        return ""
    across, upright = _axes(evidence, shown)
    series = dict.fromkeys(point["series"] for point in evidence["points"])
    marks = [
        _series(i, [p for p in shown if p["series"] == name], evidence, across, upright)
        for i, name in enumerate(series)
    ]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Measured against predicted: '
        f'{escape(evidence["y_label"])} by {escape(evidence["x_label"])}">'
        f"{_frame(across, upright, evidence)}{''.join(marks)}</svg>"
    )
