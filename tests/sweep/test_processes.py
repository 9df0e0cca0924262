"""Jobs of several processes: they agree before they start, and the loss of one ends the others."""

import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from jaxsuper.commands import _job
from jaxsuper.sweep import (
    _processes,
    Allocations,
    grid_from_toml,
    LostProcessError,
    make_plan,
)

from .commands import close, finish, free_port, GRID, ROOT, rows, same, start
from .test_interruption import SMALL_CALLS, wait_for_part


# Long enough to be killed in: 400 runs, each of some milliseconds.
LONG = GRID.replace("repeats = 12", "repeats = 200").replace("= 400", "= 2000")


def as_two(monkeypatch, other):
    """Make this process one of two, of which the other sends what `other` makes of our arrays."""
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    gather = lambda own: np.stack([own, other(own)])
    monkeypatch.setattr(_processes.multihost_utils, "process_allgather", gather)


def test_the_least_number_counts(monkeypatch):
    assert _processes.least(2**40 + 3) == 2**40 + 3
    sent = np.frombuffer((2**33 + 1).to_bytes(8, "little"), np.uint8)
    as_two(monkeypatch, lambda own: sent)
    assert _processes.least(2**40 + 3) == 2**33 + 1
    assert _processes.least(5) == 5


def test_what_differs_is_named(monkeypatch):
    _processes.check_alike({"grid": 1})
    as_two(monkeypatch, lambda own: own)
    _processes.check_alike({"grid": [1], "shard": (1, 2)})
    theirs = []
    as_two(monkeypatch, lambda own: theirs.append(own) or own)
    _processes.check_alike({"grid": [1], "shard": (2, 2)})
    as_two(monkeypatch, lambda own: theirs[0])
    rule = "`shard` must be the same in all processes, got another in process 1"
    with pytest.raises(ValueError, match=rule):
        _processes.check_alike({"grid": [1], "shard": (1, 2)})


def test_a_failed_exchange_is_a_lost_process(monkeypatch):
    def fail(own):
        raise ValueError("UNKNOWN: Gloo AllGather failed: Connection closed by peer\nmore")

    as_two(monkeypatch, fail)
    with pytest.raises(LostProcessError, match="another process of the job was lost"):
        _processes.any_process(np.zeros(2, bool))


def test_no_cluster_is_bad_input_and_no_lost_process(monkeypatch):
    def fail(*_, **__):
        raise ValueError(reason)

    monkeypatch.setattr(jax.distributed, "initialize", fail)
    reason = "coordinator_address should be defined."
    with pytest.raises(ValueError, match="where no cluster is found, got auto"):
        _processes.join_processes("auto")
    reason = "the others did not come."
    with pytest.raises(LostProcessError, match="did not find each other: the others did not come$"):
        _processes.join_processes("auto")


# How a supervised child ends, and what is said of it: status and a part of the line.
ENDS = {
    "return 0": (0, ""),
    "return 1": (1, ""),
    "os.abort()": (3, "another process of the job was lost, and XLA ended this one; what was"),
    "os.kill(os.getpid(), 9)": (137, "ended by SIGKILL; what was written is kept"),
    "raise KeyboardInterrupt(15)": (143, "interrupted; nothing was written"),
    "raise RuntimeError('no')": (1, "RuntimeError: no"),
    "return lost(ValueError('gone'))": (3, "gone; what was written is kept: run the same command"),
}
CHILD = """
import os, signal, sys, time
from jaxsuper.commands._job import lost, supervised
def work():
    {body}
sys.exit(supervised(work))
"""


