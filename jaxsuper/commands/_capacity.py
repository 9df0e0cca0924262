"""`jaxsuper scaling capacity`: how many circuits fit under an error target.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM: the network in flight was
measured, and the intervals as they stand are printed and written, marked as interrupted. With --json
every measurement is kept until the results are written: the same command goes on after any end.
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from .._errors import check
from .._limits import check_index, check_seed
from .._settings import Configuration, IDENTITY
from ._choices import Circuit
from ._compiles import Compiled, compiles_counted
from ._designs import check_sizes, identity_of_problem, named_edges
from ._result import check_outputs, config_of, envelope, finite, write
from ._resuming import resumable
from ._terminal import (
    caught_signals,
    interrupted_status,
    number,
    progress_bar,
    save_picture,
    say,
    table,
)


if TYPE_CHECKING:
    from ..design import Frontier

_COLUMNS = ("design", "assumes", "T low", "T high", "limited by", "sets hold", "at T low")
_TEXT = ("design", "assumes", "limited by", "at T low")


KINDS = ("published", "clipped", "carried", "private", "block", "best")
if TYPE_CHECKING:
    Kind: TypeAlias = str
else:
    Kind = Literal[KINDS]


@dataclass(frozen=True)
class Capacity:
    """Find the most circuits whose error at layer L stays under a target, as an interval.

    The error is the typical one: the geometric mean over independent networks, which for lognormal
    errors is the median. With --json a run that was interrupted or killed is resumed by the same
    command.

    Attributes:
        network_width: D.
        n_active: z, circuits active in a sample.
        n_layers: L.
        error_target: for the active circuits' error at layer L.
        design: best is the best of carried, private and block; several may be named.
        max_circuits: no more than so many; by default what the sets of a design hold.
        confidence: that all decisions of a design's bisection are right.
        tolerance: relative width of the interval at which to stop.
        samples: inputs drawn for each network.
        seed: from which all that is random follows.
        edges: which circuit feeds which, as for simulate: published and clipped designs can have them.
        circuit: rotation, or a file of layers of one's own, which published and clipped designs hold.
        json: write settings, environment, timing and rows to this file.
        plot: draw the errors measured against T into this file (png, pdf, svg).
    """

    network_width: int
    n_active: int
    n_layers: int
    error_target: float
    design: tuple[Kind, ...] = ("published", "best")
    max_circuits: int | None = None
    confidence: float = 0.95
    tolerance: float = 0.05
    samples: int = 256
    seed: int = 0
    edges: str = IDENTITY
    circuit: Circuit = Configuration.circuit
    json: Path | None = None
    plot: Path | None = None


def run(command: Capacity, console: Console) -> int:
    """Bisect, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    check_outputs(command.json, command.plot)
    check(len(command.design) > 0, "design", "must name at least one", "none")
    check_index("samples", command.samples)
    check_seed("seed", command.seed)
    if command.max_circuits is not None:
        check_index("max_circuits", command.max_circuits)
    fewest, kinds = (
        command.n_active + 1,
        [*command.design, *["carried"] * ("best" in command.design)],
    )
    sizes = (command.network_width, fewest, command.n_active, command.n_layers)
    check_sizes(*sizes, kinds=kinds, argument="design")
    from .. import design

    rules = design.Rules(confidence=command.confidence, tolerance=command.tolerance)
    sizes = (command.network_width, 0, command.n_active, command.n_layers)
    problem = design.Problem(*sizes, command.edges, command.circuit)
    target = command.error_target
    settings: dict[str, Any] = {"max_circuits": command.max_circuits, "rules": rules}
    settings |= {"samples": command.samples, "seed": command.seed}
    for kind in command.design:
        design.check_frontier(problem, target, kind, **settings)
    started, frontiers = perf_counter(), []
    depends = identity_of_problem(command.edges, command.circuit)
    with resumable(command.json, "json", depends) as kept:
        settings["once"] = kept.once
        with caught_signals() as caught, compiles_counted() as compiled, progress_bar() as bar:
            for number_done, kind in enumerate(command.design):
                if caught:
                    break

                def report(kind: str, count: int, n_networks: int, done: int = number_done) -> None:
                    bar(done, len(command.design), f"{kind}: T = {count}, network {n_networks + 1}")

                stop = lambda: bool(caught)
                frontiers.append(
                    design.frontier(problem, target, kind, progress=report, stop=stop, **settings)
                )
        seconds = perf_counter() - started
        _report(command, frontiers, seconds, compiled, bool(caught), console)
        if not caught:
            kept.finish()
        told = kept.consequence("the intervals are as narrow as they had become")
    return interrupted_status(caught, told)


def _report(
    command: Capacity,
    frontiers: list["Frontier"],
    seconds: float,
    compiled: Compiled,
    interrupted: bool,
    console: Console,
) -> None:
    """Print, write and draw what was found."""
    rows = [_row(frontier, command.samples) for frontier in frontiers]
    _print(rows, command, console)
    for frontier in frontiers:
        if frontier.note:
            say(console, f"{frontier.kind}: {frontier.note}")
    say(console, f"{seconds:.1f} s: {compiled}")
    timing = {"run": seconds, "compile": compiled.seconds}
    content = envelope(config_of(command), timing=timing, rows=rows, interrupted=interrupted)
    write(command.json, content)

    def figure():
        from ..plotting import capacity_figure

        return capacity_figure(frontiers, command.error_target)

    if any(frontier.crossing.evaluated for frontier in frontiers):
        save_picture(command.plot, figure)


def _row(frontier: "Frontier", samples: int) -> dict[str, Any]:
    """Return what was found of a kind of design as it stands in the file."""
    from ..design import choices, simulate_line

    points = [
        {
            "n_circuits": point.at,
            "value": point.mean,
            "stderr": point.stderr if len(point.values) > 1 else None,
            "geometric_mean": finite(point.geometric_mean),
            "n_networks": len(point.values),
            "verdict": point.verdict,
            "design": frontier.chosen[point.at].kind,
            "choices": choices(frontier.chosen[point.at]),
            "command": simulate_line(frontier.chosen[point.at], samples, len(point.values)),
        }
        for point in frontier.crossing.evaluated
    ]
    return {
        "design": frontier.kind,
        "assumes": frontier.assumes,
        "low": frontier.crossing.low,
        "high": frontier.crossing.high,
        "held": frontier.held,
        "limited_by": frontier.limited_by,
        "points": points,
    }


def _print(rows: list[dict[str, Any]], command: Capacity, console: Console) -> None:
    title = (
        f"D = {command.network_width}, z = {command.n_active}: most circuits with an error below "
        f"{command.error_target:g} at layer {command.n_layers}"
        f"{named_edges(command.edges, command.circuit)}, "
        f"confidence {command.confidence:g}"
    )
    shown = table(title, _COLUMNS, _TEXT, box=SIMPLE, padding=(0, 0))
    for row in rows:
        low = [point for point in row["points"] if point["n_circuits"] == row["low"]]
        chosen = [f"{point['design']} {point['choices']}" for point in low]
        bounds = ["" if row[name] is None else str(row[name]) for name in ("low", "high")]
        cells = (row["design"], row["assumes"], *bounds, row["limited_by"], str(row["held"]))
        shown.add_row(*cells, *(chosen or [""]))
    console.print(shown)
    say(console, "T: geometric mean of the networks' errors (verdict)")
    for row in rows:
        measured = ", ".join(
            f"{point['n_circuits']}: {number(point['geometric_mean'], 3) or '?'} "
            f"({point['verdict']})"
            for point in row["points"]
        )
        say(console, f"{row['design']}: {measured}")
