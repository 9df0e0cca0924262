"""The commands `sweep` and `figures`: settings in, a store or pictures out. No mathematics here.

Exit status of `sweep`: 0 all done (failed configurations are counted, and rows of the store), 2 bad
input or a store that cannot be written, 130 after SIGINT and 143 after SIGTERM: the call in flight
was finished and written, and the same command resumes.
"""

import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ._console import caught_signals, progress_bar
from ._errors import check


if TYPE_CHECKING:
    from .sweep import Plan, SweepResult


@dataclass(frozen=True)
class Sweep:
    """Run a grid of configurations into a results store; what the store has is not run again.

    Attributes:
        grid: published, headline, scaling, or a TOML file with [base], [product], [[zip]], [[list]],
            filters and repeats.
        out: directory of the store: parquet parts, readable as one table.
        shard: i/n to run the i-th of n parts of the grid, for jobs that share nothing.
        dry_run: print configurations, buckets, compiles, memory and time, and run nothing.
        memory: limit on the memory of this process and of each accelerator, e.g. 2GiB;
            by default half of the machine's.
        call_seconds: how long one call should take, by estimate: what a kill loses.
        retry_failed: run configurations again that failed before.
        cache: where compiled programs are kept; "none" for nowhere.
        coordinator: HOST:PORT of process 0 of a job of several processes, or auto on a cluster.
        process: number of this process, from 0.
        processes: how many there are.
    """

    grid: Annotated[str, tyro.conf.Positional]
    out: Path | None = None
    shard: str = "1/1"
    dry_run: bool = False
    memory: str | None = None
    call_seconds: float = 1.0
    retry_failed: bool = False
    cache: str | None = None
    coordinator: str | None = None
    process: int | None = None
    processes: int | None = None


@dataclass(frozen=True)
class Figures:
    """Draw a sweep: the published figures 5-11, or any metric against any setting.

    Attributes:
        stores: directories of results stores, taken together.
        out: directory for the pictures.
        x: a setting, layer or density; with y, draws this instead of the published figures.
        y: a metric.
        hue: a setting, a colour for each of its values.
        layer: which layer, by default the last.
        where: conditions on what is drawn, e.g. "n_active == 2"; as the filters of a grid.
        state_evolution: draw that prediction too; it takes about a second for each shape and z.
        format: png, pdf or svg.
    """

    stores: Annotated[tuple[Path, ...], tyro.conf.Positional]
    out: Path = Path(".")
    x: str | None = None
    y: str | None = None
    hue: str | None = None
    layer: int | None = None
    where: tuple[str, ...] = ()
    state_evolution: bool = True
    format: str = "png"


_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def parse_memory(text: str) -> int:
    """Return bytes from a number with an optional unit, KB to GB or KiB to GiB."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]i?B)?\s*", text, re.IGNORECASE)
    check(found is not None, "memory", "must be a number of bytes, MiB or GiB", repr(text))
    assert found is not None
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()])


def parse_shard(text: str) -> tuple[int, int]:
    """Return (i, n) from "i/n"."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    check(1 <= index <= count, "shard", "must be i/n with 1 <= i <= n", repr(text))
    return index, count


