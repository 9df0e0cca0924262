"""Run many bad inputs through the driver, and go on after one that takes it down."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from jaxsuper._limits import BASE_BYTES

from .case import Case, Outcome
from .driver import lay_out, snapshot


ROOT = Path(__file__).parents[2]
# For start and imports of the driver, and for a case that no alarm reaches.
_PATIENCE = 90


def complaints(errors: str) -> str:
    """Return what was said on standard error, without the log of a slow run's progress."""
    lines = errors.splitlines(keepends=True)
    return "".join(each for each in lines if not each.rstrip().endswith(("elapsed", "left")))


def environment() -> dict[str, str]:
    """Return the environment of commands that tests start."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": ""}


def outcomes(cases: Sequence[Case], folder: Path) -> list[Outcome]:
    """Return what came of each case; status 137 for what took the process down or hung."""
    file = folder / "cases.pickle"
    file.write_bytes(pickle.dumps(list(cases)))
    found: dict[int, Outcome] = {}
    while len(found) < len(cases):
        first = len(found)
        running = _driven(file, first, found)
        if len(found) < len(cases):
            found[len(found)] = Outcome(137, errors=f"killed: {running}")
    return [found[index] for index in range(len(cases))]


def _driven(file: Path, first: int, found: dict[int, Outcome]) -> str:
    """Let a driver add outcomes from a case on; return the last words of one that ended early."""
    command = [sys.executable, "-m", "tests.robustness.driver", str(file), str(first)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        last: list[str] = []
        reader = threading.Thread(target=lambda: last.extend(process.stderr or ()), daemon=True)
        reader.start()
        timer = threading.Timer(_PATIENCE, process.kill)
        timer.start()
        for line in process.stdout:
            timer.cancel()
            timer = threading.Timer(_PATIENCE, process.kill)
            timer.start()
            answer = json.loads(line)
            if "status" in answer:
                index = answer.pop("index")
                found[index] = Outcome(**answer | {"changed": tuple(answer["changed"])})
        timer.cancel()
        reader.join(5)
    return "".join(last)[-300:]


def started(case: Case, folder: Path) -> Outcome:
    """Run a case as a shell does, in a folder of its own."""
    folder.mkdir()
    lay_out(case, folder)
    before = snapshot(folder)
    command = [sys.executable, "-m", "jaxsuper", *case.words]
    with (
        tempfile.TemporaryFile() as printed,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=printed, stderr=errors
        ) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds, after = used.ru_utime + used.ru_stime, snapshot(folder)
        said, error = _text(printed), _text(errors)
    changed = [n for n in {*before, *after} if before.get(n, 0) != after.get(n, 0)]
    # The peak counts what the tests held when they started the process.
    peak = max(0, used.ru_maxrss * 1024 - BASE_BYTES)
    return Outcome(process.returncode, said, error, seconds, peak, tuple(sorted(changed)))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
