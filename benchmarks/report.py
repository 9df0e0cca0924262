"""Write tables and figure from benchmarks/results/speed-cpu.json into the two READMEs.

    python -m benchmarks.report

What stands between `<!-- speed: NAME -->` and `<!-- /speed -->` is replaced.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from benchmarks.records import load, Record, RESULTS, Row


ROOT = Path(__file__).parents[1]
SOURCE = RESULTS / "speed-cpu.json"
FIGURE = RESULTS / "speed-cpu.png"
PAGES = (ROOT / "README.md", ROOT / "benchmarks" / "README.md")
_BLOCK = re.compile(r"(<!-- speed: (\w+) -->\n).*?(<!-- /speed -->)", re.DOTALL)
# Files of the result that the figure was drawn from, in its metadata.
_DIGEST = "Description"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def duration(seconds: float | None) -> str:
    """Return seconds in a unit that suits them."""
    if seconds is None:
        return ""
    for limit, unit, factor in ((1e-3, "µs", 1e6), (1.0, "ms", 1e3)):
        if seconds < limit:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds)} s"


def _digits(value: float) -> str:
    """Return two digits, or all before the point."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def size(count: float | None) -> str:
    """Return bytes in MiB or GiB."""
    if count is None:
        return ""
    mib = count / 2**20
    return f"{_digits(mib)} MiB" if mib < 1024 else f"{_digits(mib / 1024)} GiB"


def _where(record: Record) -> str:
    made = record.environment
    quick = ", quick run" if record.quick else ""
    return (
        f"{record.processor}, {made['n_devices']} x {made['device']}, {made['cpu_cores']} cores, "
        f"jax {made['jax']}, float32 at precision {made['precision']}, {record.started[:10]}, "
        f"load {record.load_before[0]:g} before and {record.load_after[0]:g} after{quick}"
    )


# Work of others on the machine disturbs the second less.
_RATIOS = ("ratio", "of processor time")


def _ratio(row: Row, other: Row, what: str) -> list[str]:
    """Return times and their ratio, and that of processor time where it is known."""
    ratios = [f"{row.seconds / other.seconds:.2f}", ""]
    if row.processor and other.processor:
        ratios[1] = f"{row.processor / other.processor:.2f}"
    return [what, duration(row.seconds), duration(other.seconds), *ratios]


def headline(record: Record) -> str:
    """Return the table of README: what takes how long, beside its peer."""
    forward = record.find("forward", "structured")
    s = forward.setting
    rows = []
    for section, what in (
        ("build", "build, beside writing out the matrices"),
        ("compile", "trace and compile, beside dense JAX"),
        ("forward", "forward pass and readout, beside dense JAX"),
    ):
        own, dense = record.find(section, "structured"), record.find(section, "dense")
        rows.append(_ratio(own, dense, what))
    for name, what in (
        ("NumPy dense", "the same, beside NumPy"),
        ("dense, matrix readout", "the same, beside dense JAX that reads out by a matrix, too"),
    ):
        rows.append(_ratio(forward, record.find("forward", name), what))
    own, dense = record.find("metrics", "structured"), record.find("metrics", "dense")
    rows.append(_ratio(own, dense, "with inputs, metrics and errors, beside dense JAX"))
    small, loop = record.find("sweep", "small"), record.find("sweep", "loop")
    each = [duration(1 / row.rate) for row in (small, loop)]
    what = f"a configuration of a sweep (D = {small.setting.D}), beside a Python loop"
    rows.append([what, *each, f"{loop.rate / small.rate:.2f}", ""])
    head = [f"D = {s.D}, T = {s.T}, S = {s.S}, L = {s.L}, z = {s.z}, {s.batch} samples"]
    whole = f"Fastest turns of {record.command}, on {_where(record)}.\n"
    return f"{table([*head, 'here', 'peer', *_RATIOS], rows)}\n{whole}"