def run_sweep_command(command: Sweep, console: Console) -> int:
    """Run `jaxsuper sweep`.

    Args:
        command: the settings.
        console: where the summary goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input, and for a store that cannot be written.
    """
    from . import sweep

    grid = sweep.load_grid(command.grid)
    memory = None if command.memory is None else parse_memory(command.memory)
    shard = parse_shard(command.shard)
    check(command.dry_run or command.out is not None, "out", "must be given", "none")
    if command.cache != "none":
        sweep.use_cache(Path(command.cache) if command.cache else sweep.default_cache())
    sweep.use_all_cores()
    sweep.join_processes(command.coordinator, command.process, command.processes)
    configurations = grid.configurations()
    if command.dry_run:
        plan = sweep.make_plan(
            configurations, sweep.Designs(), memory=memory, call_seconds=command.call_seconds
        )
        _print_plan(plan, command, console)
        if command.out is not None and command.out.exists():
            finished = sweep.Store(command.out, read_only=True).finished()
            count = len(finished & set(plan.configurations))
            console.print(f"{count} of them are in {command.out}", highlight=False)
        return 0
    assert command.out is not None
    with caught_signals() as caught, _plain_warnings(), _bar() as report:
        try:
            result = sweep.run_sweep(
                configurations,
                command.out,
                shard=shard,
                memory=memory,
                call_seconds=command.call_seconds,
                retry_failed=command.retry_failed,
                progress=report,
                stop=lambda: bool(caught),
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(
                f"`out` could not be written, {command.out}: {reason}; what was written before is "
                "kept: make room and run the same command again to resume"
            ) from None
        except KeyboardInterrupt:
            print("jaxsuper: stopped at once; the call in flight is lost", file=sys.stderr)
            return 130
    _print_result(result, command, console)
    if result.stopped:
        left = result.selected - result.already - result.done
        print(
            f"jaxsuper: interrupted; {left} configurations are left: run the same command again to "
            "resume",
            file=sys.stderr,
        )
        return 128 + (caught[0] if caught else signal.SIGINT)
    return 0


def _print_result(result: "SweepResult", command: Sweep, console: Console) -> None:
    rate = result.done / result.run_seconds if result.run_seconds else 0.0
    console.print(
        f"{command.out}: {result.already} of {result.selected} configurations were there, "
        f"{result.done} done, {result.failed} failed; {result.compiles} programs "
        f"({result.compile_seconds:.1f} s of waiting for them), run {result.run_seconds:.1f} s "
        f"({rate:.3g} configurations/s), padding {result.plan.waste:.0%}",
        highlight=False,
        soft_wrap=True,
    )


def _print_plan(plan: "Plan", command: Sweep, console: Console) -> None:
    table = Table(title=f"{command.grid}: buckets", title_justify="left")
    names = ("kind", "runs", "T", "n", "S", "z", "L", "batch", "waste", "call", "GiB", "s")
    for name in names:
        table.add_column(name, justify="left" if name == "kind" else "right")
    for planned in plan.buckets:
        bucket, shape = planned.bucket, planned.bucket.shape
        sizes = (shape.n_circuits, shape.block_width, shape.redundancy, shape.n_active)
        table.add_row(
            f"{bucket.kind.construction} {bucket.kind.circuit}",
            str(len(bucket.ids)),
            *(str(size) for size in (*sizes, shape.n_layers, shape.batch_size)),
            f"{bucket.waste:.0%}",
            str(planned.capacity * plan.n_devices),
            f"{planned.memory / 2**30:.2f}",
            f"{planned.seconds:.1f}",
        )
    console.print(table)
    console.print(
        f"{len(plan.configurations)} configurations, {len(plan.failures)} of which cannot be run; "
        f"{len(plan.buckets)} shape buckets, as many compiles; padding {plan.waste:.0%} of the "
        f"work; about {plan.memory / 2**30:.2f} GiB and {plan.seconds:.0f} s on {plan.n_devices} "
        "devices, without compiling",
        highlight=False,
        soft_wrap=True,
    )
    for reason, count in _counted(list(plan.failures.values())):
        console.print(f"{count} x {reason}", highlight=False, soft_wrap=True)


def _counted(reasons: Sequence[str]) -> list[tuple[str, int]]:
    return [(reason, reasons.count(reason)) for reason in dict.fromkeys(reasons)][:10]


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print the warnings of the store as one line each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning, module="jaxsuper")
        shown = warnings.showwarning

        def show(message, category, filename, lineno, file=None, line=None):
            if issubclass(category, UserWarning):
                print(f"jaxsuper: warning: {message}", file=sys.stderr)
            else:
                shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


@contextmanager
def _bar() -> Iterator[Any]:
    """Show a bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("bucket {task.fields[bucket]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.3g} configurations/s"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task("sweep", total=None, bucket="(compiling)", rate=0.0)

        def report(now) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(
                task,
                completed=now.done,
                total=now.total,
                bucket=f"{now.bucket} of {now.n_buckets}",
                rate=now.done / elapsed if elapsed else 0.0,
            )

        yield report


def run_figures_command(command: Figures, console: Console) -> None:
    """Run `jaxsuper figures`.

    Args:
        command: the settings.
        console: where the names of the files go.

    Raises:
        ValueError: for bad input, before anything is written.
    """
    check(len(command.stores) > 0, "stores", "must name at least one", "none")
    check(
        command.format in ("png", "pdf", "svg"), "format", "must be png, pdf or svg", command.format
    )
    both = (command.x is None) == (command.y is None)
    check(both, "x", "must be given together with `y`", command.x or command.y)
    check(command.out.is_dir(), "out", "must be an existing folder", command.out)
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from .analytics import with_predictions
    from .plotting import published_figures, save, sweep_figure
    from .sweep import read_store, select

    with _plain_warnings():
        stored = read_store(command.stores)
    check(len(stored) > 0, "stores", "must hold rows", "none that can be read")
    table = select(stored, command.where)
    if command.x is None or command.y is None:
        # First without predictions, which take long, to see whether there is anything to draw.
        published_figures(table)
        plt.close("all")
        with progress_bar() as bar:
            report = lambda done, total: bar(done, total, "predicting")
            figures = published_figures(with_predictions(table, command.state_evolution, report))
    else:
        one = (command.x, command.y, command.hue, command.layer)
        sweep_figure(table, *one)
        metric = table.filter(metric=command.y)
        with progress_bar() as bar:
            report = lambda done, total: bar(done, total, "predicting")
            joined = with_predictions(metric, command.state_evolution, report)
        figures = {f"{command.y}-by-{command.x}": sweep_figure(joined, *one)}
    for name, figure in figures.items():
        path = command.out / f"{name}.{command.format}"
        save(figure, path)
        console.print(str(path), highlight=False, soft_wrap=True)
