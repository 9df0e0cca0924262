"""Run bad inputs one after the other in one process, as data from a file: `driver CASES FIRST`.

Prints a line of JSON for each. A process of its own, since the type checks of the tests would
answer in place of the library, and since what hangs or grows has to be ended from outside.
"""

import io
import json
import os
import pickle
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from .case import Case, SECONDS


# Above what the libraries have: what grows further ends in a `MemoryError`, not in a kill.
ROOM = 6 * 2**30
SETUP = """
import jax, numpy as np, jaxsuper
from pathlib import Path
from jaxsuper import *
from jaxsuper import allocation, circuits, design, network, simulation, sweep, testing, training
key = jax.random.key(0)
rotations = Rotation.random(12, key=key)
sets = allocate(25, 3, 12)
net = build(rotations, sets, 2, key=key)
settings = Configuration(100, 12, 3, 1, 2, 16)
problem = design.Problem(80, 12, 1, 2)
measured = simulate(net, 1, 16, key=key)
"""


class TooLong(BaseException):
    """No error of the library or a command: nothing catches it."""


def _too_long(*_):
    raise TooLong


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Return all files of a folder with their content, None for folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = path.read_bytes() if path.is_file() else None
    return found


def lay_out(case: Case, folder: Path) -> None:
    """Write the files of a case."""
    for name, content in case.files.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _status(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not permitted: the peak is that of all cases
        pass


def _call(case: Case, namespace: dict, error: io.StringIO) -> int:
    """Run a case; return its status."""
    from jaxsuper import cli

    if case.words:
        return cli.main(case.words)
    try:
        exec(case.code, dict(namespace))
    except (ValueError, TypeError) as refused:
        print(refused, file=error)
        return 2
    return 0


def run(case: Case, call: Callable[[io.StringIO], int]) -> dict:
    """Run a case in a folder of its own and return what came of it."""
    folder, home = Path(tempfile.mkdtemp()), Path.cwd()
    lay_out(case, folder)
    before = snapshot(folder)
    printed, error = io.StringIO(), io.StringIO()
    _forget_peak()
    held, started = _status("VmRSS"), time.process_time()
    os.chdir(folder)
    signal.alarm(6 * int(SECONDS))
    try:
        with redirect_stdout(printed), redirect_stderr(error), warnings.catch_warnings():
            status = call(error)
    except TooLong:
        status = 124
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    except BaseException as fault:
        status = 1
        print(f"Traceback: {type(fault).__name__}: {fault}", file=error)
    finally:
        signal.alarm(0)
        os.chdir(home)
    seconds, after = time.process_time() - started, snapshot(folder)
    shutil.rmtree(folder, ignore_errors=True)
    changed = [n for n in {*before, *after} if before.get(n, 0) != after.get(n, 0)]
    return {
        "status": status,
        "printed": printed.getvalue()[:200],
        "errors": error.getvalue()[:5000],
        "seconds": seconds,
        "bytes": max(0, _status("VmHWM") - held),
        "changed": sorted(changed),
    }


def main(cases: str, first: str) -> None:
    """Run the cases of a file from a number on."""
    namespace: dict = {}
    exec(SETUP, namespace)
    signal.signal(signal.SIGALRM, _too_long)
    limit = _status("VmSize") + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    listed = pickle.loads(Path(cases).read_bytes())
    for index in range(int(first), len(listed)):
        case = listed[index]
        print(json.dumps({"index": index}), flush=True)
        found = run(case, lambda error, case=case: _call(case, namespace, error))
        print(json.dumps({"index": index, **found}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
