"""`jaxsuper scaling transition`: how networks fail as the density of their clipped matrix grows."""

from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console

from ._critical import row_of
from ._laws import Law, run_law
from ._result import finite
from ._terminal import number, table


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analytics.scaling import TransitionPoint

_COLUMNS = ("D", "S", "T", "kappa measured", "95 %", "theory", "ratio", "ends by")


@dataclass(frozen=True)
class Transition(Law):
    """Measure the density at which networks with S = log2 n - 3 fail, beside theory.

    The density of the clipped matrix, kappa = 1 - exp(-T S^2/n^2), decides at such S: below a threshold
    that does not depend on the width networks stay quiet, above it they fail, larger ones more
    sharply. Thresholds are .55 and .9; failing is as in `scaling critical`. Resumes from its store.

    Attributes:
        network_width: D, 500, 1000, 2000, ...
        n_layers: L.
    """

    network_width: tuple[int, ...] = (500, 1000, 2000)
    n_layers: int = 10


def run(command: Transition, console: Console) -> int:
    """Measure, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status: 130 or 143 if interrupted, with what was measured until then.

    Raises:
        ValueError: for bad input.
    """
    from ..analytics.scaling import transition_law

    def figure_of(points: "list[TransitionPoint]") -> "Figure":
        from ..plotting import transition_figure

        return transition_figure(points, command.n_layers)

    return run_law(command, console, transition_law, _show, figure_of)


def _show(points: "list[TransitionPoint]", console: Console) -> dict[str, Any]:
    """Print a law and return what its file holds."""
    shown = table("densities at which networks fail", _COLUMNS, ("ends by",), box=SIMPLE)
    for one in points:
        shown.add_row(
            str(one.point.network_width),
            str(one.point.redundancy),
            number(one.point.measured.at),
            number(one.density, 3),
            f"{one.low:.3f} to {one.high:.3f}",
            number(one.theory, 3),
            number(one.theory / one.density, 3),
            one.point.ends_by,
        )
    console.print(shown)
    rows = [
        {
            **row_of(one.point),
            "density": finite(one.density),
            "density_low": finite(one.low),
            "density_high": finite(one.high),
            "density_theory": one.theory,
            "by_density": [
                dict(zip(("density", *_TRIED), (density, *values), strict=True))
                for density, values in one.tried.items()
            ],
        }
        for one in points
    ]
    return {"rows": rows}


_TRIED = ("growth", "mse_on_active", "growth_theory", "mse_on_active_theory")
