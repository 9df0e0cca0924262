"""`jaxsuper scaling critical`: the number of circuits at which erroneous activity runs away, by width."""

from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from .._errors import check
from ._laws import Law, run_law
from ._result import finite
from ._terminal import number, say, table


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analytics.scaling import CriticalLaw, CriticalPoint

# As the registry of `analytics.scaling` has them, without loading it; a test holds the two together.
DESIGNS = ("published", "two-links", "three-links", "four-links", "logarithmic")
_COLUMNS = ("design", "D", "S", "T measured", "95 %", "theory", "ratio", "ends by", "T (d/D)^2")
_COLUMNS += ("T d/D", "error at T")

if TYPE_CHECKING:
    Design: TypeAlias = str
else:
    Design = Literal[DESIGNS]


@dataclass(frozen=True)
class Critical(Law):
    """Measure at which number of circuits networks of several widths seize, beside theory.

    Inactive indicators' error may grow to twice that of layer 1 by layer L, active ones' be 0.1: the
    critical number of circuits is where the first of the two is passed. All runs go into a store: the
    same command resumes, and more widths or designs add to it.

    Attributes:
        design: which designs; logarithmic has S = log2 n - 3, the others the same S at all widths.
    """

    design: tuple[Design, ...] = ("published", "two-links", "three-links", "four-links")


def run(command: Critical, console: Console) -> int:
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
    from ..analytics import scaling

    designs = [scaling.scaling_design(name) for name in dict.fromkeys(command.design)]

    def figure_of(law: "CriticalLaw") -> "Figure":
        from ..plotting import critical_figure

        return critical_figure(law, {design.name: design.says for design in designs})

    return run_law(command, console, partial(scaling.critical_law, designs), _show, figure_of)


def row_of(point: "CriticalPoint") -> dict[str, Any]:
    """Return a point as it stands in the file."""
    return {
        "design": point.design,
        "network_width": point.network_width,
        "redundancy": point.redundancy,
        "n_circuits": finite(point.measured.at),
        "low": finite(point.measured.low),
        "high": finite(point.measured.high),
        "theory": point.theory,
        "ends_by": point.ends_by,
        "bare_rule": point.bare,
        "held": point.held,
        "payload_error": finite(point.payload),
        "tried": [
            {"n_circuits": count, "growth": growth, "mse_on_active": active}
            for count, (growth, active) in point.tried.items()
        ],
    }


def _show(law: "CriticalLaw", console: Console) -> dict[str, Any]:
    """Print a law and return what its file holds."""
    title = f"most circuits without seizure, z = {law.n_active}, {law.n_layers} layers"
    shown = table(title, _COLUMNS, ("design", "ends by"), box=SIMPLE, padding=(0, 0, 0, 1))
    for point in law.points:
        n, at = point.network_width / 4, point.measured.at
        found = isfinite(at)
        ends = f"{point.measured.low:.0f} to {point.measured.high:.0f}" if found else ""
        shown.add_row(
            point.design,
            str(point.network_width),
            str(point.redundancy),
            f"{at:.0f}" if found else "",
            ends,
            f"{point.theory:.0f}",
            number(point.theory / at, 3) if found else "",
            point.ends_by,
            number(at / n**2, 2) if found else "",
            number(at / n, 3) if found else "",
            number(point.payload, 2) if isfinite(point.payload) else "",
        )
    console.print(shown)
    for name, (measured, theory) in law.fits.items():
        ends = f"{measured.low:.3f} to {measured.high:.3f}"
        say(
            console, f"{name}: T ~ D^{measured.exponent:.3f} ({ends}), theory {theory.exponent:.3f}"
        )
    fits = {
        name: {"measured": vars(measured), "theory": theory.exponent}
        for name, (measured, theory) in law.fits.items()
    }
    return {"rows": [row_of(point) for point in law.points], "fits": fits}
