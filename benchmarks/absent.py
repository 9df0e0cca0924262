"""Compile the main programs for an H200 and a v5e that are not here; write compiled-absent.json, .md.

    python -m benchmarks.absent [--device h200 v5e] [--program NAME ...] [--peer CHECKOUT]

Needs `pip install "jax[cuda13,tpu]" .` (a virtual environment of its own is best: 4 GB), no device. Each
program is compiled in a process of its own. What was compiled before and is not now stays in the
files. `--peer` compiles the programs of another checkout, named "before". Seconds are of this
machine's processor; of a GPU without autotuning, which takes longer on a real one. The counts of
kernels are those of `executed.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.absent_program import DEVICES, PROGRAMS
from benchmarks.executed import executed
from benchmarks.records import load, Record, recording, RESULTS, Row, write
from benchmarks.report import size, table


COMMAND = "python -m benchmarks.absent"
PATH = RESULTS / "compiled-absent.json"
_HERE = Path(__file__).resolve()
_BEFORE = ", before"
# What compiles for the devices.
_COMPILERS = ("libtpu", "jax-cuda13-pjrt")
# A program that takes longer is a finding of its own.
_LONGEST = 600.0


def compiled(device: str, program: str, checkout: Path) -> dict[str, Any] | str:
    """Compile a program in a process of its own.

    Args:
        device: one of `DEVICES`.
        program: one of `PROGRAMS`.
        checkout: folder of the library.

    Returns:
        What `absent_program` writes, or the last line of the error.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout), "JAXSUPER_CACHE": "none"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "compiled.json"
        script = _HERE.with_name("absent_program.py")
        line = [sys.executable, str(script), device, program, str(out)]
        try:
            done = subprocess.run(
                line, env=environment, capture_output=True, text=True, timeout=_LONGEST
            )
        except subprocess.TimeoutExpired:
            return f"compiled for more than {_LONGEST:.0f} s"
        if done.returncode:
            return (done.stderr.strip() or "ended without a word").splitlines()[-1]
        return json.loads(out.read_text())


def row_of(name: str, found: dict[str, Any]) -> Row:
    """Return what is known of a compiled program."""
    does = executed(found["text"])
    row = Row(found["device"], name, processor=found["compile"])
    row.memory = float(sum(found[part] for part in ("argument", "output", "temp")))
    row.estimate = found.get("estimate")
    row.figures = {"kernels": does.kernels, "waits": does.waits, "trace_seconds": found["trace"]}
    names = ("width", "capacity", "chunk", "samples")
    row.figures |= {name: found[name] for name in names if name in found}
    return row


def page(record: Record) -> str:
    """Return the tables of a record, one for each device."""
    parts = [f"# Compiled for devices that are not here\n\n`{COMMAND}`, {_versions(record)}.\n"]
    for device in dict.fromkeys(row.section for row in record.rows):
        rows = [row for row in record.rows if row.section == device]
        lines = []
        for row in sorted(rows, key=lambda row: row.name):
            wide = row.figures.get("width")
            estimate = row.estimate
            share = "" if estimate is None or not row.memory else f"{estimate / row.memory:.2f}"
            lines.append(
                [
                    row.name,
                    "" if wide is None else f"{wide:.0f}",
                    f"{row.figures['kernels']:,.0f}",
                    f"{row.figures['waits']:.0f}",
                    f"{row.processor or 0:.1f} s",
                    size(row.memory),
                    "" if estimate is None else size(estimate),
                    share,
                ]
            )
        head = ["program", "side by side", "kernels", "waits", "compiling", "memory", "estimate"]
        parts.append(f"## {device}\n\n{table([*head, 'estimate / memory'], lines)}")
    return "\n".join(parts)


def _versions(record: Record) -> str:
    names = ("jax", "jaxlib", *_COMPILERS)
    known = record.environment
    return ", ".join(f"{name} {known[name]}" for name in names if name in known)


def main(words: list[str] | None = None) -> int:
    """Compile, print, write; status 1 if a program could not be compiled."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--device", nargs="+", choices=DEVICES, default=DEVICES)
    parser.add_argument("--program", nargs="+", choices=tuple(PROGRAMS), default=tuple(PROGRAMS))
    parser.add_argument("--peer", type=Path, help="checkout to compile instead, as before")
    parser.add_argument("--out", type=Path, default=PATH)
    given = parser.parse_args(words)
    checkout, suffix = (_HERE.parents[1], "") if given.peer is None else (given.peer, _BEFORE)
    kept = load(given.out).rows if given.out.exists() else []
    failed = []
    with recording(COMMAND, False, 0) as record:
        for name in _COMPILERS:
            try:
                record.environment[name] = version(name)
            except PackageNotFoundError:
                continue
        for device, program in ((d, p) for d in given.device for p in given.program):
            print(f"{device}: {program}{suffix} ...", file=sys.stderr, flush=True)
            found = compiled(device, program, checkout.resolve())
            if isinstance(found, str):
                failed.append(f"{device}: {program}{suffix}: {found}")
                continue
            row = row_of(program + suffix, found)
            kept = [old for old in kept if (old.section, old.name) != (row.section, row.name)]
            kept.append(row)
            record.rows = sorted(kept, key=lambda row: (row.section, row.name))
            write(record, given.out)
    write(record, given.out)
    given.out.with_suffix(".md").write_text(page(record))
    print(page(record))
    for line in failed:
        print(line, file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
