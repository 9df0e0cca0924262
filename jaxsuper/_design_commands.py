"""The commands `design` and `scaling`: settings in, tables and files out. No mathematics here.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM: the measurement in flight
was finished, and what had been measured is printed and written, marked as interrupted.
"""

import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, TYPE_CHECKING

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ._console import caught_signals, check_picture, progress_bar
from ._errors import check, lookup
from .analytics import check_writable, write_json
from .simulation import environment


if TYPE_CHECKING:
    from .design import Capacity, Entry, Found

# An idle indicator's error may grow by this factor over the layers before it is called a seizure.
_SEIZED = 1.5


@dataclass(frozen=True)
class DesignSearch:
    """Search for the design with the lowest error, and measure the best ones on fresh seeds.

    Attributes:
        network_width: D.
        n_circuits: T.
        n_active: z, circuits active in a sample.
        n_layers: L.
        error_target: say which designs keep the active circuits' error at layer L below this.
        only: kinds of design to search: published, clipped, cleaned, separate, carried, early-guess,
            private, block; all by default.
        quick: fewer structures and samples, no gradient.
        seed: of everything random.
        json: write settings, environment, timing and rows to this file.
        plot: draw the designs' errors by layer into this file (png, pdf, svg).
    """

    network_width: int
    n_circuits: int
    n_active: int
    n_layers: int
    error_target: float | None = None
    only: tuple[str, ...] = ()
    quick: bool = False
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


@dataclass(frozen=True)
class Scaling:
    """Find the most circuits whose error at layer L stays under a target, as an interval.

    Attributes:
        study: capacity.
        network_width: D.
        n_active: z, circuits active in a sample.
        n_layers: L.
        error_target: for the active circuits' error at layer L.
        design: published, clipped, carried, private, block, or best of the last three; several may
            be named.
        max_circuits: no more than so many; by default what the sets of a design hold.
        confidence: that all decisions of a design's bisection are right.
        tolerance: relative width of the interval at which to stop.
        samples: of each network.
        seed: of everything random.
        json: write settings, environment, timing and rows to this file.
        plot: draw the errors measured against T into this file (png, pdf, svg).
    """

    study: Annotated[str, tyro.conf.Positional]
    network_width: int
    n_active: int
    n_layers: int
    error_target: float
    design: tuple[str, ...] = ("published", "best")
    max_circuits: int | None = None
    confidence: float = 0.95
    tolerance: float = 0.05
    samples: int = 256
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


def run_design_command(command: DesignSearch, console: Console) -> int:
    """Run `jaxsuper design`.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    from . import design

    _check_outputs(command)
    target = command.error_target
    check(target is None or target > 0, "error_target", "must be positive", target)
    sizes = (command.network_width, command.n_circuits, command.n_active, command.n_layers)
    started = perf_counter()
    with caught_signals() as caught, progress_bar() as bar:
        found = design.search(
            design.Problem(*sizes),
            seed=command.seed,
            effort=design.QUICK if command.quick else design.Effort(),
            only=command.only,
            progress=bar,
            stop=lambda: bool(caught),
        )
    seconds = perf_counter() - started
    rows = [_entry_row(entry, found, target) for entry in found.entries]
    _print_designs(found, rows, console)
    content = {
        "config": _config(command),
        "environment": environment("highest"),
        "timing": {"run": seconds},
        "rows": rows,
        "confirmed": None if found.confirmed is None else asdict(found.confirmed),
        "absent": found.absent,
        "interrupted": found.interrupted,
    }

    def draw():
        from .plotting import design_figure

        return design_figure(found)

    _write(command, content, draw if found.entries else None)
    return _status(caught, "the table is of what was measured until then")


def run_scaling_command(command: Scaling, console: Console) -> int:
    """Run `jaxsuper scaling capacity`.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    from . import design

    lookup({"capacity": None}, command.study, "study")
    _check_outputs(command)
    check(len(command.design) > 0, "design", "must name at least one", "none")
    rules = design.Rules(confidence=command.confidence, tolerance=command.tolerance)
    problem = design.Problem(command.network_width, 0, command.n_active, command.n_layers)
    settings: dict[str, Any] = {"max_circuits": command.max_circuits, "rules": rules}
    settings |= {"samples": command.samples, "seed": command.seed}
    for kind in command.design:
        design.check_frontier(problem, command.error_target, kind, **settings)
    started, found = perf_counter(), []
    with caught_signals() as caught, progress_bar() as bar:
        for number, kind in enumerate(command.design):

            def told(kind: str, count: int, networks: int, number: int = number) -> None:
                label = f"{kind}: T = {count}, network {networks + 1}"
                bar(number, len(command.design), label)

            if not caught:
                found.append(
                    design.frontier(
                        problem,
                        command.error_target,
                        kind,
                        progress=told,
                        stop=lambda: bool(caught),
                        **settings,
                    )
                )
    seconds = perf_counter() - started
    rows = [_capacity_row(one, command) for one in found]
    _print_capacities(rows, command, console)
    content = {
        "config": _config(command),
        "environment": environment("highest"),
        "timing": {"run": seconds},
        "rows": rows,
        "interrupted": bool(caught),
    }

    def draw():
        from .plotting import capacity_figure

        return capacity_figure(found, command.error_target)

    _write(command, content, draw if any(one.crossing.points for one in found) else None)
    return _status(caught, "the intervals are as narrow as they had become")


