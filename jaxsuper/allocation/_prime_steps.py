"""Prime steps: arithmetic progressions whose steps keep any two from meeting twice."""

from math import isqrt, prod

import numpy as np
from jaxtyping import Int

from .._errors import check
from .._limits import check_index
from .._types import Sets
from ._allocation import Allocation, check_listing, check_redundancy
from ._fields import prime_numbers, prime_power


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
    largest = (block_width - 1) // (redundancy - 1)
    allowed = np.ones(largest + 1, bool)
    allowed[0] = False
    for prime in prime_numbers(2, min(redundancy - 1, largest)):
        allowed[::prime] = False
    bases = np.flatnonzero(allowed)
    if _is_prime(redundancy):
        return bases
    powers = redundancy ** np.arange(2 + int(np.log(max(largest, 1)) / np.log(redundancy)))
    table = bases[:, None] * powers
    return table[table <= largest]


def _is_prime(number: int) -> bool:
    return prime_power(number) == (number, 1)


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
        check_listing(block_width, 1, n_circuits or block_width)
        return np.arange(block_width, dtype=np.int32)[:n_circuits, None]
    listed = prime_step_capacity(block_width, redundancy)
    check_listing(block_width, redundancy, min(n_circuits or listed, listed))
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
    period = prod(prime_numbers(2, redundancy - 1)) if redundancy <= _TABULATED else 0
    count = _BySums(period).count if period else _one_by_one
    powers = [1]
    if not _is_prime(redundancy):
        largest = (block_width - 1) // (redundancy - 1)
        while powers[-1] * redundancy <= largest:
            powers.append(powers[-1] * redundancy)
    return sum(count(block_width, redundancy, power) for power in powers)


# Up to this S the steps are periodic with at most 30030, and sums over them are a table of that.
_TABULATED = 17
# Steps looked at together, where they are looked at one by one.
_AT_ONCE = 2**22


def _starts(
    steps: Int[np.ndarray, " steps"], block_width: int, redundancy: int
) -> Int[np.ndarray, " steps"]:
    """Return how many progressions of each step there are."""
    rounds, rest = np.divmod(block_width - steps * (redundancy - 1), steps * redundancy)
    return rounds * steps + np.minimum(rest, steps)


def _one_by_one(block_width: int, redundancy: int, power: int) -> int:
    """Return how many progressions have a step of S^k times one without a small prime."""
    largest = (block_width - 1) // (redundancy - 1) // power
    primes, total = prime_numbers(2, min(redundancy - 1, largest)), 0
    for first in range(1, largest + 1, _AT_ONCE):
        allowed = np.ones(min(_AT_ONCE, largest + 1 - first), bool)
        for prime in primes:
            allowed[-first % prime :: prime] = False
        steps = (np.flatnonzero(allowed) + first) * power
        total += int(_starts(steps, block_width, redundancy).sum())
    return total


class _BySums:
    """The same count without listing steps, from sums of those that a piece of a line covers.

    With m = n + s the progressions of step s fill r = floor(m/(sS)) - 1 rounds of s starts, and
    min(rest, s) more. Where r stays the same this is linear in s on two pieces: r s + s while
    s <= n/(S(r+1)), else n - s(S-1) - r s (S-1). Below sqrt(n) steps are looked at one by one,
    above there are fewer than sqrt(n) values of r.
    """

    def __init__(self, period: int):
        """Tabulate how many numbers up to each have no factor with `period`, and their sum."""
        numbers = np.arange(period + 1, dtype=np.int64)
        free = np.where(np.gcd(numbers, period) == 1, numbers, 0) if period > 1 else numbers
        self.period = period
        self.counts = np.cumsum(free > 0)
        self.sums = np.cumsum(free)

    def _until(self, last: Int[np.ndarray, " m"]) -> tuple[np.ndarray, np.ndarray]:
        """Return number and sum of the admissible numbers up to each of `last`."""
        rounds, rest = np.divmod(last, self.period)
        counts, sums = self.counts[rest], self.sums[rest]
        each, all_ = self.counts[-1], self.sums[-1]
        before = rounds * all_ + self.period * each * (rounds * (rounds - 1) // 2)
        return rounds * each + counts, before + sums + rounds * self.period * counts

    def _line(self, first, last, power: int, constant, slope) -> int:
        """Sum constant + slope·s over admissible s = power·b, b in first..last, for each piece."""
        there = last >= first
        first, last = np.where(there, first, 1), np.where(there, last, 0)
        (c0, s0), (c1, s1) = self._until(first - 1), self._until(last)
        return int((constant * (c1 - c0) + slope * power * (s1 - s0)).sum())

    def count(self, block_width: int, redundancy: int, power: int) -> int:
        """Return how many progressions have a step of `power` times an admissible number."""
        n, s = block_width, redundancy
        largest = (n - 1) // (s - 1) // power
        few = min(isqrt(n) // power + 1, largest)
        listed = np.arange(1, few + 1, dtype=np.int64)
        listed = listed[np.gcd(listed, self.period) == 1] * power
        total = int(_starts(listed, n, s).sum())
        # Values of r + 1 at steps above those: (n + s)/(sS) falls from there to at least 1.
        most = (n + (few + 1) * power) // ((few + 1) * power * s)
        r = np.arange(most + 1, dtype=np.int64)
        # r+1 <= (n + step)/(step S): steps up to n/((r+1) S - 1), and above n/((r+2) S - 1).
        last = np.minimum(n // ((r + 1) * s - 1) // power, largest)
        first = np.maximum(n // ((r + 2) * s - 1) // power, few) + 1
        middle = np.clip(n // ((r + 1) * s) // power, first - 1, last)
        total += self._line(first, middle, power, 0 * r, r + 1)
        total += self._line(middle + 1, last, power, 0 * r + n, -(s - 1) - r * (s - 1))
        return total


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
    check_index("n_circuits", n_circuits)
    check(
        n_circuits <= capacity,
        "n_circuits",
        f"must be at most {capacity}, the capacity of prime steps at block width {block_width} "
        f"and redundancy {redundancy}",
        n_circuits,
        f"lower the redundancy, widen the network or use {_larger(n_circuits, block_width, redundancy)}",
    )


def _larger(n_circuits: int, block_width: int, redundancy: int) -> str:
    """Return the family that holds T circuits where prime steps do not, in words."""
    from ._transversal import transversal_capacity

    most = transversal_capacity(block_width, redundancy)
    if n_circuits <= most:
        return f"the family 'transversal', which holds {most}"
    return f"the family 'random' ('transversal' holds {most})"
