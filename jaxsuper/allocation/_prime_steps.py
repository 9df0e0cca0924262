"""Prime steps: arithmetic progressions whose steps keep any two from meeting twice."""

from itertools import count

import numpy as np
from jaxtyping import Int

from .._errors import check
from .._types import Sets
from ._allocation import Allocation, check_redundancy


def admissible_steps(block_width: int, redundancy: int) -> list[int]:
    """Return the steps of the family, ascending within each base step.

    A step s is admissible if no prime p < S divides it. If S is not prime, s·S^k is admissible too.
    For s ≠ s' both admissible, k·s = k'·s' with 0 < k, k' < S has no solution, so two progressions
    meet at most once. Source: notes#allocations, after Linsefors and Bushnaq.

    Args:
        block_width: n; a step s is kept while s·(S-1) < n.
        redundancy: S.

    Returns:
        The steps.
    """
    if redundancy == 1:
        return [1]
    primes = [p for p in range(2, redundancy) if all(p % q for q in range(2, p))]
    redundancy_is_prime = all(redundancy % p for p in primes)
    largest = (block_width - 1) // (redundancy - 1)
    steps: list[int] = []
    for base in range(1, largest + 1):
        if any(base % p == 0 for p in primes):
            continue
        for power in count():
            step = base * redundancy**power
            if step > largest or (power and redundancy_is_prime):
                break
            steps.append(step)
    return steps


def _progressions(step: int, block_width: int, redundancy: int) -> Int[np.ndarray, "m S"]:
    """Tile the block: for each shift 0..s-1 lay progressions of one step end to end."""
    reach = step * redundancy
    starts = [
        np.arange(shift, block_width - step * (redundancy - 1), reach) for shift in range(step)
    ]
    return np.concatenate(starts)[:, None] + step * np.arange(redundancy)[None, :]


def prime_step_family(block_width: int, redundancy: int) -> Sets:
    """Return the whole prime-step family, in the order in which the published code fills it.

    Args:
        block_width: n.
        redundancy: S.

    Returns:
        int32 (capacity, S).

    Raises:
        ValueError: if S < 1 or S > n.
    """
    check_redundancy(block_width, redundancy)
    if redundancy == 1:
        return np.arange(block_width, dtype=np.int32)[:, None]
    steps = admissible_steps(block_width, redundancy)
    parts = [_progressions(step, block_width, redundancy) for step in steps]
    return np.concatenate(parts).astype(np.int32)


def prime_step_capacity(block_width: int, redundancy: int) -> int:
    """Return how many circuits the prime-step family holds.

    Args:
        block_width: n.
        redundancy: S.

    Returns:
        The number of sets.
    """
    return len(prime_step_family(block_width, redundancy))


def prime_steps(block_width: int, redundancy: int, n_circuits: int) -> Allocation:
    """Return the first T sets of the prime-step family: the published choice.

    Below capacity the loads are uneven, because the last neurons of the block lie in fewer of the
    first progressions; `balanced_prime_steps` evens them out.

    Args:
        block_width: n.
        redundancy: S.
        n_circuits: T.

    Returns:
        The allocation.

    Raises:
        ValueError: if T exceeds the family's capacity.
    """
    family = prime_step_family(block_width, redundancy)
    check_capacity(n_circuits, len(family), block_width, redundancy)
    return Allocation(family[:n_circuits], block_width, "prime-steps")


def check_capacity(n_circuits: int, capacity: int, block_width: int, redundancy: int) -> None:
    """Raise a `ValueError` that names the capacity if T circuits do not fit."""
    check(n_circuits >= 1, "n_circuits", "must be at least 1", n_circuits)
    check(
        n_circuits <= capacity,
        "n_circuits",
        f"must be at most {capacity}, the capacity of prime steps at block width {block_width} "
        f"and redundancy {redundancy}",
        n_circuits,
        "lower the redundancy, widen the network or use the family 'random'",
    )
