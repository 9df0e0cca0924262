"""`jaxsuper scaling critical`: the number of circuits at which erroneous activity runs away, by width."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from .._errors import check
from .._files import check_writable
from .._limits import check_index, check_seed
from ._result import config_of, envelope, finite, write
from ._terminal import (
    caught_signals,
    check_picture,
    interrupted_status,
    number,
    plain_warnings,
    progress_bar,
    save_picture,
    say,
    table,
)


if TYPE_CHECKING:
    from ..analytics.scaling import CriticalLaw, CriticalPoint
    from ..sweep import Progress

# As the registry of `analytics.scaling` has them, without loading it; a test holds the two together.
DESIGNS = ("published", "two-links", "three-links", "four-links", "logarithmic")
_COLUMNS = ("design", "D", "S", "T measured", "95 %", "theory", "ratio", "ends by", "T (d/D)^2")
_COLUMNS += ("T d/D", "error at T")

if TYPE_CHECKING:
    Design: TypeAlias = str
else:
    Design = Literal[DESIGNS]


@dataclass(frozen=True)
class Critical:
    """Measure at which number of circuits networks of several widths seize, beside theory.

    Inactive indicators' error may grow to twice that of layer 1 by layer L, active ones' be 0.1: the
    critical number of circuits is where the first of the two is passed. All runs go into a store: the
    same command resumes, and more widths or designs add to it.

    Attributes:
        out: folder of the results store.
        network_width: D, several for an exponent.
        design: which designs; logarithmic has S = log2 n - 3, the others the same S at all widths.
        n_active: z, circuits active in a sample.
        n_layers: L.
        networks: independent ones for each T; intervals are a bootstrap over them.
        samples: of each network.
        seed: of everything random.
        json: write settings, environment, timing and rows to this file.
        plot: draw T against D, with theory and bounds, into this file (png, pdf, svg).
    """

    out: Path
    network_width: tuple[int, ...] = (800, 1600, 3200)
    design: tuple[Design, ...] = ("published", "two-links", "three-links", "four-links")
    n_active: int = 1
    n_layers: int = 5
    networks: int = 8
    samples: int = 128
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


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
    check_writable(command.json, "json")
    check_picture(command.plot, "plot")
    for name in ("n_active", "n_layers", "networks", "samples"):
        check_index(name, getattr(command, name))
    check(command.n_layers >= 2, "n_layers", "must be at least 2", command.n_layers)
    check(len(command.design) > 0, "design", "must name at least one", "none")
    for width in command.network_width:
        check_index("network_width", width)
    check_seed("seed", command.seed)
    from .. import sweep
    from ..analytics import scaling

    sweep.use_all_cores()
    designs = [scaling.scaling_design(name) for name in dict.fromkeys(command.design)]
    started = perf_counter()
    with caught_signals() as caught, plain_warnings(), progress_bar() as bar:

        def report(progress: "Progress") -> None:
            bar(progress.done, progress.total, "networks")

        law = scaling.critical_law(
            designs,
            sorted(set(command.network_width)),
            command.out,
            n_active=command.n_active,
            n_layers=command.n_layers,
            networks=command.networks,
            samples=command.samples,
            seed=command.seed,
            progress=report,
            stop=lambda: bool(caught),
        )
    seconds = perf_counter() - started
    _print(law, console)
    content = envelope(
        config_of(command),
        timing={"run": seconds},
        rows=[row_of(point) for point in law.points],
        fits={
            name: {"measured": vars(measured), "theory": theory.exponent}
            for name, (measured, theory) in law.fits.items()
        },
        interrupted=law.stopped,
    )
    write(command.json, content)

    def figure():
        from ..plotting import critical_figure

        return critical_figure(law, {design.name: design.says for design in designs})

    if law.points:
        save_picture(command.plot, figure)
    return interrupted_status(caught, "what was measured is in the store: the same command resumes")


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


def _print(law: "CriticalLaw", console: Console) -> None:
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
