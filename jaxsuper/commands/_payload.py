"""`jaxsuper scaling payload`: how errors of active vectors grow with T, z, layers and D."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from .._errors import check
from ._laws import Law, run_law
from ._result import finite
from ._terminal import number, say, table


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analytics.scaling import PayloadAxis, PayloadLaw

# As the registry of `analytics.scaling` has them, without loading it; a test holds the two together.
PAYLOADS = ("recomputed", "carried")
_COLUMNS = (
    "design",
    "along",
    "from",
    "to",
    "exponent",
    "95 %",
    "closed form",
    "T z l e^2",
    "limit",
)
_COLUMNS += ("error at", "the ends")
_SHORT = {"n_circuits": "T", "n_active": "z", "rotations": "l - 1", "network_width": "D"}

if TYPE_CHECKING:
    Payloads: TypeAlias = str
else:
    Payloads = Literal[PAYLOADS]


@dataclass(frozen=True)
class Payload(Law):
    """Measure how the error of active vectors grows where nothing seizes, beside the closed form.

    What third circuits bring is T z l e^2, where the overlap rate e of their sets tends to d/D. Each of
    the four sizes is varied around a base, the width and number of circuits in the middle of those
    named. Resumes from its store.

    Attributes:
        network_width: D, several.
        n_circuits: T, several.
        active: z, several.
        n_active: z of the base, where the others are varied.
        n_layers: L; the errors of layers up to it give the exponent in l - 1 rotations.
        design: recomputed or carried indicators.
    """

    network_width: tuple[int, ...] = (1600, 3200, 6400)
    n_circuits: tuple[int, ...] = (600, 1200, 2400)
    active: tuple[int, ...] = (1, 2, 4)
    n_layers: int = 9
    design: tuple[Payloads, ...] = PAYLOADS


def run(command: Payload, console: Console) -> int:
    """Measure, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status: 130 or 143 if interrupted, with what was measured until then.

    Raises:
        ValueError: for bad input.
    """
    check(len(command.design) > 0, "design", "must name at least one", "none")
    from ..analytics.scaling import payload_law

    def figure_of(law: "PayloadLaw") -> "Figure":
        from ..plotting import payload_figure

        return payload_figure(law)

    measure: Callable[..., Any] = partial(
        payload_law, command.design, n_circuits=command.n_circuits, actives=command.active
    )
    return run_law(command, console, measure, _show, figure_of)


def _show(law: "PayloadLaw", console: Console) -> dict[str, Any]:
    """Print a law and return what its file holds."""
    width, circuits, z, layers = law.base
    title = f"errors around D = {width}, T = {circuits}, z = {z}, layer {layers}"
    shown = table(title, _COLUMNS, ("design", "along"), box=SIMPLE, padding=(0, 0, 0, 1))
    for axis in law.axes:
        shown.add_row(
            axis.design,
            _SHORT[axis.along],
            str(axis.sizes[0]),
            str(axis.sizes[-1]),
            f"{axis.fit.exponent:.2f}",
            f"{axis.fit.low:.2f} to {axis.fit.high:.2f}",
            f"{axis.theory:.2f}",
            f"{axis.budget:.2f}",
            f"{axis.limit:g}",
            number(axis.errors[0], 2),
            number(axis.errors[-1], 2),
        )
    console.print(shown)
    loud = [f"{axis.design} along {_SHORT[axis.along]}" for axis in law.axes if not all(axis.quiet)]
    if loud:
        say(console, f"not quiet everywhere: {', '.join(loud)}")
    return {"rows": [_row(axis) for axis in law.axes]}


def _row(axis: "PayloadAxis") -> dict[str, Any]:
    return {
        "design": axis.design,
        "along": axis.along,
        "fit": vars(axis.fit),
        "theory": finite(axis.theory),
        "budget": axis.budget,
        "limit": axis.limit,
        "points": [
            {
                "size": size,
                "mse_x_active": error,
                "low": low,
                "high": high,
                "closed_form": finite(closed),
                "quiet": quiet,
            }
            for size, error, low, high, closed, quiet in zip(
                axis.sizes, axis.errors, axis.low, axis.high, axis.closed, axis.quiet, strict=True
            )
        ],
    }
