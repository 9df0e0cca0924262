"""`jaxsuper design`: the search for the design with the lowest error.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM: the measurement in flight
was finished, and what had been measured is printed and written, marked as interrupted. With --json
every measurement is kept until the results are written: the same command goes on after any end.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TYPE_CHECKING, TypeAlias

from rich.box import SIMPLE
from rich.console import Console

from .._errors import check
from .._limits import check_seed
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
    from ..design import DesignError, Ranked, SearchResult

KINDS = (
    "published",
    "clipped",
    "cleaned",
    "separate",
    "carried",
    "early-guess",
    "private",
    "block",
)
_COLUMNS = ("", "kind", "choices", "D", "assumes", "from", "predicted", "measured ± s.e.")
_COLUMNS += ("less first", "growth")
_TEXT = ("kind", "choices", "assumes", "from")
_WRAPPED = ("choices", "growth")
_LEGEND = (
    "less first: error less that of design 1 on the same networks, in brackets where all pairs of the "
    "ranking together leave it to chance (95 %); "
    "growth: of the inactive indicators' MSE from layer 1 to L; S=a/x: of indicators / payload; "
    "share: of D, for indicators; known set: the active circuits are given with the input and stay "
    "the same; fixed set: they stay the same and z is known; 2L layers: twice the depth"
)


if TYPE_CHECKING:
    Kind: TypeAlias = str
else:
    Kind = Literal[KINDS]


@dataclass(frozen=True)
class Command:
    """Search for the design with the lowest error, and measure the best ones on fresh seeds.

    With --json a run that was interrupted or killed is resumed by the same command.

    Attributes:
        network_width: D.
        n_circuits: T.
        n_active: z, circuits active in a sample.
        n_layers: L.
        error_target: say which designs keep the active circuits' error at layer L below this.
        only: kinds of design to search; all by default.
        quick: fewer structures and samples, no gradient.
        seed: from which all that is random follows.
        edges: which circuit feeds which, as for simulate: only kinds that can have them are searched.
        circuit: rotation, or a file of layers of one's own: only kinds that can hold them are searched.
        json: write settings, environment, timing and rows to this file.
        plot: draw the designs' errors by layer into this file (png, pdf, svg).
    """

    network_width: int
    n_circuits: int
    n_active: int
    n_layers: int
    error_target: float | None = None
    only: tuple[Kind, ...] = ()
    quick: bool = False
    seed: int = 0
    edges: str = IDENTITY
    circuit: Circuit = Configuration.circuit
    json: Path | None = None
    plot: Path | None = None


def run(command: Command, console: Console) -> int:
    """Search, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    check_outputs(command.json, command.plot)
    target = command.error_target
    rule = "must be positive and finite"
    check(target is None or 0 < target < float("inf"), "error_target", rule, target)
    sizes = (command.network_width, command.n_circuits, command.n_active, command.n_layers)
    check_sizes(*sizes, kinds=command.only or KINDS, argument="only")
    check_seed("seed", command.seed)
    from .. import design

    problem = design.Problem(*sizes, command.edges, command.circuit)
    design.check_problem(problem)
    started = perf_counter()
    depends = identity_of_problem(command.edges, command.circuit)
    with resumable(command.json, "json", depends) as kept:
        with caught_signals() as caught, compiles_counted() as compiled, progress_bar() as bar:
            result = design.search(
                problem,
                seed=command.seed,
                effort=design.QUICK if command.quick else design.Effort(),
                only=command.only,
                progress=bar,
                stop=lambda: bool(caught),
                once=kept.once,
            )
        _report(command, result, perf_counter() - started, compiled, console)
        if not result.interrupted:
            kept.finish()
        told = kept.consequence("the table is of what was measured until then")
    return interrupted_status(caught, told)


def _report(
    command: Command, result: "SearchResult", seconds: float, compiled: Compiled, console: Console
) -> None:
    """Print, write and draw what a search ended with."""
    target = command.error_target
    rows = [_row(ranked, result, target) for ranked in result.ranking]
    _print(result, rows, console)
    say(console, f"{seconds:.1f} s: {compiled}")
    content = envelope(
        config_of(command),
        timing={"run": seconds, "compile": compiled.seconds},
        rows=rows,
        confirmed=result.confirmed and _confirmed(result.confirmed),
        absent=result.absent,
        interrupted=result.interrupted,
    )
    write(command.json, content)

    def figure():
        from ..plotting import design_figure

        return design_figure(result, target)

    if result.ranking:
        save_picture(command.plot, figure)


