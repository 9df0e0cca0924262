"""Calls ahead of the devices, a thread that writes in order, and allocations that travel once."""

import errno
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _calls, _designs, _run, run_sweep, Store

from .commands import rows, same


SEVERAL = [Configuration(120, 30, 3, 2, 2, 32, seed=seed) for seed in range(8)]
SECONDS = 30


class Result:
    """What a program that takes its time returns."""

    def __init__(self, ready=True):
        self.event = threading.Event()
        if ready:
            self.event.set()

    def block_until_ready(self):
        assert self.event.wait(SECONDS)


def send(calls, name, result):
    calls.send(_calls.Call([name], np.zeros(1, int), (1, 1)), lambda: result)


class Serial(_calls.Calls):
    """The wrong variant: each call is written before the next is dispatched."""

    def send(self, call, compiled, *arguments):
        super().send(call, compiled, *arguments)
        call.written.result()


def log_of(monkeypatch, out, kind):
    """Run a sweep; return what happened, in order, and in which threads parts were written."""
    log, threads, append, ready = [], set(), Store.append, threading.Event()

    def sending(self, call, compiled, *arguments):
        log.append("dispatched")
        if len(log) > 1:
            ready.set()
        kind.send(self, call, compiled, *arguments)

    def appending(self, frame):
        # The first part waits for the second call, which comes unless it waits for the part.
        ready.wait(0.2 if kind is Serial else SECONDS)
        log.append(f"written {sorted(set(frame['seed']))}")
        threads.add(threading.current_thread())
        return append(self, frame)

    monkeypatch.setattr(_run, "Calls", type("Logged", (kind,), {"send": sending}))
    monkeypatch.setattr(Store, "append", appending)
    result = run_sweep(SEVERAL, out, call_seconds=1e-6)
    monkeypatch.undo()
    assert (result.done, result.failed, len(rows(out))) == (8, 0, 8 * 32)
    return log, threads


def test_the_next_call_is_dispatched_before_the_last_is_written(tmp_path, monkeypatch):
    log, threads = log_of(monkeypatch, tmp_path / "store", _calls.Calls)
    assert log[:2] == ["dispatched"] * 2 and log.count("dispatched") == 4
    written = [entry for entry in log if entry != "dispatched"]
    assert written == [f"written [{seed}, {seed + 1}]" for seed in (0, 2, 4, 6)]
    assert len(threads) == 1 and threading.main_thread() not in threads
    log, _ = log_of(monkeypatch, tmp_path / "serial", Serial)
    assert log[:2] != ["dispatched"] * 2
    assert same(rows(tmp_path / "store"), rows(tmp_path / "serial"))


def test_an_error_of_the_thread_is_raised_and_nothing_is_written_after_it():
    written = []

    def write(call):
        if call.names == ["second"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written.append(call.names) or 0

    calls = _calls.Calls(write)
    for name in ("first", "second", "third"):
        send(calls, name, Result())
    with pytest.raises(OSError, match="No space left"):
        calls.written(everything=True)
    calls.close()
    assert written == [["first"]]


def test_an_error_of_a_device_is_raised():
    def fail():
        raise RuntimeError("RESOURCE_EXHAUSTED")

    calls, written = _calls.Calls(lambda call: written.append(call.names) or 0), []
    send(calls, "first", SimpleNamespace(block_until_ready=fail))
    send(calls, "second", Result())
    with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
        calls.await_room()
    calls.close()
    assert not written


@pytest.mark.parametrize("ahead", [0, 1])
def test_no_more_calls_wait_than_should(ahead, monkeypatch):
    monkeypatch.setattr(_calls, "calls_ahead", lambda: ahead)
    slow, calls = Result(ready=False), _calls.Calls(lambda call: 0)
    send(calls, "first", slow)
    waiting = threading.Thread(target=calls.await_room)
    waiting.start()
    waiting.join(None if ahead else 0.1)
    assert waiting.is_alive() != bool(ahead)
    slow.event.set()
    waiting.join(SECONDS)
    calls.close()


def test_few_calls_are_unwritten():
    disk, calls = threading.Event(), _calls.Calls(lambda call: int(not disk.wait(SECONDS)))
    for name in "ab":
        calls.await_room()
        send(calls, name, Result())
    waiting = threading.Thread(target=calls.await_room)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive() and not calls.written()
    disk.set()
    waiting.join(SECONDS)
    assert [call.names for call, _ in calls.written(everything=True)] == [["a"], ["b"]]
    calls.close()


def test_what_is_measured_when_all_is_abandoned_is_written_and_the_rest_is_not():
    written, disk, slow = [], threading.Event(), Result(ready=False)
    calls = _calls.Calls(lambda call: written.append(*call.names) or int(not disk.wait(SECONDS)))
    send(calls, "being written", Result())
    send(calls, "measured", Result())
    calls._unwritten[1].ready.result()
    send(calls, "still measured", slow)
    closing = threading.Thread(target=calls.close, kwargs={"abandon": True})
    closing.start()
    closing.join(0.1)
    disk.set()
    slow.event.set()
    closing.join(SECONDS)
    assert written == ["being written", "measured"]


def test_overlapping_calls_are_busy_once(monkeypatch):
    """Dispatched at 0, 1 and 9, there at 3, 5 and 10: busy for 3, 2 and 1 seconds."""
    dispatched, there = iter([0.0, 1.0, 9.0]), iter([3.0, 5.0, 10.0])
    monkeypatch.setattr(_calls, "perf_counter", lambda: next(dispatched))
    monkeypatch.setattr(_calls, "_ready", lambda result: next(there))
    calls = _calls.Calls(lambda call: 0)
    for name in "abc":
        send(calls, name, None)
    found = calls.written(everything=True)
    calls.close()
    assert [call.seconds for call, _ in found] == [3, 2, 1] and calls.busy == 6


def placed_tables(monkeypatch, configurations, out):
    """Return how many entries each table had that was placed while a sweep ran."""
    sizes, real = [], _designs.place

    def placing(tree, mesh):
        sizes.append(tree[0].sets.shape[0] // mesh.size)
        return real(tree, mesh)

    monkeypatch.setattr(_designs, "place", placing)
    result = run_sweep(configurations, out, call_seconds=1e-6)
    monkeypatch.undo()
    assert result.failed == 0
    return sizes


@pytest.mark.slow
def test_each_allocation_travels_once(tmp_path, monkeypatch):
    """One table for four calls where all share their sets; one for each where every seed has its own."""
    sizes = placed_tables(monkeypatch, SEVERAL, tmp_path / "shared")
    assert sizes == [1] and len(list(tmp_path.rglob("*.parquet"))) == 4
    drawn = [replace(one, allocation="random") for one in SEVERAL]
    assert placed_tables(monkeypatch, drawn, tmp_path / "drawn") == [1] * 4
