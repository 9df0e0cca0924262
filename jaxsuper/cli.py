"""The command line: typed settings in, tables and files out. No mathematics here."""

import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import jax
import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from . import allocation, theory
from ._console import check_picture
from ._design_commands import DesignSearch, run_design_command, run_scaling_command, Scaling
from ._errors import check
from ._sweep_commands import Figures, run_figures_command, run_sweep_command, Sweep
from ._tune_command import run_tune_command, Tune
from .analytics import (
    check_writable,
    Experiment,
    ExperimentResult,
    run_experiment,
    with_evolution,
    write_json,
)


@dataclass(frozen=True)
class Simulate(Experiment):
    """Build a superposed network, simulate it and hold it against the closed forms.

    Prints a table per layer and number of active circuits: metric, measured ± standard error,
    closed form, ratio; for clipped rotations also state evolution, which predicts the seizure.

    Attributes:
        json: write settings, environment, timing and rows to this file.
        plot: draw errors by layer and sample trajectories into this file (png, pdf, svg).
        metrics: which metrics to print; the JSON holds all.
    """

    json: Path | None = None
    plot: Path | None = None
    metrics: tuple[str, ...] = ("mse", "frac_active")


@dataclass(frozen=True)
class Allocate:
    """Say how many circuits a design holds, and how they overlap.

    Attributes:
        block_width: n, neurons of a block.
        redundancy: S, neurons that carry a circuit.
        family: prime-steps, balanced-prime-steps, transversal, random or auto.
        n_circuits: T; by default as many as the family holds.
        circuit_width: d, for the published overlap rate only.
        seed: of the random family.
        json: write the answer to this file as well.
    """

    block_width: int
    redundancy: int
    family: str = "prime-steps"
    n_circuits: int | None = None
    circuit_width: int = 4
    seed: int = 0
    json: Path | None = None


@dataclass(frozen=True)
class Verify:
    """Check every claim of the theory and print the ledger.

    Writes ledger.json and ledger.html, a page with formulas and plots. The exit status is 1 if a
    verdict is not the expected one.

    Attributes:
        only: ids of claims, or their subjects ("errors"); all by default.
        quick: fewer samples and settings, under two minutes on two cores; the verdicts are the same.
        out: the folder to write to, made if need be; "none" writes nothing.
        seed: of everything random.
        list: print the claims and stop.
    """

    only: tuple[str, ...] = ()
    quick: bool = False
    out: Path | None = Path("ledger")
    seed: int = 0
    list: bool = False