def exponents(record: Record) -> str:
    """Return the table of fitted exponents."""
    rows = []
    along = dict.fromkeys(fit.along for fit in record.fits)
    for axis in along:
        line = [axis]
        for quantity in ("seconds", "memory"):
            for name in ("structured", "dense"):
                found = [
                    f
                    for f in record.fits
                    if (f.along, f.quantity, f.name) == (axis, quantity, name)
                ]
                line.append(" ".join(_exponent(f) for f in found))
        sizes = next(f.sizes for f in record.fits if f.along == axis)
        rows.append([line[0], f"{sizes[0]:,} to {sizes[-1]:,}", *line[1:]])
    head = ["along", "from", "time", "time, dense", "memory", "memory, dense"]
    return table(head, rows)


def _exponent(fit) -> str:
    error = "" if fit.stderr is None else f" ± {fit.stderr:.2f}"
    return f"{fit.exponent:.2f}{error} ({fit.last:.2f})"


def as_many_circuits(record: Record) -> list[Row]:
    """Return the structured runs of the networks with T = D, from small to large."""
    found = (r for r in record.rows if (r.section, r.name) == ("growth", "structured"))
    return [r for r in found if r.setting is not None and r.setting.D == r.setting.T]


def against_dense(record: Record) -> str:
    """Return structured over dense for every width of a network with as many circuits."""
    rows = [
        [f"{r.setting.D:,}", *_ratio(r, _peer(record, r), "")[1:]] for r in as_many_circuits(record)
    ]
    return table(["D = T", "structured", "dense", *_RATIOS], rows)


def _peer(record: Record, row: Row) -> Row:
    return record.find(row.section, row.peer, **_letters(row))


def _letters(row: Row) -> dict:
    return {name: getattr(row.setting, name) for name in row.setting.__struct_fields__}


def kernels(record: Record) -> str:
    """Return peaks and, of each kernel, rates and share of the peak."""
    unit = {"bytes": "GB/s", "operations": "GFLOP/s", None: ""}
    peaks = [
        [r.name, duration(r.seconds), f"{r.rate / 1e9:.0f} {unit[r.unit]}", ""]
        for r in record.rows
        if r.section == "peak"
    ]
    rows = []
    for r in record.rows:
        if r.section == "kernels":
            rates = f"{r.bytes / r.seconds / 1e9:.0f} GB/s"
            if r.flops:
                rates += f", {r.flops / r.seconds / 1e9:.0f} GFLOP/s"
            rows.append([r.name, duration(r.seconds), rates, f"{r.share:.0%}"])
    return table(["", "time", "rate", "share of peak"], [*peaks, *rows])


def memory(record: Record) -> str:
    """Return compiled memory beside the library's estimate."""
    rows = []
    for r in record.rows:
        if r.section == "memory" and r.estimate and r.memory:
            s = r.setting
            what = f"{r.name}, D = {s.D}, T = {s.T}, S = {s.S}, z = {s.z}, {s.batch} samples"
            rows.append([what, size(r.memory), size(r.estimate), f"{r.estimate / r.memory:.2f}"])
    return table(["program", "compiled", "estimate", "estimate / compiled"], rows)


def sweeps(record: Record) -> str:
    """Return the sweeps: the whole command, and its rate once programs are there."""
    rows = [
        [
            r.name if r.name != "small" else f"{int(r.figures['configurations']):,} small",
            duration(r.seconds),
            f"{r.figures['run_seconds']:.1f} s" if "run_seconds" in r.figures else "",
            f"{r.rate:,.0f}",
            size(r.memory),
        ]
        for r in record.rows
        if r.section == "sweep"
    ]
    return table(["sweep", "whole command", "in programs", "configurations/s", "peak memory"], rows)


def large(record: Record) -> str:
    """Return networks that have no dense peer."""
    rows = [
        [
            f"D = {r.setting.D:,}, T = {r.setting.T:,}, {r.setting.batch} samples",
            duration(r.figures["build_seconds"]),
            duration(r.figures["first_seconds"]),
            duration(r.seconds),
        ]
        for r in record.rows
        if r.section == "large"
    ]
    return table(["network", "first build", "first simulation", "simulation"], rows)


