"""Times that can be compared: functions take turns, so that what else runs hits all alike."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, process_time
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from benchmarks.records import Fit, Row, Setting


class Turn(NamedTuple):
    """What one call took until its result was there: seconds, and those of all cores at work."""

    wall: float
    processor: float


def timed(run: Callable[[], Any]) -> Turn:
    """Time a call."""
    started, worked = perf_counter(), process_time()
    jax.block_until_ready(run())
    return Turn(perf_counter() - started, process_time() - worked)


def fastest(turns: Sequence[Turn]) -> float:
    """Return the seconds of the fastest turn."""
    return min(turn.wall for turn in turns)


def in_turns(
    runs: Mapping[str, Callable[[], Any]], *, turns: int = 15, budget: float = 8.0, least: int = 3
) -> dict[str, list[Turn]]:
    """Time several functions in turns, after a warm-up.

    Args:
        runs: functions by name.
        turns: how many turns at most.
        budget: seconds after which no new turn starts.
        least: turns that are made whatever they take.

    Returns:
        Every turn, by name.
    """
    for run in runs.values():
        jax.block_until_ready(run())
    found: dict[str, list[Turn]] = {name: [] for name in runs}
    started = perf_counter()
    for turn in range(turns):
        if turn >= least and perf_counter() - started > budget:
            break
        for name, run in runs.items():
            found[name].append(timed(run))
    return found


def rows_of(
    section: str,
    setting: Setting | None,
    found: Mapping[str, Sequence[Turn]],
    peers: Mapping[str, str] | None = None,
) -> list[Row]:
    """Return a row for each of what took turns, with its ratio to its peer.

    Args:
        section: of the suite.
        setting: of the network.
        found: every turn, by name.
        peers: name -> name of the peer.

    Returns:
        The rows, in the order of `found`.
    """
    rows = []
    on_cpu = jax.default_backend() == "cpu"
    for name, turns in found.items():
        own = [turn.wall for turn in turns]
        row = Row(section, name, setting, min(own), float(np.median(own)), len(own))
        if on_cpu:
            row.processor = min(turn.processor for turn in turns)
        peer = (peers or {}).get(name)
        if peer is not None:
            others = found[peer]
            pairs = zip(own, others, strict=True)
            row.peer, row.ratio = peer, min(own) / fastest(others)
            row.ratio_paired = float(np.median([wall / other.wall for wall, other in pairs]))
            if row.processor is not None:
                row.ratio_processor = row.processor / min(turn.processor for turn in others)
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
        took: to trace, lower and compile it.
        memory: bytes of arguments, results and temporaries.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Compile a function.

        Args:
            function: to be jitted.
            *arguments: arrays, or pytrees of them.
        """
        started, worked = perf_counter(), process_time()
        self._program = eqx.filter_jit(function).lower(*arguments).compile()
        self.took = Turn(perf_counter() - started, process_time() - worked)
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