def child(body, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(body=body)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_every_end_has_a_status_and_a_line():
    jobs = {body: child(body) for body in ENDS}
    for body, (status, line) in ENDS.items():
        _, errors = jobs[body].communicate(timeout=60)
        assert jobs[body].returncode == status and line in errors, (body, errors)
        assert errors or not line


def test_signals_are_passed_on_and_a_killed_parent_takes_the_child_along():
    waits = "print(os.getpid(), flush=True); time.sleep(60); return 0"
    term, kill = child(waits), child(waits)
    for process, number in ((term, signal.SIGTERM), (kill, signal.SIGKILL)):
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.send_signal(number)
        process.communicate(timeout=30)
        deadline = time.monotonic() + 30
        while _alive(worker):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    # The child had no handler: it was ended, and the parent says so.
    assert term.returncode == 128 + signal.SIGTERM


def _alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that has ended stays in the table until its parent, by now the system, has looked.
    with open(f"/proc/{process}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_no_fork_beside_jax():
    here_ = os.getpid()
    assert _job.supervised(lambda: int(os.getpid() != here_)) == 0


def job(out, *more, grid=LONG, processes=2, extra=()):
    """Start the processes of a job; `extra` are more words for the last."""
    words = ("--coordinator", f"127.0.0.1:{free_port()}", "--processes", processes, *more)
    last = processes - 1
    return [
        start(out, *words, "--process", i, *(extra if i == last else ()), grid=grid, devices=1)
        for i in range(processes)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_the_other_and_nothing_is_lost(victim, tmp_path):
    out = tmp_path / "store"
    both = job(out, "--call-seconds", "0.02")
    wait_for_part(both[victim], out, 4)
    both[victim].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    _, errors = both[1 - victim].communicate(timeout=60)
    both[victim].communicate(timeout=60)
    assert time.monotonic() - killed < 60 and both[1 - victim].returncode == 3
    last = [line for line in errors.splitlines() if line.startswith("jaxsuper: another")]
    assert last and "was lost" in last[0] and "run the same command again" in last[0]
    assert 0 < rows(out)["config_id"].n_unique() < 400
    for process in job(out):
        finish(process)
    # In a process of its own too, since this one compiles with other optimizations.
    finish(start(tmp_path / "alone", grid=LONG, devices=1))
    assert close(rows(out), rows(tmp_path / "alone"))
    assert not list(tmp_path.rglob("*.set-aside")) and not list(tmp_path.rglob("*.partial*"))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["prime-steps", "random"])
def test_devices_and_processes_are_the_same_bit_for_bit(family, tmp_path):
    """Eight devices, and two processes; with sets that all share, and with each seed's own."""
    grid = GRID.replace("[product]", f'allocation = "{family}"\n[product]')
    finish(start(tmp_path / "one", grid=grid, devices=1))
    finish(start(tmp_path / "eight", grid=grid, devices=8))
    for process in job(tmp_path / "two", grid=grid):
        finish(process)
    alone = rows(tmp_path / "one")
    assert same(rows(tmp_path / "eight"), alone) and same(rows(tmp_path / "two"), alone)
    assert len(alone) == 24 * 3 * 16
    finish(start(tmp_path / "other", grid=grid.replace("[0.25, 0.4]", "[0.25, 0.4001]"), devices=1))
    assert not same(rows(tmp_path / "other").select("value"), alone.select("value"))


DIFFERENT = {
    ("--call-seconds", "0.5"): "`call_seconds` must be the same in all processes, got another in",
    ("--shard", "1/2"): "`shard` must be the same in all processes",
}


@pytest.mark.slow
@pytest.mark.parametrize("extra", DIFFERENT, ids="".join)
def test_processes_that_do_not_agree_do_not_start(extra, tmp_path):
    for process in job(tmp_path / "store", extra=extra):
        _, errors = finish(process, 2)
        lines = [line for line in errors.splitlines() if line.startswith("jaxsuper")]
        assert len(lines) == 1 and DIFFERENT[extra] in lines[0]
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_the_least_memory_of_all_is_planned_with(tmp_path):
    """One has memory for a batch, the other for part of it: alone they would not plan alike."""
    out = tmp_path / "store"
    configurations = grid_from_toml(GRID).configurations()
    limits = (901 * 2**20, 4000 * 2**20)
    plans = [make_plan(configurations, Allocations(), memory=m, n_devices=1) for m in limits]
    assert plans[0].programs != plans[1].programs
    for process in job(out, grid=GRID, extra=("--memory", "901MiB")):
        finish(process)
    finish(start(tmp_path / "alone", "--memory", "901MiB", devices=1))
    assert close(rows(out), rows(tmp_path / "alone"))


@pytest.mark.slow
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_to_one_stops_all_after_the_call(number, status, tmp_path):
    out = tmp_path / "store"
    both = job(out, *SMALL_CALLS)
    wait_for_part(both[1], out, 4)
    both[1].send_signal(number)
    _, errors = finish(both[1], status)
    assert "configurations are left: run the same command again to resume" in errors
    finish(both[0], 130)
    assert 0 < rows(out)["config_id"].n_unique() < 400
