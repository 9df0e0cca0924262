"""The one place for colours, sizes and fonts, and for writing a figure to disk."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import rc_context
from matplotlib.figure import Figure

from .._files import written_whole


# Okabe and Ito's palette, safe for colour-blind readers.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Height of a title of two lines, in inches.
_TITLE = 0.45
_SETTINGS: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
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


def panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure of panels of one size, with room for labels and a title of two lines.

    The margins are fixed: to fit them to the labels takes as long as drawing everything twice.

    Args:
        rows: of panels.
        columns: of panels.
        width: of a panel with its labels, in inches.
        height: of the same.

    Returns:
        The figure and its axes, (rows, columns).
    """
    size = (columns * width, rows * height + _TITLE)
    left, right, bottom, top = 0.7 / size[0], 1 - 0.15 / size[0], 0.5 / size[1], _TITLE + 0.3
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    figure.subplots_adjust(left, bottom, right, 1 - top / size[1], wspace=0.3, hspace=0.35)
    return figure, axes


def color_of(index: int) -> str:
    """Return the colour of a series."""
    return _COLORS[index % len(_COLORS)]


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all.

    Args:
        figure: the figure.
        path: the destination; its ending says the format (png, pdf, svg).

    Raises:
        ValueError: for a format that matplotlib does not know.
    """
    with written_whole(path) as partial:
        figure.savefig(partial)
