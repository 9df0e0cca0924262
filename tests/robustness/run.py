"""Run many bad inputs through the driver, and go on after one that takes it down."""

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .case import Case, Outcome


ROOT = Path(__file__).parents[2]
# For start and imports of the driver, and for a case that no alarm reaches.
_PATIENCE = 90


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
