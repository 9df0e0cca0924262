"""Is this library right and fast on this device? One command for a GPU, a TPU, or a CPU.

    python -m benchmarks.device [--quick] [--out FOLDER]

Integers have to be those recorded on a CPU and metrics within a stated tolerance: status 1 if not.
Times of structured and dense runs at both precisions, configurations per second of a sweep, shares
of the device's measured peak, and compiled memory beside the library's estimate go to
device-<device>.json and .md. `--record` writes the figures that all devices are held against.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import jax
import msgspec
from jaxsuper import simulate
from jaxsuper._limits import BASE_BYTES
from jaxsuper.simulation import samples_key
from jaxsuper.sweep import Allocations, load_grid, make_plan, run_sweep
from jaxsuper.sweep._devices import device_mesh
from jaxsuper.sweep._kernel import compile_program
from jaxsuper.sweep._run import program_of

from benchmarks.cases import (
    any_dense,
    dense_pass,
    inputs_of,
    network_of,
    SEED,
    StructuredRun,
)
from benchmarks.growth import memory_row
from benchmarks.kernels import kernel_rows
from benchmarks.records import Check, device_name, Record, recording, RESULTS, Row, Setting, write
from benchmarks.reference import (
    Case,
    compare_integers,
    compare_metrics,
    hashes_of,
    load_reference,
    measured,
    PATH,
    record_reference,
)
from benchmarks.report import device_page
from benchmarks.throughput import single_loop, SMALL, small_grid
from benchmarks.timing import Compiled, in_turns, program_bytes, rows_of


COMMAND = "python -m benchmarks.device"
_PRECISIONS = ("highest", "high")


def case_checks(expected: Case, seed: int) -> list[Check]:
    """Hold a network on this device against what a CPU has recorded of it."""
    setting = expected.setting
    high = msgspec.structs.replace(setting, precision="high")
    return [
        compare_integers(expected, hashes_of(setting, seed)),
        compare_metrics(expected, measured(setting, seed), "structured"),
        compare_metrics(expected, measured(setting, seed, dense=True), "dense"),
        compare_metrics(expected, measured(high, seed), "structured, high", exact=False),
    ]


def run_rows(setting: Setting, budget: float) -> list[Row]:
    """Time compiling and running the forward pass, structured and dense, at both precisions."""
    programs, runs, peers = {}, {}, {}
    dense = any_dense(setting)
    for precision in _PRECISIONS:
        own = msgspec.structs.replace(setting, precision=precision)
        network = network_of(own)
        (whole,) = inputs_of(network, own)
        structured = StructuredRun(network, own)
        product = Compiled(dense_pass, network, dense, whole)
        names = f"structured, {precision}", f"dense, {precision}"
        programs |= dict(zip(names, (structured.program, product), strict=True))
        runs[names[0]] = structured
        runs[names[1]] = lambda f=product, n=network, w=whole: f(n, dense, w)
        peers[names[0]] = names[1]
    rows = rows_of("forward", setting, in_turns(runs, budget=budget), peers)
    for row in rows:
        program = programs[row.name]
        row.rate, row.unit = setting.batch / row.seconds, "samples"
        row.figures["compile_seconds"] = program.took.wall
    return rows


def metrics_row(setting: Setting) -> Row:
    """Time a whole measurement."""
    network, key = network_of(setting), samples_key(setting.configuration(SEED))
    run = lambda: simulate(network, setting.z, setting.batch, key=key).mean
    (row,) = rows_of("metrics", setting, in_turns({"structured": run}, budget=5.0))
    row.rate, row.unit = setting.batch / row.seconds, "samples"
    return row


def sweep_rows(count: int, loops: int) -> list[Row]:
    """Run a sweep in this process, beside a loop over single simulations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        grid = load_grid(str(small_grid(folder, count // 4)))
        configurations = grid.configurations()
        started = perf_counter()
        result = run_sweep(configurations, folder / "store")
        elapsed = perf_counter() - started
    loop = single_loop(loops)
    loop.setting = SMALL
    if result.done != count or result.failed:
        raise RuntimeError(f"{result.done} of {count} done, {result.failed} failed")
    row = Row("sweep", "small", SMALL, elapsed, elapsed, 1, unit="configurations")
    row.rate, row.peer = count / result.run_seconds, "loop"
    row.ratio = loop.rate / row.rate
    row.figures = {
        "configurations": count,
        "programs": result.compiles,
        "run_seconds": result.run_seconds,
        "waiting_for_programs": result.compile_seconds,
    }
    return [row, loop, sweep_memory(configurations)]


def sweep_memory(configurations) -> Row:
    """Compile the program of a sweep and hold it against the plan, the interpreter left out."""
    allocations, mesh = Allocations(), device_mesh()
    (planned, *_) = make_plan(configurations, allocations).buckets
    program = program_of(planned)
    first = configurations[0]
    row = Row("memory", "sweep", SMALL, estimate=float(planned.memory - BASE_BYTES))
    # The compiler speaks of one device.
    compiled = compile_program(program, mesh, first, allocations.of(first))
    one = program_bytes(compiled)
    row.memory = None if one is None else one * mesh.size
    row.figures = {"chunk": program.chunk, "width": program.width, "capacity": program.capacity}
    return row


def say(what: str) -> None:
    """Say on stderr what comes next."""
    print(f"{what} ...", file=sys.stderr, flush=True)


def check(record: Record, cases: list[Case]) -> None:
    """Hold this device against recorded cases."""
    for case in cases:
        say(f"integers, metrics: D = {case.setting.D}")
        record.checks += case_checks(case, record.seed)


def measure(record: Record, quick: bool) -> None:
    """Fill a record with times and memory."""
    on_cpu = jax.default_backend() == "cpu"
    batch = 200 if quick else 500 if on_cpu else 8192
    sizes = [(1000, 557)] if quick else [(2000, 2000), (4000, 4000), (8000, 8000)]
    settings = [Setting(D=d, T=t, batch=batch) for d, t in sizes]
    for setting in settings:
        say(f"forward, D = {setting.D}")
        record.rows += run_rows(setting, budget=3.0 if quick else 8.0)
    say("kernels, metrics, memory")
    record.rows.append(metrics_row(settings[0]))
    record.rows += kernel_rows(settings[0], quick, budget=4.0 if quick else 12.0)
    network = network_of(settings[0])
    record.rows.append(memory_row("structured", settings[0], network))
    say("sweep")
    record.rows += sweep_rows(1000 if quick else 20_000, 20 if quick else 200)


def main(words: list[str] | None = None) -> int:
    """Check and measure this device, write the results, and return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--reference", type=Path, default=PATH, help="figures of a CPU")
    parser.add_argument("--record", action="store_true", help="write those figures, on a CPU")
    given = parser.parse_args(words)
    jax.config.update("jax_enable_compilation_cache", False)
    if given.record:
        record_reference(SEED, given.reference)
        print(given.reference)
        return 0
    reference = load_reference(given.reference)
    with recording(COMMAND + " --quick" * given.quick, given.quick, reference.seed) as record:
        check(record, reference.cases[: 2 if given.quick else None])
        measure(record, given.quick)
    stem = "device-quick" if given.quick else "device"
    path = given.out / f"{stem}-{device_name(record)}.json"
    write(record, path)
    page = device_page(record)
    path.with_suffix(".md").write_text(page)
    print(page)
    for one in record.failed:
        print(f"MISMATCH {one.name}: {one.worst:.3g} ({one.note})", file=sys.stderr)
    return int(bool(record.failed))


if __name__ == "__main__":
    sys.exit(main())
