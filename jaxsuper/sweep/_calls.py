"""Calls of programs on their way: dispatched ahead, waited for, and written by a thread of their own."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Any

import jax
import numpy as np


# Calls that may be measured and not yet written: with those in flight what a kill loses, and what
# memory holds.
_UNWRITTEN = 1


@dataclass
class Call:
    """One call of a program.

    Attributes:
        names: of the configurations it measures.
        slots: where in the program's batch each of them is.
        numbers: of its bucket, and how many there are.
        result: what the program returns.
        started: when it was dispatched.
        ready: when its result was there, once that is known.
        seconds: in which the devices had this call and none before it.
        written: how many of its configurations failed, once all are written.
    """

    names: list[str]
    slots: np.ndarray
    numbers: tuple[int, int]
    result: Any = None
    started: float = 0.0
    ready: Future = field(default_factory=Future)
    seconds: float = 0.0
    written: Future = field(default_factory=Future)


def calls_ahead() -> int:
    """Return how many calls should wait in a device's queue behind the one that runs.

    A CPU would run them side by side, for which there is neither core nor memory; the processes of a
    job ask each other before every call, which would wait in the same queue.
    """
    return int(jax.default_backend() != "cpu" and jax.process_count() == 1)


class Calls:
    """The calls of a run, in order: at most so many wait for a device, and few to be written.

    Two threads serve them: one notices when a result is there, one writes. An error of either is
    raised by the next question here, in the caller's thread; nothing is written after it.

    Attributes:
        busy: seconds in which the devices had a call, of those that are written.
    """

    def __init__(self, write: Callable[[Call], int]) -> None:
        """Start without a call.

        Args:
            write: called with one call after the other, whose result is there; returns how many
                of its configurations failed.
        """
        self._write = write
        self._running: deque[Call] = deque()
        self._unwritten: deque[Call] = deque()
        self._ahead = calls_ahead()
        self._last_ready = self.busy = 0.0
        self._failed, self._abandoned = False, inf
        self._watcher = ThreadPoolExecutor(1, "sweep-waits")
        self._writer = ThreadPoolExecutor(1, "sweep-writes")

    def await_room(self) -> None:
        """Wait until another call may be dispatched: the devices have few, and few are unwritten."""
        while len(self._running) > self._ahead:
            self._running.popleft().ready.result()
        if len(self._unwritten) >= self._ahead + 1 + _UNWRITTEN:
            self._unwritten[0].written.result()

    def send(self, call: Call, compiled: Callable[..., Any], *arguments: Any) -> None:
        """Dispatch a call; it is written as soon as it has been measured."""
        call.started = perf_counter()
        call.result = compiled(*arguments)
        call.ready = self._watcher.submit(_ready, call.result)
        call.written = self._writer.submit(self._finish, call)
        self._running.append(call)
        self._unwritten.append(call)

    def written(self, everything: bool = False) -> list[tuple[Call, int]]:
        """Return the calls written since this was last asked, with how many failed in each.

        Args:
            everything: wait until all are.

        Raises:
            OSError: if one could not be written.
        """
        found = []
        while self._unwritten and (everything or self._unwritten[0].written.done()):
            failed = self._unwritten[0].written.result()
            call = self._unwritten.popleft()
            self.busy += call.seconds
            found.append((call, failed))
        return found

    def close(self, abandon: bool = False) -> None:
        """Wait for the threads.

        Args:
            abandon: write no call that is still measured.
        """
        if abandon:
            self._abandoned = perf_counter()
        self._watcher.shutdown()
        self._writer.shutdown()

    def _finish(self, call: Call) -> int:
        """Write a call once its result is there; in the writing thread."""
        try:
            ready = call.ready.result()
            if self._failed or ready > self._abandoned:
                return 0
            call.seconds = ready - max(call.started, self._last_ready)
            self._last_ready = ready
            return self._write(call)
        except BaseException:
            self._failed = True
            raise
        finally:
            call.result = None


def _ready(result: Any) -> float:
    """Return when a result was there; in the watching thread."""
    jax.block_until_ready(result)
    return perf_counter()
