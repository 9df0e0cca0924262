"""`jaxsuper scaling designs`: most circuits under an error target against width, for every design."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from ._laws import Law, run_law
from ._result import finite
from ._resuming import resumable
from ._terminal import number, say, table


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analytics.scaling import DesignFit, DesignPoint, DesignsLaw, PowerFit

# As the registry of `analytics.scaling` has them, without loading it; a test holds the two together.
CONTENDERS = ("published", "even-loads", "thresholds", "tuned", "log-redundancy", "cleaned")
CONTENDERS += ("carried", "private")
_COLUMNS = ("design", "D", "S", "T measured", "95 %", "theory", "ratio", "ends by", "in theory")
_COLUMNS += ("T d/D", "T (d/D)^2")
_FITS = (
    "design",
    "k of n^k",
    "theory",
    "c",
    "k of n^k/ln^c n",
    "theory ",
    "logarithm",
    "in the end",
)
# Sizes are counted in blocks of the published circuits.
_CIRCUIT_WIDTH = 4
_SHARE_BEYOND_DOUBT = 0.975

if TYPE_CHECKING:
    Contenders: TypeAlias = str
else:
    Contenders = Literal[CONTENDERS]


@dataclass(frozen=True)
class EveryDesign(Law):
    """Measure how many circuits each design holds under an error target, over widths, beside theory.

    T* is where the error of active circuits at layer L, averaged over networks, passes the target.
    It is fitted by a n^k and by a n^k/ln^c n. All runs go into a store: the same command resumes, and
    more widths or designs add to it.

    Attributes:
        design: which designs. Carried and private are given the active set, cleaned has 2L layers.
        error_target: for E|x_est - x|^2 of the active circuits at layer L; guessing 0 has 1.
        most_circuits: where theory sees more, theory alone is reported.
    """

    design: tuple[Contenders, ...] = CONTENDERS
    error_target: float = 0.3
    most_circuits: int = 300_000


def run(command: EveryDesign, console: Console) -> int:
    """Measure, print, write and draw.

    Args:
        command: the settings.
        console: where the tables go.

    Returns:
        The exit status: 130 or 143 if interrupted, with what was measured until then.

    Raises:
        ValueError: for bad input.
    """
    from ..analytics import scaling
    from ..sweep import Store

    target, most = command.error_target, command.most_circuits

    def measure(widths: list[int], out: Path, **sizes: Any) -> "DesignsLaw":
        named = {name: sizes[name] for name in ("n_active", "n_layers")}
        scaling.check_designs(command.design, widths, target, most, **named)
        # What theory said is kept with the measurements, in the store.
        Store(out)
        with resumable(out / "theory", "out") as kept:
            limits: dict[str, Any] = {"error_target": target, "most_circuits": most}
            return scaling.designs_law(
                command.design, widths, out, once=kept.once, **limits, **sizes
            )

    def figure_of(law: "DesignsLaw") -> "Figure":
        from ..plotting import every_design_figure

        return every_design_figure(law)

    return run_law(command, console, measure, _show, figure_of)


def _show(law: "DesignsLaw", console: Console) -> dict[str, Any]:
    """Print a law and return what its file holds."""
    from ..analytics.scaling import contender

    title = f"most circuits, error at most {law.error_target:g}: z = {law.n_active}, layer {law.n_layers}"
    shown = table(title, _COLUMNS, ("design", "ends by"), box=SIMPLE, padding=(0, 0, 0, 1))
    for point in law.points:
        n, at = point.network_width / _CIRCUIT_WIDTH, point.measured.at
        found, inside = isfinite(at), point.measured.low < point.measured.high
        shown.add_row(
            point.design,
            str(point.network_width),
            str(point.redundancy),
            f"{at:.0f}" if found else "",
            f"{point.measured.low:.0f} to {point.measured.high:.0f}" if inside else "",
            f"{point.theory.n_circuits:.0f}",
            number(point.theory.n_circuits / at, 3) if found else "",
            point.ends_by,
            point.theory.ends_by,
            number((at if found else point.theory.n_circuits) / n, 3),
            number((at if found else point.theory.n_circuits) / n**2, 2),
        )
    console.print(shown)
    if law.fits:
        console.print(_fits(law))
        _say_logarithm(law, console)
    assumed = {name: contender(name) for name in dict.fromkeys(p.design for p in law.points)}
    for name, one in assumed.items():
        given = f" ({one.assumes})" if one.assumes else ""
        say(console, f"{name}: {one.design.says}{given}")
    fits = {name: _content(fit) for name, fit in law.fits.items()}
    return {"rows": [_row(point) for point in law.points], "fits": fits}


def _fits(law: "DesignsLaw") -> Any:
    text = ("design", "logarithm", "in the end")
    shown = table("growth with n = D/4", _FITS, text, box=SIMPLE, padding=(0, 0, 0, 1))
    for name, fit in law.fits.items():
        shown.add_row(
            name,
            _interval(fit.measured.plain),
            f"{fit.theory.plain.exponent:.3f}",
            f"{fit.log_power:g}",
            _interval(fit.measured.logged),
            f"{fit.theory.logged.exponent:.3f}",
            _said(fit.measured.favours),
            _limit(fit.limit),
        )
    return shown


def _interval(fit: "PowerFit") -> str:
    if fit.low == fit.high:
        return f"{fit.exponent:.3f}"
    return f"{fit.exponent:.3f} ({fit.low:.3f}-{fit.high:.3f})"


def _said(share: float) -> str:
    """Say in words whether the logarithm fits better, given the share of replicates where it does."""
    if not isfinite(share):
        return ""
    if share > _SHARE_BEYOND_DOUBT:
        return "fits better"
    return "fits worse" if share < 1 - _SHARE_BEYOND_DOUBT else "cannot tell"


def _limit(limit: tuple[float, float] | None) -> str:
    if limit is None:
        return ""
    power, log_power = limit
    return f"n^{power:.3g}" + (f"/ln^{log_power:g} n" if log_power else "")


def _say_logarithm(law: "DesignsLaw", console: Console) -> None:
    """Say what a logarithm looks like over the widths of the design that was measured at most of them."""
    counts = {name: sum(p.design == name for p in law.points) for name in law.fits}
    fit = law.fits[max(counts, key=lambda name: counts[name])]
    looks = fit.measured.looks_like / fit.log_power
    say(
        console,
        f"over these widths each power of 1/ln n takes {looks:.2f} off an exponent fitted without",
    )


def _content(fit: "DesignFit") -> dict[str, Any]:
    return {
        "plain": vars(fit.measured.plain),
        "logged": vars(fit.measured.logged),
        "favours_logarithm": finite(fit.measured.favours),
        "looks_like": fit.measured.looks_like,
        "theory_plain": fit.theory.plain.exponent,
        "theory_logged": fit.theory.logged.exponent,
        "limit": fit.limit,
    }


def _row(point: "DesignPoint") -> dict[str, Any]:
    """Return a point as it stands in the file."""
    return {
        "design": point.design,
        "network_width": point.network_width,
        "redundancy": point.redundancy,
        "n_circuits": finite(point.measured.at),
        "low": finite(point.measured.low),
        "high": finite(point.measured.high),
        "ends_by": point.ends_by,
        "theory": point.theory.n_circuits,
        "theory_ends_by": point.theory.ends_by,
        "theory_source": point.theory.source,
        "held": point.held,
        "tried": [
            {"n_circuits": count, "mse_x_active": finite(error)}
            for count, error in point.tried.items()
        ],
    }
