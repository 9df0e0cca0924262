"""Times that can be compared: functions take turns, so that what else runs hits all alike."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import equinox as eqx
import jax
import numpy as np

from benchmarks.records import Fit, Row, Setting


def timed(run: Callable[[], Any]) -> float:
    """Return the seconds until the result of a call is there."""
    started = perf_counter()
    jax.block_until_ready(run())
    return perf_counter() - started


def in_turns(
    runs: Mapping[str, Callable[[], Any]], *, turns: int = 15, budget: float = 8.0, least: int = 3
) -> dict[str, list[float]]:
    """Time several functions in turns, after a warm-up.

    Args:
        runs: functions by name.
        turns: how many turns at most.
        budget: seconds after which no new turn starts.
        least: turns that are made whatever they take.

    Returns:
        The seconds of every turn, by name.
    """
    for run in runs.values():
        jax.block_until_ready(run())
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    started = perf_counter()
    for turn in range(turns):
        if turn >= least and perf_counter() - started > budget:
            break
        for name, run in runs.items():
            seconds[name].append(timed(run))
    return seconds


def rows_of(
    section: str,
    setting: Setting | None,
    seconds: Mapping[str, Sequence[float]],
    peers: Mapping[str, str] | None = None,
) -> list[Row]:
    """Return a row for each of what took turns, with its ratio to its peer.

    Args:
        section: of the suite.
        setting: of the network.
        seconds: of every turn, by name.
        peers: name -> name of the peer.

    Returns:
        The rows, in the order of `seconds`.
    """
    rows = []
    for name, own in seconds.items():
        row = Row(section, name, setting, min(own), float(np.median(own)), len(own), figures={})
        peer = (peers or {}).get(name)
        if peer is not None:
            other = seconds[peer]
            row.peer, row.ratio = peer, min(own) / min(other)
            row.ratio_paired = float(np.median(np.divide(own, other)))
        rows.append(row)
    return rows


def fit(name: str, quantity: str, along: str, sizes: Sequence[int], values: Sequence[float]) -> Fit:
    """Fit values = a·sizes^k.

    Args:
        name: of what was measured.
        quantity: what it is.
        along: what grows.
        sizes: at least two different ones.
        values: above 0.

    Returns:
        k by least squares of the logarithms, with its standard error, and k of the last two.

    Raises:
        ValueError: for fewer than two sizes, or values that are not above 0.
    """
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(values, float))
    if len(set(sizes)) < 2 or not np.isfinite(y).all():
        raise ValueError(f"`sizes` and `values` must be two or more above 0, got {sizes}, {values}")
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    left = y - y.mean() - slope * centred
    freedom = len(x) - 2
    stderr = float(np.sqrt(left @ left / freedom / (centred @ centred))) if freedom else None
    last = float((y[-1] - y[-2]) / (x[-1] - x[-2]))
    return Fit(name, quantity, along, list(sizes), [float(v) for v in values], slope, stderr, last)


class Compiled:
    """A jitted function compiled ahead for one set of arguments.

    Attributes:
        trace_seconds: to trace and lower it.
        compile_seconds: to compile it.
        memory: bytes of arguments, results and temporaries.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Compile a function.

        Args:
            function: to be jitted.
            *arguments: arrays, or pytrees of them.
        """
        started = perf_counter()
        lowered = eqx.filter_jit(function).lower(*arguments)
        traced = perf_counter()
        self._program = lowered.compile()
        self.trace_seconds = traced - started
        self.compile_seconds = perf_counter() - traced
        self.memory = program_bytes(self._program.compiled)

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        return self._program(*arguments)


def program_bytes(compiled: Any) -> float | None:
    """Return what a compiled program holds at once, or None where the compiler does not say."""
    stats = compiled.memory_analysis()
    if stats is None:
        return None
    names = ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes")
    return float(sum(getattr(stats, name) for name in names))
