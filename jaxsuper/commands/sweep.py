"""`jaxsuper sweep`: a grid of configurations into a results store.

Exit status: 0 done (failed configurations are counted, and rows of the store), 1 if all failed, 2
bad input or a store that cannot be written, 3 if another process of the job was lost, 130 after
SIGINT and 143 after SIGTERM: the call in flight was finished and written, and the same command
resumes.
"""

import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

import tyro
from rich.console import Console

from .._errors import check
from .._limits import given_memory_limit
from ._job import lost
from ._terminal import (
    Bar,
    caught_signals,
    complain,
    exit_status,
    plain_warnings,
    progress_bar,
    say,
    table,
)


if TYPE_CHECKING:
    from ..sweep import Plan, Progress, SweepResult

# Reasons of failures that are printed.
_REASONS = 10
_COLUMNS = ("kind", "runs", "T", "n", "S", "z", "L", "batch", "waste", "call", "GiB", "s")


@dataclass(frozen=True)
class Command:
    """Run a grid of configurations into a results store; what the store has is not run again.

    Attributes:
        grid: published, headline, scaling, or a TOML file with [base], [product], [[zip]], [[list]],
            filters and repeats.
        out: directory of the store: parquet parts, readable as one table.
        shard: i/n to run the i-th of n parts of the grid, for jobs that share nothing.
        dry_run: print configurations, buckets, compiles, memory and time, and run nothing.
        call_seconds: how long one call should take, by estimate: a kill loses one or two.
        retry_failed: run configurations again that failed before.
        coordinator: HOST:PORT of process 0 of a job of several processes, or auto on a cluster.
        process: number of this process, from 0.
        processes: how many there are.
    """

    grid: Annotated[str, tyro.conf.Positional]
    out: Path | None = None
    shard: str = "1/1"
    dry_run: bool = False
    call_seconds: float = 1.0
    retry_failed: bool = False
    coordinator: str | None = None
    process: int | None = None
    processes: int | None = None


def run(command: Command, console: Console) -> int:
    """Run or plan the grid.

    Args:
        command: the settings.
        console: where the summary goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input, and for a store that cannot be written.
    """
    from .. import sweep

    try:
        return _sweep(command, console)
    except sweep.LostProcessError as error:
        return lost(error)


def _sweep(command: Command, console: Console) -> int:
    from .. import sweep

    grid = sweep.load_grid(command.grid)
    memory = given_memory_limit()
    shard = parse_shard(command.shard)
    check(command.dry_run or command.out is not None, "out", "must be given", "none")
    sweep.use_all_cores()
    sweep.join_processes(command.coordinator, command.process, command.processes)
    configurations = grid.configurations()
    if command.dry_run:
        plan = sweep.make_plan(
            configurations, sweep.Allocations(), memory=memory, call_seconds=command.call_seconds
        )
        _print_plan(plan, shard, command, console)
        return 0
    assert command.out is not None
    with caught_signals() as caught, plain_warnings(), progress_bar() as bar:
        try:
            result = sweep.run_sweep(
                configurations,
                command.out,
                shard=shard,
                memory=memory,
                call_seconds=command.call_seconds,
                retry_failed=command.retry_failed,
                progress=_reporting(bar),
                stop=lambda: bool(caught),
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(
                f"`out` could not be written, {command.out}: {reason}; what was written before is "
                "kept: make room and run the same command again to resume"
            ) from None
        except KeyboardInterrupt as interrupt:
            complain("stopped at once; the call in flight is lost")
            return exit_status(interrupt)
    _print_result(result, command, console)
    if result.stopped:
        left = result.selected - result.already - result.done
        complain(
            f"interrupted; {left} configurations are left: run the same command again to resume"
        )
        # Without a signal here, another process of the job had one.
        return 128 + (caught[0] if caught else signal.SIGINT)
    plan = result.plan
    nothing = len(plan.failures) == len(plan.configurations) or 0 < result.done == result.failed
    return int(nothing)


def parse_shard(text: str) -> tuple[int, int]:
    """Return (i, n) from "i/n".

    Raises:
        ValueError: unless 1 <= i <= n.
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    index, count = (int(match[1]), int(match[2])) if match else (0, 0)
    check(1 <= index <= count, "shard", "must be i/n with 1 <= i <= n", repr(text))
    return index, count


def _reporting(bar: Bar) -> Callable[["Progress"], None]:
    """Return what tells the bar how far a sweep is."""
    bar(0, 0, "compiling")
    return lambda now: bar(
        now.done, now.total, f"bucket {now.bucket} of {now.n_buckets}, configurations"
    )


def _print_result(result: "SweepResult", command: Command, console: Console) -> None:
    busy = f", devices busy {result.busy_share:.0%} of the time" if result.busy_share else ""
    rate = result.done / result.run_seconds if result.run_seconds else 0.0
    padding = f", padding {result.plan.waste:.0%}" if result.plan.buckets else ""
    say(
        console,
        f"{command.out}: {result.already} of {result.selected} configurations were there, "
        f"{result.done} done, {result.failed} failed; {result.compiles} programs "
        f"({result.compile_seconds:.1f} s of waiting for them), run {result.run_seconds:.1f} s "
        f"({rate:.3g} configurations/s)" + busy + padding,
    )
    _print_failures(result.plan, console)
    measured = result.failed - len(result.plan.failures)
    if measured > 0:
        say(
            console, f"{measured} failed while they ran; the column `failure` of the store says why"
        )


def _print_plan(whole: "Plan", shard: tuple[int, int], command: Command, console: Console) -> None:
    from ..sweep import Store

    plan, part = whole.shard(*shard), ""
    if shard[1] > 1:
        part = f"shard {command.shard} of {len(whole.configurations)} configurations: "
    shown = table(f"{command.grid}: {part}buckets", _COLUMNS, left=("kind",))
    for planned in plan.buckets:
        bucket, shape = planned.bucket, planned.bucket.shape
        sizes = (shape.n_circuits, shape.block_width, shape.redundancy, shape.n_active)
        shown.add_row(
            f"{bucket.kind.recipe.construction} {bucket.kind.recipe.circuit}",
            str(len(bucket.ids)),
            *(str(size) for size in (*sizes, shape.n_layers, shape.batch_size)),
            f"{bucket.waste:.0%}",
            str(planned.capacity * plan.n_devices),
            f"{planned.memory / 2**30:.2f}",
            f"{planned.seconds:.1f}",
        )
    console.print(shown)
    say(
        console,
        f"{part}{len(plan.configurations)} configurations, {len(plan.failures)} of which cannot be "
        f"run; {len(plan.buckets)} shape buckets, as many compiles; padding {plan.waste:.0%} of the "
        f"work; about {plan.memory / 2**30:.2f} GiB and {plan.seconds:.0f} s on {plan.n_devices} "
        "devices (of a CPU each core is one), and up to "
        f"{plan.compile_seconds:.0f} s compiling, less what the disk has",
    )
    _print_failures(plan, console)
    if command.out is not None and command.out.exists():
        finished = Store(command.out, read_only=True).finished()
        count = len(finished & set(plan.configurations))
        say(console, f"{count} of them are in {command.out}")


def _print_failures(plan: "Plan", console: Console) -> None:
    """Print why configurations of the grid cannot be run, the first reasons."""
    reasons = Counter(plan.failures.values())
    for reason in list(reasons)[:_REASONS]:
        say(console, f"{reasons[reason]} x {reason}")
    if len(reasons) > _REASONS:
        say(console, f"and {len(reasons) - _REASONS} more reasons")