def published(record: Record) -> str:
    """Return what the published grid takes, as a sentence."""
    cold, kept = (record.find("sweep", f"published, {how}") for how in ("cold", "programs on disk"))
    return (
        f"The {int(cold.figures['configurations'])} configurations of the published grid take "
        f"{duration(cold.seconds)} on {record.environment['cpu_cores']} cores, "
        f"{duration(kept.seconds)} with the compiled programs on disk\n"
        "([benchmarks/results/speed-cpu.json](benchmarks/results/speed-cpu.json)).\n"
    )


BLOCKS: dict[str, Callable[[Record], str]] = {
    "headline": headline,
    "exponents": exponents,
    "dense": against_dense,
    "kernels": kernels,
    "memory": memory,
    "sweeps": sweeps,
    "large": large,
    "published": published,
}


def device_page(record: Record) -> str:
    """Return the page of `python -m benchmarks.device`."""
    checks = [
        [c.name, "ok" if c.passed else "MISMATCH", f"{c.worst:.2g}", c.tolerance, c.note]
        for c in record.checks
    ]
    times = [
        [
            f"{r.section}: {r.name}, D = {r.setting.D}",
            duration(r.figures.get("compile_seconds")),
            duration(r.seconds),
            f"{r.rate:,.0f}",
            "" if r.ratio is None else f"{r.ratio:.2f}",
        ]
        for r in record.rows
        if r.section in ("forward", "metrics")
    ]
    check_head = ["check", "result", "worst", "tolerance", "where, or what"]
    time_head = ["run", "compile", "run", "samples/s", "over dense"]
    verdict = f"{len(record.failed)} of {len(checks)} checks failed"
    parts = [
        f"# {record.environment['device']}\n",
        f"`{record.command}` on {_where(record)}: {verdict}, {record.wall_seconds:.0f} s.\n",
        table(check_head, checks),
        table(time_head, times),
        kernels(record),
        memory(record),
        sweeps(record),
    ]
    return "\n".join(parts)


def replaced(text: str, record: Record) -> str:
    """Return a page with the content of its blocks made anew.

    Raises:
        KeyError: for a block of an unknown name.
    """
    return _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]](record)}{m[3]}", text)


def draw(record: Record, path: Path) -> None:
    """Draw time and ratio against D = T with fits, and the kernels' shares of the peak."""
    from jaxsuper.plotting import color_of, style, subplots

    with style():
        figure, axes = subplots(1, 2, figsize=(7.5, 2.8))
        times, shares = axes
        for name in ("structured", "dense"):
            (found,) = [
                f
                for f in record.fits
                if (f.along, f.quantity, f.name) == ("D = T", "seconds", name)
            ]
            times.loglog(
                found.sizes,
                [1e3 * v for v in found.values],
                marker="o",
                color=color_of(("structured", "dense").index(name)),
                label=f"{name}, exponent {found.exponent:.2f}",
            )
        sizes = found.sizes
        times.set_xticks(sizes, [f"{s:,}" for s in sizes], minor=False)
        times.minorticks_off()
        times.set(xlabel="D = T", ylabel="ms for 256 samples", title="forward pass")
        times.legend()
        rows = [row for row in record.rows if row.section == "kernels"]
        shares.barh([r.name for r in rows], [r.share for r in rows], color=color_of(0))
        shares.axvline(1, color="black", linewidth=0.8)
        shares.invert_yaxis()
        shares.set(xlabel="least time / time", title="share of the machine's peak")
        figure.savefig(path, metadata={_DIGEST: digest()})


def digest() -> str:
    """Return the hash of the result that tables and figure are made of."""
    return sha256(SOURCE.read_bytes()).hexdigest()


def main() -> None:
    """Write all pages and the figure."""
    record = load(SOURCE)
    for page in PAGES:
        page.write_text(replaced(page.read_text(), record))
    draw(record, FIGURE)


if __name__ == "__main__":
    main()