def _check_outputs(command: DesignSearch | Scaling) -> None:
    check_writable(command.json, "json")
    check_picture(command.plot, "plot")


def _config(command: DesignSearch | Scaling) -> dict[str, Any]:
    settings = asdict(command)
    return {name: value for name, value in settings.items() if name not in ("json", "plot")}


def _write(
    command: DesignSearch | Scaling, content: dict[str, Any], draw: Callable[[], Any] | None
) -> None:
    if command.json is not None:
        write_json(command.json, content)
    if command.plot is not None and draw is not None:
        import matplotlib

        matplotlib.use("agg")
        from .plotting import save

        save(draw(), command.plot)


def _status(caught: list[int], consequence: str) -> int:
    if not caught:
        return 0
    print(f"jaxsuper: interrupted; {consequence}", file=sys.stderr)
    return 128 + (caught[0] if caught[0] else signal.SIGINT)


def _meets(error: float, stderr: float, target: float | None) -> str | None:
    if target is None:
        return None
    if error + 2 * stderr < target:
        return "yes"
    return "no" if error - 2 * stderr > target else "open"


def _entry_row(entry: "Entry", found: "Found", target: float | None) -> dict[str, Any]:
    from .design import simulate_line

    fresh, effort = entry.held_out, found.effort
    config = asdict(entry.design.configuration)
    config["batch_size"] = effort.held_out_samples
    growth = None if fresh is None else fresh.growth
    sizes = (effort.held_out_samples, effort.networks, entry.chunk)
    return {
        "kind": entry.design.kind,
        "assumes": entry.design.assumes,
        "method": entry.method,
        "config": config,
        "predicted": entry.predicted,
        "value": None if fresh is None else fresh.error,
        "stderr": None if fresh is None else fresh.stderr,
        "by_layer": None if fresh is None else list(fresh.by_layer),
        "search_value": entry.searched.error,
        "growth": growth,
        "seizes": None if growth is None else growth > _SEIZED,
        "meets_target": None if fresh is None else _meets(fresh.error, fresh.stderr, target),
        "command": simulate_line(entry.design, *sizes),
    }


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def _print_designs(found: "Found", rows: list[dict[str, Any]], console: Console) -> None:
    from .design import choices

    given = found.problem
    title = (
        f"D = {given.network_width}, T = {given.n_circuits}, z = {given.n_active}: active circuits' "
        f"error at layer {given.n_layers}, on seeds that chose nothing"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0))
    with_target = any(row["meets_target"] for row in rows)
    names = [
        "",
        "kind",
        "choices",
        "D",
        "assumes",
        "from",
        "predicted",
        "measured ± s.e.",
        "growth",
    ]
    for name in names + ["target"] * with_target:
        left = name in ("kind", "choices", "assumes", "from")
        wraps = name in ("choices", "growth")
        table.add_column(name, justify="left" if left else "right", no_wrap=not wraps)
    for rank, (entry, row) in enumerate(zip(found.entries, rows, strict=True), 1):
        measured = f"{_number(row['value'])} ± {_number(row['stderr'], 2)}"
        if row["value"] is None:
            measured = f"(search: {row['search_value']:.3g})"
        seized = " seizes" if row["seizes"] else ""
        cells = [
            str(rank),
            row["kind"],
            choices(entry.design),
            str(entry.design.configuration.network_width),
            row["assumes"],
            row["method"],
            _number(row["predicted"]),
            measured,
            _number(row["growth"]) + seized,
        ]
        table.add_row(*cells, *[row["meets_target"] or ""] * with_target)
    console.print(table)
    console.print(
        "growth: of the inactive indicators' MSE from layer 1 to L; S=a/x: of indicators / payload; "
        "share: of D, for indicators; known set: the active circuits are given with the input and stay "
        "the same; fixed set: they stay the same and z is known; 2L layers: twice the depth",
        highlight=False,
        soft_wrap=True,
    )
    if found.confirmed is not None:
        again = found.confirmed
        console.print(
            f"design 1 once more, on seeds that ranked nothing either: {again.error:.3g} ± "
            f"{again.stderr:.2g}",
            highlight=False,
            soft_wrap=True,
        )
    if found.absent:
        console.print(
            f"no structure that holds {given.n_circuits} circuits, or that suits z = "
            f"{given.n_active}: {', '.join(found.absent)}",
            highlight=False,
            soft_wrap=True,
        )
    for rank, row in enumerate(rows, 1):
        console.print(f"{rank}: {row['command']}", highlight=False, soft_wrap=True)