def _row(ranked: "Ranked", result: "SearchResult", target: float | None) -> dict[str, Any]:
    """Return a row of the table as it stands in the file."""
    from ..design import meets, seizes, simulate_line

    fresh, effort, gap = ranked.held_out, result.effort, ranked.difference
    config = asdict(ranked.design.configuration)
    config["batch_size"] = effort.held_out_samples
    sizes = (effort.held_out_samples, effort.networks, ranked.chunk)
    return {
        "kind": ranked.design.kind,
        "assumes": ranked.design.assumes,
        "method": ranked.method,
        "config": config,
        "predicted": ranked.predicted,
        "value": fresh and fresh.mse,
        "stderr": fresh and fresh.stderr,
        "by_layer": fresh and list(fresh.by_layer),
        "by_network": fresh and [finite(error) for error in fresh.by_network],
        "difference": gap and finite(gap.mean),
        "difference_stderr": gap and finite(gap.stderr),
        "difference_low": gap and finite(gap.low),
        "difference_high": gap and finite(gap.high),
        "search_value": ranked.searched.mse,
        "growth": fresh and fresh.growth,
        "seizes": fresh and seizes(fresh.growth),
        "meets_target": fresh and meets(fresh.mse, fresh.stderr, target),
        "command": simulate_line(ranked.design, *sizes),
    }


def _gap(ranked: "Ranked") -> str:
    """Return the difference to the first of the ranking, in brackets where it may be chance."""
    gap = ranked.difference
    if gap is None or not math.isfinite(gap.mean):
        return ""
    text = f"{number(gap.mean, 3)} ± {number(gap.stderr, 2)}"
    return text if gap.real else f"({text})"


def _confirmed(error: "DesignError") -> dict[str, Any]:
    """Return the second measurement of the first as it stands in the file."""
    return {
        "error": error.mse,
        "stderr": error.stderr,
        "growth": error.growth,
        "errors": list(error.by_network),
        "by_layer": list(error.by_layer),
    }


def _print(result: "SearchResult", rows: list[dict[str, Any]], console: Console) -> None:
    from ..design import choices

    problem = result.problem
    title = (
        f"D = {problem.network_width}, T = {problem.n_circuits}, z = {problem.n_active}: active "
        f"circuits' error at layer {problem.n_layers}{named_edges(problem.edges, problem.circuit)}, "
        "on seeds that chose nothing"
    )
    with_target = any(row["meets_target"] for row in rows)
    columns = (*_COLUMNS, *["target"] * with_target)
    shown = table(title, columns, _TEXT, box=SIMPLE, padding=(0, 0))
    for column in shown.columns:
        column.no_wrap = column.header not in _WRAPPED
    for rank, (ranked, row) in enumerate(zip(result.ranking, rows, strict=True), 1):
        measured = f"{number(row['value'], 3)} ± {number(row['stderr'], 2)}"
        if row["value"] is None:
            measured = f"(search: {number(row['search_value'], 3)})"
        cells = [
            str(rank),
            row["kind"],
            choices(ranked.design),
            str(ranked.design.configuration.network_width),
            row["assumes"],
            row["method"],
            number(row["predicted"], 3),
            measured,
            _gap(ranked) if rank > 1 else "",
            number(row["growth"], 3) + (" seizes" if row["seizes"] else ""),
        ]
        shown.add_row(*cells, *[row["meets_target"] or ""] * with_target)
    console.print(shown)
    say(console, _LEGEND)
    if result.confirmed is not None:
        error, stderr = number(result.confirmed.mse, 3), number(result.confirmed.stderr, 2)
        say(
            console,
            f"design 1 once more, on seeds that ranked nothing either: {error} ± {stderr}",
        )
    if result.absent:
        suits = "" if problem.edges == IDENTITY else f" and the edges {problem.edges}"
        suits += f" and circuits of {problem.circuit}" if problem.own else ""
        say(
            console,
            f"no structure that holds {problem.n_circuits} circuits, or that suits z = "
            f"{problem.n_active}{suits}: {', '.join(result.absent)}",
        )
    for rank, row in enumerate(rows, 1):
        say(console, f"{rank}: {row['command']}")
