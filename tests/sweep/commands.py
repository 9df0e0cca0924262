"""Sweeps as a person starts them, in processes that share the cache of programs of all tests."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import polars
from jaxsuper import cli
from jaxsuper.sweep import read_store

from ..xla_flags import flags


ROOT = Path(__file__).parents[2]
# 24 runs of one shape, small but not instantaneous.
GRID = """
repeats = 12
[base]
network_width = 120
n_circuits = 40
redundancy = 3
n_active = 2
n_layers = 3
batch_size = 400
[product]
lower_threshold = [0.25, 0.4]
"""


def arguments(out, more, grid):
    """Return the arguments of `jaxsuper` for a grid given as text."""
    path = Path(f"{out}.toml")
    path.write_text(grid)
    return ["sweep", str(path), "--out", str(out), *map(str, more)]


def here(out, *more, grid=GRID):
    """Run `jaxsuper sweep` in this process, which has two devices: nothing is started for it."""
    assert cli.main(arguments(out, more, grid)) == 0


def start(out, *more, grid=GRID, devices=2, **options):
    """Start `jaxsuper sweep` in a process of its own."""
    environment = {
        **os.environ,
        "XLA_FLAGS": flags(devices),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "jaxsuper", *arguments(out, more, grid)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process, status=0):
    """Wait for a sweep; return what it printed."""
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == status, (process.returncode, printed, errors)
    return printed, errors


def rows(*folders):
    """Return what does not change from run to run."""
    return read_store([Path(folder) for folder in folders]).drop("wall_time")


def same(one, other):
    """Whether two tables are equal, row for row and bit for bit."""
    return one.equals(other, null_equal=True)


def close(one, other, tolerance=1e-6):
    """Whether two tables are equal but for rounding; values of a rounding's size are zero."""
    keys = ["config_id", "layer", "metric", "failure", "n_active", "n_circuits"]
    if not same(one.select(keys), other.select(keys)):
        return False
    for name in ("value", "stderr"):
        gap = (one[name] - other[name]).abs()
        allowed = tolerance * other[name].abs() + 1e-9
        if not (gap <= allowed).all() or (one[name].is_null() != other[name].is_null()).any():
            return False
    return True


def parts(folder):
    """Return the parts of a store."""
    return sorted(Path(folder).glob("parts/*.parquet"))


def free_port():
    """Return a port of the loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def kill(process):
    """End a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


__all__ = [
    "GRID",
    "ROOT",
    "close",
    "finish",
    "free_port",
    "here",
    "kill",
    "parts",
    "polars",
    "rows",
]
