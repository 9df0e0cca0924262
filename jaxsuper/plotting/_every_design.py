"""The figure of all designs: circuits under an error target against width, labels at the lines' ends."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..analytics.scaling import contender, DesignFit, DesignPoint, DesignsLaw
from ._style import color_of, style, subplots


# Lines of text at the right edge stand at least so far apart, of the axis' height.
_APART = 0.052
# Where labels begin, in widths of the axis.
_LABELS = 1.035
_GREY = "0.45"
# No superposition has one circuit for each d neurons; no more than one for each d^2 weights of W.
_BOUNDS = (
    ("a circuit for each $d^2$ weights, $T = (D/d)^2$", lambda n: n**2, (0, (1, 2))),
    ("no superposition, $T = D/d$", lambda n: n, "-."),
)
_WORDS = {
    "published": "published",
    "even-loads": "even loads",
    "thresholds": "higher thresholds",
    "tuned": "loads and thresholds, $S = 4$",
    "log-redundancy": r"loads and thresholds, $S \sim \ln n$",
    "cleaned": "clean-up layers",
    "carried": "carried indicators*",
    "private": "private links*",
}


def every_design_figure(law: DesignsLaw) -> Figure:
    """Draw T* against D on logarithmic axes, each design named at the end of its line.

    Args:
        law: measured points, 95 % intervals over networks.

    Returns:
        The figure: points measured (open where the sets ran out before the error), lines theory,
        dashed with a star for designs that are given the active set; grey: no superposition, and one
        circuit for each d^2 weights. Exponents are of D, without logarithm, with 95 % intervals.
    """
    with style():
        figure, ax = subplots(figsize=(8.6, 5.6))
        names = list(dict.fromkeys(point.design for point in law.points))
        labels = [
            _draw(ax, color_of(index), [p for p in law.points if p.design == name], law.fits)
            for index, name in enumerate(names)
        ]
        widths = np.array(sorted({point.network_width for point in law.points}), float)
        for text, count, line in _BOUNDS:
            ax.plot(widths, count(widths / 4), color=_GREY, linestyle=line, linewidth=1, zorder=0)
            labels.append((float(count(widths[-1] / 4)), text, _GREY))
        ax.set(xscale="log", yscale="log", xlabel="network width D", ylabel="circuits T")
        ax.set_xticks(widths, [f"{width:,.0f}" for width in widths])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlim(widths[0] / 1.1, widths[-1] * 1.05)
        _write(ax, labels)
        ax.set_title(
            f"circuits whose error stays below {law.error_target:g} for {law.n_layers} layers, "
            f"z = {law.n_active}: points measured, lines theory",
            loc="left",
        )
        note = "* the active set is given.  Open: the sets ran out before the error.  "
        note += "Exponents of D with 95 % intervals."
        ax.annotate(note, (0, -0.13), xycoords="axes fraction", fontsize=7.5, color="0.35")
    return figure


def _draw(
    ax: Axes, color: str, points: Sequence[DesignPoint], fits: dict[str, DesignFit]
) -> tuple[float, str, str]:
    """Draw a design; return where its line ends, its label and colour."""
    name = points[0].design
    given = bool(contender(name).assumes) and not contender(name).steps
    widths = [point.network_width for point in points]
    theory = [point.theory.n_circuits for point in points]
    ax.plot(widths, theory, "--" if given else "-", color=color, linewidth=1.2, zorder=1)
    for point in points:
        at = point.measured.at
        if not np.isfinite(at):
            continue
        ends = np.abs(np.array([[point.measured.low], [point.measured.high]]) - at)
        face = "white" if point.ends_by == "sets" else color
        looks = {"color": color, "markersize": 4.5, "capsize": 2, "mfc": face, "zorder": 2}
        ax.errorbar([point.network_width], [at], ends, fmt="o", **looks)
    label = _WORDS.get(name, name)
    if name in fits:
        plain = fits[name].measured.plain
        ends = f" ({plain.low:.2f} to {plain.high:.2f})" if plain.high > plain.low else ""
        label += f": $D^{{{plain.exponent:.2f}}}${ends}"
    return theory[-1], label, color


def _write(ax: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write labels beside the ends of their lines, moved apart where they would overlap."""
    low, high = np.log(ax.get_ylim())
    ordered = sorted(labels, reverse=True)
    at = np.array([(np.log(value) - low) / (high - low) for value, _, _ in ordered])
    places = _spread(at)
    for (_, text, color), start, place in zip(ordered, at, places, strict=True):
        line = [(1.0, start), (1.0 + 0.6 * (_LABELS - 1), place), (_LABELS - 0.005, place)]
        ax.plot(
            *zip(*line, strict=True),
            color=color,
            linewidth=0.6,
            transform=ax.transAxes,
            clip_on=False,
        )
        ax.annotate(
            text,
            (_LABELS, place),
            xycoords="axes fraction",
            color=color,
            fontsize=8,
            va="center",
            annotation_clip=False,
        )


def _spread(at: np.ndarray) -> np.ndarray:
    """Return falling places at least `_APART` from each other, as near as may be to the given ones.

    Groups of places that touch are moved as one, to the mean of what their members want.
    """
    groups: list[list[float]] = []
    for value in at:
        groups.append([value])
        while len(groups) > 1 and _middle(groups[-2], -1) - _middle(groups[-1], 0) < _APART:
            groups[-2:] = [groups[-2] + groups[-1]]
    return np.concatenate([[_middle(group, i) for i in range(len(group))] for group in groups])


def _middle(group: Sequence[float], index: int) -> float:
    """Return the place of a member of a group."""
    place = index % len(group)
    return float(np.mean(group)) + ((len(group) - 1) / 2 - place) * _APART
