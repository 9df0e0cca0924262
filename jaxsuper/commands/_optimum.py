"""`jaxsuper scaling optimum`: the redundancy and thresholds that hold most circuits."""

from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console

from ._critical import row_of
from ._laws import Law, run_law
from ._terminal import number, table


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analytics.scaling import OptimumPoint

_COLUMNS = ("D", "S theory", "lo/hi", "T theory", "S measured", "lo/hi ", "T measured", "95 %")
_COLUMNS += ("ratio", "T ln^2 n/n^2")


@dataclass(frozen=True)
class Optimum(Law):
    """Search redundancy and thresholds that hold most circuits, by theory and by measurement.

    Theory's S*, its neighbours and thresholds around theory's are measured as in `scaling critical`.
    Theory takes about a minute for each width, measurement up to some. Resumes from its store.

    Attributes:
        network_width: D.
    """

    network_width: tuple[int, ...] = (800, 1600, 3200)


def run(command: Optimum, console: Console) -> int:
    """Measure, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status: 130 or 143 if interrupted, with what was measured until then.

    Raises:
        ValueError: for bad input.
    """
    from ..analytics.scaling import optimum_law

    def figure_of(points: "list[OptimumPoint]") -> "Figure":
        from ..plotting import optimum_figure

        return optimum_figure(points)

    return run_law(command, console, optimum_law, _show, figure_of)


def _show(points: "list[OptimumPoint]", console: Console) -> dict[str, Any]:
    """Print a law and return what its file holds."""
    shown = table(
        "most circuits over S and thresholds", _COLUMNS, (), box=SIMPLE, padding=(0, 0, 0, 1)
    )
    for one in points:
        theory, best = one.theory, one.measured
        shown.add_row(
            str(one.network_width),
            str(theory.redundancy),
            f"{theory.lower_threshold:.2f}/{theory.upper_threshold:.2f}",
            f"{theory.n_circuits:.0f}",
            str(best.redundancy),
            f"{one.lower_threshold:.2f}/{one.upper_threshold:.2f}",
            f"{best.measured.at:.0f}",
            f"{best.measured.low:.0f}-{best.measured.high:.0f}",
            number(theory.n_circuits / best.measured.at, 3),
            number(one.constant, 3),
        )
    console.print(shown)
    rows = [
        {
            "network_width": one.network_width,
            "theory": one.theory._asdict(),
            "measured": row_of(one.measured),
            "lower_threshold": one.lower_threshold,
            "upper_threshold": one.upper_threshold,
            "constant": one.constant,
            "searched": [
                {"lower_threshold": lo, "upper_threshold": hi, **row_of(point)}
                for lo, hi, point in one.searched
            ],
        }
        for one in points
    ]
    return {"rows": rows}