def _capacity_row(one: "Capacity", command: Scaling) -> dict[str, Any]:
    from .design import choices, simulate_line

    points = [
        {
            "n_circuits": point.at,
            "value": point.mean,
            "stderr": point.stderr if len(point.values) > 1 else None,
            "n_networks": len(point.values),
            "verdict": point.verdict,
            "design": one.chosen[point.at].kind,
            "choices": choices(one.chosen[point.at]),
            "command": simulate_line(one.chosen[point.at], command.samples, len(point.values)),
        }
        for point in one.crossing.points
    ]
    return {
        "design": one.kind,
        "assumes": one.assumes,
        "low": one.crossing.low,
        "high": one.crossing.high,
        "held": one.held,
        "limited_by": one.limited_by,
        "points": points,
    }


def _print_capacities(rows: list[dict[str, Any]], command: Scaling, console: Console) -> None:
    title = (
        f"D = {command.network_width}, z = {command.n_active}: most circuits with an error below "
        f"{command.error_target:g} at layer {command.n_layers}, confidence {command.confidence:g}"
    )
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0))
    names = ("design", "assumes", "T low", "T high", "limited by", "sets hold", "at T low")
    for name in names:
        left = name in ("design", "assumes", "limited by", "at T low")
        table.add_column(name, justify="left" if left else "right")
    for row in rows:
        at_low = [
            f"{p['design']} {p['choices']}" for p in row["points"] if p["n_circuits"] == row["low"]
        ]
        bounds = ["" if row[name] is None else str(row[name]) for name in ("low", "high")]
        cells = (row["design"], row["assumes"], *bounds, row["limited_by"], str(row["held"]))
        table.add_row(*cells, *(at_low or [""]))
    console.print(table)
    for row in rows:
        measured = ", ".join(
            f"{p['n_circuits']}: {p['value']:.3g} ± {_number(p['stderr'], 2) or '?'} ({p['verdict']})"
            for p in row["points"]
        )
        console.print(f"{row['design']}: {measured}", highlight=False, soft_wrap=True)
