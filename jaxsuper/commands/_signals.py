"""SIGINT and SIGTERM: both keep what was done, and say which of them it was by the exit status."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def handled(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Let a function answer SIGINT and SIGTERM, where signals are heard: in the main thread.

    Args:
        handler: of (signal, frame).
    """
    before = {}
    for wanted in (signal.SIGINT, signal.SIGTERM):
        try:
            before[wanted] = signal.signal(wanted, handler)
        except ValueError:  # not the main thread: whoever runs it stops it
            break
    try:
        yield
    finally:
        for changed, previous in before.items():
            signal.signal(changed, previous)


@contextmanager
def caught_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM; a second SIGINT interrupts at once.

    Yields:
        A list that grows with every signal.
    """
    caught: list[int] = []

    def note(received: int, frame: Any) -> None:
        del frame
        if caught and received == signal.SIGINT:
            raise KeyboardInterrupt(received)
        caught.append(received)

    with handled(note):
        yield caught


@contextmanager
def terminated_like_interrupted() -> Iterator[list[int]]:
    """Raise `KeyboardInterrupt` on SIGTERM as on SIGINT; `exit_status` tells them apart.

    Every command runs in one: what it keeps on Ctrl-C it keeps when a batch system ends it.

    Yields:
        A list that grows with every signal.
    """
    caught: list[int] = []

    def interrupt(received: int, frame: Any) -> None:
        del frame
        caught.append(received)
        raise KeyboardInterrupt(received)

    with handled(interrupt):
        yield caught


def exit_status(interrupt: KeyboardInterrupt) -> int:
    """Return the exit status after an interrupt: 143 if it was SIGTERM, otherwise 130."""
    received = interrupt.args[0] if interrupt.args else signal.SIGINT
    return 128 + int(received)
