"""The one place for colours, sizes and fonts, and for writing a figure to disk."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from .._files import written_whole


# Okabe and Ito's palette, safe for colour-blind readers.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
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
