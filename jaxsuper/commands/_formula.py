"""`jaxsuper verify --formula`: a formula of one's own in the terminal and on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rich.console import Console

from .._errors import bad, check
from ._result import write
from ._terminal import Bar, complain, exit_status, progress_bar, save_picture, say, use_no_window


if TYPE_CHECKING:
    from ..analytics import FormulaVerdict
    from .verify import Command

_COLORS = {"established": "green", "refuted": "magenta", "undecided": "blue"}
# In a quick run, of the looks at growing numbers of networks.
_QUICK_LOOKS = 2
# What belongs to the ledger, and what to a formula alone.
_OF_CLAIMS = ("only", "list", "claims")
_OF_FORMULAS = ("metric", "layer", "grid", "relation", "rival", "tolerance")


def check_words(command: "Command") -> None:
    """Raise a `ValueError` for options that belong to claims, or to a formula that is not given."""
    plain = type(command)()
    given = [n for n in (*_OF_CLAIMS, *_OF_FORMULAS) if getattr(command, n) != getattr(plain, n)]
    for name in given:
        if command.formula is None and name in _OF_FORMULAS:
            raise bad(name, "must be left out without `formula`", getattr(command, name))
        if command.formula is not None and name in _OF_CLAIMS:
            raise bad(name, "must be left out with `formula`", getattr(command, name))
    if (
        command.formula is None
        and command.claims is None
        and command.error_rate != plain.error_rate
    ):
        rule, remedy = "must be left out without `formula` or `claims`", "the ledger's is fixed"
        raise bad("error_rate", rule, command.error_rate, remedy)
    within = 0 < command.error_rate < 0.5
    check(within, "error_rate", "must lie between 0 and 1/2", command.error_rate)
    if command.formula is not None and command.metric is None:
        raise bad("metric", "must be given with `formula`", None, "e.g. mse_on_inactive")


def run_formula(command: "Command", out: Path | None, console: Console) -> int:
    """Check a formula at every seed, print what came out, write and draw it.

    Args:
        command: the settings.
        out: the folder to write to, or None.
        console: where to print.

    Returns:
        The exit status: 1 if the formula is refuted at a seed, 0 if not; 130 or 143 if interrupted.
    """
    from .. import sweep

    sweep.use_all_cores()
    found = []
    try:
        with progress_bar() as bar:
            for seed in command.seed:
                found.append(_verdict(command, seed, out, bar))
                _print(found[-1], seed, len(command.seed) > 1, console)
    except KeyboardInterrupt as interrupt:
        kept = "; the same command goes on from there" if out is not None else ""
        complain(f"interrupted{kept}")
        return exit_status(interrupt)
    if out is not None:
        from ..plotting import formula_figure

        use_no_window()
        write(out / "formula.json", [one.to_json() for one in found])
        save_picture(out / "formula.png", lambda: formula_figure(found[0]))
        say(console, f"wrote {out / 'formula.json'} and {out / 'formula.png'}")
    return int(any(one.verdict == "refuted" for one in found))


def _verdict(command: "Command", seed: int, out: Path | None, bar: Bar) -> "FormulaVerdict":
    from ..analytics import verify_formula

    label = "networks" if len(command.seed) == 1 else f"networks of seed {seed}"
    report: Callable[[int, int], None] = lambda done, total: bar(done, total, label)
    more: dict[str, Any] = {"looks": _QUICK_LOOKS} if command.quick else {}
    check(command.metric is not None, "metric", "must be given", None)
    return verify_formula(
        command.formula,
        metric=command.metric or "",
        layer=command.layer,
        grid=command.grid,
        relation=command.relation,
        rival=command.rival,
        tolerance=command.tolerance,
        error_rate=command.error_rate,
        seed=seed,
        out=None if out is None else out / "networks",
        progress=report,
        **more,
    )


def _print(found: "FormulaVerdict", seed: int, several: bool, console: Console) -> None:
    from rich.markup import escape

    head, *more = found.lines()
    said, _, verdict = head.rpartition(": ")
    start = f"seed {seed}: " if several else ""
    say(console, f"{start}{escape(said)}: [{_COLORS[verdict]}]{verdict}[/]")
    for line in more:
        say(console, f"  {escape(line)}")
