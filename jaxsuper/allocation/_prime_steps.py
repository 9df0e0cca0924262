"""Prime steps: arithmetic progressions whose steps keep any two from meeting twice."""

import numpy as np
from jaxtyping import Int

from .._errors import check
from .._types import Sets
from ._allocation import Allocation, check_redundancy


def admissible_steps(block_width: int, redundancy: int) -> Int[np.ndarray, " steps"]:
    """Return the steps of the family, ascending within each base step.

    A step s is admissible if no prime p < S divides it. If S is not prime, s·S^k is admissible too.
    For s ≠ s' both admissible, k·s = k'·s' with 0 < k, k' < S has no solution, so two progressions
    meet at most once. Source: notes#allocations, after Linsefors and Bushnaq.

    Args:
        block_width: n; a step s is kept while s·(S-1) < n.
        redundancy: S, the neurons of a set.

    Returns:
        The steps.
    """
    if redundancy == 1:
        return np.ones(1, np.int64)
    primes = [p for p in range(2, redundancy) if all(p % q for q in range(2, p))]
    largest = (block_width - 1) // (redundancy - 1)
    allowed = np.ones(largest + 1, bool)
    allowed[0] = False
    for prime in primes:
        allowed[::prime] = False
    bases = np.flatnonzero(allowed)
    if all(redundancy % p for p in primes):
        return bases
    powers = redundancy ** np.arange(2 + int(np.log(max(largest, 1)) / np.log(redundancy)))
    table = bases[:, None] * powers
    return table[table <= largest]


def _progressions(step: int, block_width: int, redundancy: int) -> Int[np.ndarray, "m S"]:
    """Tile the block: for each shift 0..s-1 lay progressions of one step end to end."""
    reach = step * redundancy
    room = block_width - step * (redundancy - 1)
    starts = np.arange(step)[:, None] + np.arange(0, room, reach)
    return starts[starts < room][:, None] + step * np.arange(redundancy)


def prime_step_family(block_width: int, redundancy: int, n_circuits: int | None = None) -> Sets:
    """Return the prime-step family, in the order in which the published code fills it.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: list only the first T sets, or as many as there are; all if left out.

    Returns:
        int32 (capacity or T, S).

    Raises:
        ValueError: if S < 1 or S > n.
    """
    check_redundancy(block_width, redundancy)
    if redundancy == 1:
        return np.arange(block_width, dtype=np.int32)[:n_circuits, None]
    parts, size = [], 0
    for step in admissible_steps(block_width, redundancy):
        parts.append(_progressions(int(step), block_width, redundancy).astype(np.int32))
        size += len(parts[-1])
        if n_circuits is not None and size >= n_circuits:
            break
    return np.concatenate(parts)[:n_circuits]


def prime_step_capacity(block_width: int, redundancy: int) -> int:
    """Return how many circuits the prime-step family holds, without listing them.

    A progression of step s may start at x in 0..m-1, m = n - s(S-1), if x mod sS < s.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.

    Returns:
        The number of sets.

    Raises:
        ValueError: if S < 1 or S > n.
    """
    check_redundancy(block_width, redundancy)
    if redundancy == 1:
        return block_width
    steps = admissible_steps(block_width, redundancy)
    rounds, rest = np.divmod(block_width - steps * (redundancy - 1), steps * redundancy)
    return int((rounds * steps + np.minimum(rest, steps)).sum())


def prime_steps(block_width: int, redundancy: int, n_circuits: int) -> Allocation:
    """Return the first T sets of the prime-step family: the published choice.

    Below capacity the loads are uneven, because the last neurons of the block lie in fewer of the
    first progressions; `balanced_prime_steps` evens them out.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: T, the number of sets.

    Returns:
        The allocation.

    Raises:
        ValueError: if T exceeds the family's capacity.
    """
    check_capacity(n_circuits, block_width, redundancy)
    sets = prime_step_family(block_width, redundancy, n_circuits)
    return Allocation(sets, block_width, "prime-steps")


def check_capacity(n_circuits: int, block_width: int, redundancy: int) -> None:
    """Raise a `ValueError` that names the capacity if T circuits do not fit."""
    capacity = prime_step_capacity(block_width, redundancy)
    check(n_circuits >= 1, "n_circuits", "must be at least 1", n_circuits)
    check(
        n_circuits <= capacity,
        "n_circuits",
        f"must be at most {capacity}, the capacity of prime steps at block width {block_width} "
        f"and redundancy {redundancy}",
        n_circuits,
        "lower the redundancy, widen the network or use the family 'random'",
    )
