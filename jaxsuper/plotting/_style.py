"""The one place for colours, sizes and fonts, for making figures and writing them to disk."""

from collections.abc import Sequence
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from .._files import written_whole


# Okabe and Ito's palette, safe for colour-blind readers, with brown for its yellow, which is too light.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7A5230")
# What is predicted: the dashes of its lines, and what it is called.
LINES = {"closed_form": ("-", "closed form"), "state_evolution": (":", "state evolution")}
# The closed form as its source has it, where that is drawn beside the corrected one.
AS_PUBLISHED = ("--", "as published")
# Heights of a title of three lines and of a legend of two, in inches.
_TITLE, _LEGEND = 0.55, 0.5
_SETTINGS: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    # Left open, it is sought above all ticks at every drawing, which takes a third of the time.
    "axes.titley": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "figure.dpi": 150,
    "svg.hashsalt": "jaxsuper",
}


def style():
    """Return a context in which figures have the house style."""
    return rc_context(_SETTINGS)


class Picture(Figure):
    """A figure that pyplot does not keep: a notebook shows it once, and it goes with its last name."""

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()


def subplots(
    rows: int = 1, columns: int = 1, *, figsize: tuple[float | int, float | int], **settings: Any
) -> tuple[Picture, Any]:
    """Return a figure and its axes, (rows, columns), as pyplot does but without its memory of it.

    Args:
        rows: of panels.
        columns: of panels.
        figsize: width and height in inches.
        **settings: `layout` of the figure ("constrained" if left out), and what `Figure.subplots`
            takes.

    Returns:
        The figure, and an array of axes or the only one.
    """
    figure = Picture(figsize=figsize, layout=settings.pop("layout", "constrained"))
    return figure, figure.subplots(rows, columns, **settings)


def panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure of panels of one size, with room for labels, a title of three lines and a legend.

    The margins are fixed: to fit them to the labels takes as long as drawing everything twice.

    Args:
        rows: of panels.
        columns: of panels.
        width: of a panel with its labels, in inches.
        height: of the same.

    Returns:
        The figure and its axes, (rows, columns).
    """
    size = (columns * width, rows * height + _TITLE + _LEGEND)
    left, right, top = 0.7 / size[0], 1 - 0.15 / size[0], _TITLE + 0.3
    bottom = (0.5 + _LEGEND) / size[1]
    figure, axes = subplots(rows, columns, figsize=size, squeeze=False, layout="none")
    figure.subplots_adjust(left, bottom, right, 1 - top / size[1], wspace=0.3, hspace=0.35)
    return figure, axes


def color_of(index: int) -> str:
    """Return the colour of a series."""
    return _COLORS[index % len(_COLORS)]


def shades(count: int) -> list[str]:
    """Return colours of ordered things, from dark to light; none is one of the series' colours."""
    places = [0.85 * i / max(count - 1, 1) for i in range(count)]  # the last ones are too light
    return [to_hex(colormaps["inferno"](place)) for place in places]


def colors_of(count: int) -> list[str]:
    """Return a colour for each of a number of series: no two alike, ordered ones if they are many."""
    return list(_COLORS[:count]) if count <= len(_COLORS) else shades(count)


def legend_below(figure: Figure, found: dict[str, Any], margin: bool = False) -> Legend:
    """Put one legend under all panels, in as few lines as fit.

    Args:
        figure: the figure.
        found: label -> what it is for.
        margin: whether the figure has a margin for it; otherwise the layout makes room.

    Returns:
        The legend.
    """
    # In inches of the font used: half for a mark and the space around, a letter a fifteenth.
    length = sum(0.5 + len(label) / 15 for label in found)
    lines = max(1, ceil(length / figure.get_figwidth()))
    place = "lower center" if margin else "outside lower center"
    columns = max(1, ceil(len(found) / lines))
    return figure.legend(list(found.values()), list(found), loc=place, ncols=columns, fontsize=8)


def handles_of(axes: Any) -> dict[str, Any]:
    """Return label -> handle of all that is drawn into some axes, each label once."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return found


def key_of(ax: Axes, style: str, **settings: Any) -> Any:
    """Return the handle for a legend of something drawn in many colours."""
    looks: dict[str, Any] = {"color": "0.3", "linewidth": 1.2, "mfc": "none"}
    return ax.plot([], [], style, **looks | settings)[0]


def logarithmic(ax: Axes, shown: Sequence[float]) -> None:
    """Make the axis of errors logarithmic; bars that leave the decades of what is shown are cut off.

    Args:
        ax: with everything drawn.
        shown: values of points and lines, of which those above 0 set the range.
    """
    # Every tick is drawn on its own: eight minor ones a decade take a third of a figure's time.
    ax.set_yscale("log", subs=(2, 5))
    visible = [value for value in shown if value > 0]
    if visible:
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, min(visible) / 10), min(high, max(visible) * 10))


def say_nothing_to_see(ax: Axes, floor: float) -> None:
    """Say in place of an empty panel that all errors are below what is shown."""
    ax.text(0.5, 0.5, f"all below {floor:g}", transform=ax.transAxes, ha="center", color="0.5")
    ax.set_yticks([])
    ax.grid(False)
    ax.spines["left"].set_visible(False)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure, whole or not at all.

    Args:
        figure: the figure.
        path: the destination; its ending says the format (png, pdf, svg).

    Raises:
        ValueError: for a format that matplotlib does not know.
    """
    with written_whole(Path(path)) as partial:
        figure.savefig(partial)
