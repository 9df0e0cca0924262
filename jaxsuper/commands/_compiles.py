"""What a command compiled: how many programs, and the seconds that this took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


_COMPILED = "/jax/core/compile/backend_compile_duration"
_FOUND = "/jax/compilation_cache/cache_hits"


@dataclass
class Compiled:
    """Programs that were needed.

    Attributes:
        programs: how many, those that the disk had included.
        found: those that the disk had.
        seconds: of compiling and reading; programs side by side count each.
    """

    programs: int = 0
    found: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.programs} programs, {self.programs - self.found} compiled and {self.found} "
            f"read from disk, in {self.seconds:.1f} s"
        )


_open: list[Compiled] = []
_listening: list[bool] = []


@contextmanager
def compiles_counted() -> Iterator[Compiled]:
    """Yield what counts the programs of the body."""
    import jax

    if not _listening:
        _listening.append(True)
        jax.monitoring.register_event_duration_secs_listener(_took)
        jax.monitoring.register_event_listener(_happened)
    counter = Compiled()
    _open.append(counter)
    try:
        yield counter
    finally:
        _open.remove(counter)


def _took(event: str, duration_secs: float, **_: object) -> None:
    for counter in _open if event == _COMPILED else ():
        counter.programs += 1
        counter.seconds += duration_secs


def _happened(event: str, **_: object) -> None:
    for counter in _open if event == _FOUND else ():
        counter.found += 1