_Command = (
    Annotated[Simulate, tyro.conf.subcommand("simulate")]
    | Annotated[Allocate, tyro.conf.subcommand("allocate")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[Figures, tyro.conf.subcommand("figures")]
    | Annotated[Tune, tyro.conf.subcommand("tune")]
    | Annotated[DesignSearch, tyro.conf.subcommand("design")]
    | Annotated[Scaling, tyro.conf.subcommand("scaling")]
)


def _number(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def _simulation_tables(result: ExperimentResult, shown: Sequence[str]) -> list[Table]:
    tables, evolved = [], any("state_evolution" in row for row in result.rows)
    for z in result.measurements:
        for layer in range(1, result.experiment.n_layers + 1):
            table = Table(title=f"z = {z}, layer {layer}", title_justify="left", min_width=70)
            columns = ["metric", "measured", "± s.e.", "closed form", "ratio"]
            for name in columns + ["state evolution"] * evolved:
                table.add_column(name, justify="left" if name == "metric" else "right")
            for row in result.rows:
                chosen = any(row["metric"].startswith(start) for start in shown)
                if not chosen or (row["n_active"], row["layer"]) != (z, layer):
                    continue
                value, predicted = row["value"], row["predicted"]
                ratio = value / predicted if value is not None and predicted else None
                cells = [
                    row["metric"],
                    _number(value),
                    _number(row["stderr"], 2),
                    _number(predicted),
                    _number(ratio, 3),
                ]
                table.add_row(*cells, *[_number(row.get("state_evolution"))] * evolved)
            tables.append(table)
    return tables


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("samples"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _simulate(command: Simulate, console: Console) -> None:
    check_writable(command.json, "json")
    check_picture(command.plot, "plot")
    check(len(command.metrics) > 0, "metrics", "must name at least one metric", "none")
    settings = {field.name: getattr(command, field.name) for field in fields(Experiment)}
    experiment = Experiment(**settings)
    with _progress(Console(stderr=True)) as bar:
        task = bar.add_task("simulate", total=None)
        result = run_experiment(
            experiment, lambda done, total: bar.update(task, completed=done, total=total)
        )
        result = with_evolution(result)
    for table in _simulation_tables(result, command.metrics):
        console.print(table)
    made, timing = result.environment, result.timing
    console.print(
        f"{made['device']} ({made['platform']}), {made['dtype']} {made['precision']}, "
        f"jax {made['jax']}: build {timing['build']:.3g} s, compile {timing['compile']:.3g} s, "
        f"run {timing['run']:.3g} s",
        highlight=False,
        soft_wrap=True,
    )
    if command.json is not None:
        write_json(command.json, result.to_json())
    if command.plot is not None:
        import matplotlib

        matplotlib.use("agg")
        from .plotting import save, simulation_figure

        save(simulation_figure(result), command.plot)


def _allocate(command: Allocate, console: Console) -> None:
    check_writable(command.json, "json")
    check(command.block_width >= 1, "block_width", "must be at least 1", command.block_width)
    check(command.circuit_width >= 1, "circuit_width", "must be at least 1", command.circuit_width)
    n, redundancy = command.block_width, command.redundancy
    bound = allocation.johnson_bound(n, redundancy)
    capacity = allocation.capacity(n, redundancy, command.family)
    n_circuits = command.n_circuits or capacity
    if command.n_circuits is not None:
        check(command.n_circuits >= 1, "n_circuits", "must be at least 1", command.n_circuits)
    check(
        n_circuits is not None,
        "n_circuits",
        f"must be given for the family {command.family!r}, which has no limit",
        "none",
    )
    assert n_circuits is not None
    key = jax.random.key(command.seed)
    design = allocation.allocate(n, redundancy, n_circuits, command.family, key=key)
    width = command.circuit_width
    answer: dict[str, Any] = {
        "block_width": n,
        "redundancy": redundancy,
        "family": design.family,
        "n_circuits": n_circuits,
        "capacity": capacity,
        "johnson_bound": bound,
        **allocation.diagnostics(design),
        "overlap_rate_published": theory.overlap_rate_published(
            width, width * n, redundancy, n_circuits
        ),
    }
    table = Table(show_header=False)
    for name, value in answer.items():
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        table.add_row(name, "no limit" if value is None else text)
    console.print(table)
    if command.json is not None:
        write_json(command.json, answer)


def _verify(command: Verify, console: Console) -> int:
    from ._verify import verify_claims

    nothing = command.out is None or str(command.out).lower() == "none"
    out = None if nothing else command.out
    return verify_claims(command.only, command.quick, out, command.seed, command.list, console)


_HANDLERS: dict[type, Callable[[Any, Console], int | None]] = {
    Simulate: _simulate,
    Allocate: _allocate,
    Verify: _verify,
    Sweep: run_sweep_command,
    Figures: run_figures_command,
    Tune: run_tune_command,
    DesignSearch: run_design_command,
    Scaling: run_scaling_command,
}


def _parse(arguments: Sequence[str] | None) -> Any:
    """Parse, and turn tyro's framed error into one line."""
    caught = io.StringIO()
    try:
        with redirect_stderr(caught):
            return tyro.cli(_Command, prog="jaxsuper", args=arguments, description=__doc__)
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        words = re.sub(r"[─-╿]+", " ", caught.getvalue())
        line = " ".join(words.split())
        raise ValueError(line.split(" For full helptext")[0]) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words after the program's name; those of the process if left out.

    Returns:
        The exit status: 0 done, 1 a verdict differs from what is stated, 2 bad input, 130 or 143
        interrupted.
    """
    try:
        command = _parse(arguments)
        # Tables in a file or a pipe need not fit the 80 columns of no terminal at all.
        status = _HANDLERS[type(command)](
            command, Console(width=None if sys.stdout.isatty() else 110)
        )
    except (ValueError, OSError, json.JSONDecodeError) as error:
        print(f"jaxsuper: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jaxsuper: interrupted; nothing was written", file=sys.stderr)
        return 130
    return status or 0


if __name__ == "__main__":
    sys.exit(main())
