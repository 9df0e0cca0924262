"""Count and time what searches compile; write results/searches-<device>.json.

    python -m benchmarks.searches benchmarks/results [CHECKOUT]

Each command runs in a process of its own, once without programs on disk and once with those that it
left there. CHECKOUT is the folder of another version of the library, whose commands take turns with
these: they are the peers of the rows, and their answers have to be the same but for rounding.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.records import Check, device_name, recording, Row, write


SIZES = "--network-width 400 --n-active 2 --n-layers 5"
COMMANDS = {
    "design": f"design {SIZES} --n-circuits 200 --error-target 0.3",
    "scaling capacity": f"scaling capacity {SIZES} --error-target 0.5 --design published private carried",
}
# Numbers are the same to so many parts; a descent's 25 steps through ReLUs make more of rounding.
TOLERANCE, AFTER_DESCENT = 1e-5, 0.02
_LOGGED = re.compile(r"Finished (XLA compilation|tracing|jaxpr to MLIR).* in ([\d.e-]+) sec")
_KEYS = {"XLA compilation": "compiling", "tracing": "tracing", "jaxpr to MLIR": "lowering"}


class Counter(logging.Handler):
    """Counts programs and adds up the seconds that JAX logs."""

    def __init__(self) -> None:
        super().__init__()
        self.programs, self.seconds = 0, dict.fromkeys(_KEYS.values(), 0.0)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line of the log."""
        found = _LOGGED.match(record.getMessage())
        if found:
            self.programs += found[1] == "XLA compilation"
            self.seconds[_KEYS[found[1]]] += float(found[2])


def child(words: list[str]) -> int:
    """Run a command and print what it compiled; of any version of the library."""
    import jax

    counter = Counter()
    for name in ("jax._src.dispatch", "jax._src.interpreters.pxla"):
        log = logging.getLogger(name)
        log.propagate = False
        log.addHandler(counter)
    jax.config.update("jax_log_compiles", True)
    from jaxsuper.cli import main

    started, worked = perf_counter(), process_time()
    status = main(words)
    spent = {"wall": perf_counter() - started, "processor": process_time() - worked}
    seconds = {**spent, **counter.seconds}
    print(json.dumps({"programs": counter.programs, **seconds}))
    return status


def run(command: str, checkout: Path, programs: str, result: Path) -> dict[str, float]:
    """Run a command in a process of its own.

    Args:
        command: its words.
        checkout: of the library.
        programs: folder that keeps programs, or "none".
        result: the JSON it is to write.

    Returns:
        Programs compiled or read from disk, and seconds.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout), "JAXSUPER_CACHE": programs}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    line = [sys.executable, str(Path(__file__).resolve()), *command.split(), "--json", str(result)]
    output = subprocess.run(
        line, env=environment, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout
    return json.loads(output.splitlines()[-1])


def row_of(
    name: str, found: dict[str, float], peer: str | None, than: Mapping[str, float] | None
) -> Row:
    """Return what one command took, beside its peer."""
    wall, processor = found.pop("wall"), found.pop("processor")
    row = Row("searches", name, seconds=wall, processor=processor, figures=found)
    if than is not None:
        row.peer, row.ratio = peer, wall / than["wall"]
        row.ratio_processor = processor / than["processor"]
    return row


def numbers_of(result: Mapping[str, Any]) -> dict[tuple[str, ...], tuple[float, bool]]:
    """Return the measured errors of a result, and whether a descent went before."""
    numbers = {}
    for row in result["rows"]:
        if "points" in row:
            for point in row["points"]:
                name = (row["design"], str(point["n_circuits"]), point["choices"])
                numbers[name] = point["value"], False
        else:
            tuned, config = row["method"] == "gradient", row["config"]
            sizes = [config[key] for key in ("redundancy", "indicator_redundancy")]
            numbers[row["kind"], row["method"], *map(str, sizes)] = row["value"], tuned
    return numbers


def same_answers(name: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> Check:
    """Check that two results are the same but for rounding."""
    ours, theirs = numbers_of(here), numbers_of(there)
    tolerance = f"{TOLERANCE:g} relative, {AFTER_DESCENT:g} after a descent; the same designs"
    if ours.keys() != theirs.keys():
        note = f"only one has {sorted(ours.keys() ^ theirs.keys())}"
        return Check(name, False, float("inf"), tolerance, note)
    gaps = [
        abs(value - theirs[key][0]) / theirs[key][0] / (AFTER_DESCENT if tuned else TOLERANCE)
        for key, (value, tuned) in ours.items()
    ]
    return Check(name, max(gaps) <= 1, max(gaps), tolerance, f"{len(gaps)} numbers")


def main(folder: Path, other: Path | None) -> int:
    """Run all commands and write the record; status 1 if answers differ."""
    here = Path(__file__).resolve().parents[1]
    checkouts = {"": here} | ({} if other is None else {", before": other.resolve()})
    words = f"python -m benchmarks.searches {folder}" + (" CHECKOUT" if other else "")
    with recording(words, False, 0) as record, tempfile.TemporaryDirectory() as place:
        for name, command in COMMANDS.items():
            results: dict[str, Any] = {}
            for state in ("", ", programs on disk"):
                taken: dict[str, dict[str, float]] = {}
                for version, checkout in reversed(checkouts.items()):
                    programs, result = f"{place}/{name}{version}", Path(place, "result.json")
                    # What the first run leaves is what the second one finds.
                    found = run(command, checkout, programs, result)
                    results[version] = json.loads(result.read_text())
                    taken[version] = dict(found)
                    than = None if version else taken.get(", before")
                    peer = f"{name}{state}, before"
                    record.rows.append(row_of(f"{name}{state}{version}", found, peer, than))
                    print(record.rows[-1], flush=True)
            if other is not None:
                record.checks.append(same_answers(name, results[""], results[", before"]))
                print(record.checks[-1], flush=True)
    write(record, folder / f"searches-{device_name(record)}.json")
    return 1 if record.failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and not Path(sys.argv[1]).is_dir():
        sys.exit(child(sys.argv[1:]))
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
