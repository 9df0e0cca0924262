"""Transversal designs: lines of finite geometries, whole parallel classes first.

Take S groups of q neurons, q a prime power. Line (a, c) in GF(q)^2 takes in the group of the
affine point x the neuron a·x + c, and neuron a in the group of the point at infinity. Two lines
meet at most once and two neurons of one group never share a line, so that

* the q lines of a slope a, a parallel class, use every neuron of the affine groups exactly once;
* each group can be filled with further sets by the same construction, recursively;
* neurons left over, n - S·q of them, may join a group when it is filled;
* the last group may be cut to fewer neurons g: the q·g lines that meet it there remain.

Affine planes (n = q^2, S = q) and projective planes (n = q^2 + q + 1, S = q + 1) are such fills.
Source: notes#allocations; Bose (1938) for the lines, Hanani for the recursion.
"""

from functools import cache
from itertools import zip_longest
from math import comb

import numpy as np
from jaxtyping import Int

from .._errors import check
from .._limits import check_index
from .._types import Sets
from ._allocation import Allocation, check_listing, check_redundancy
from ._balanced import most_even
from ._fields import Field, nearest_prime_powers, prime_powers


Neurons = Int[np.ndarray, " m"]

# A plan is worth trying if its lines alone are this share of the most that any plan has.
_WORTH = 0.75
# On more neurons than this only the few plans with the most lines are tried: there the prime powers
# are so dense that the best of them loses less than a thousandth.
_SMALL, _FEW_PLANS = 20_000, 4
# Up to this many sets, subsets that are no union of parallel classes are chosen greedily.
_GREEDY = 4000


@cache
def _plan(n: int, redundancy: int) -> tuple[int, int, int]:
    """Return (capacity, q, g) of the best plan for n neurons; q = 0 stands for few sets."""
    if n < redundancy:
        return 0, 0, 0
    if redundancy == 1:
        return n, 0, 0
    # Sets in general position pay only where no plane fits.
    best = (_few(n, redundancy)[0] if n <= redundancy * (redundancy + 1) else 0, 0, 0)
    limits = redundancy - 1, (n - 1) // (redundancy - 1)
    # Lines rise up to q = n/S and fall after it.
    fields = (
        nearest_prime_powers(*limits, n // redundancy, _FEW_PLANS)
        if n > _SMALL
        else prime_powers(*limits)
    )
    lines = {q: q * min(q, n - (redundancy - 1) * q) for q in fields}
    if n > _SMALL:
        lines = {q: lines[q] for q in sorted(fields, key=lambda q: -lines[q])[:_FEW_PLANS]}
    worth = _WORTH * max(lines.values(), default=0)
    for q, count in lines.items():
        if count >= worth:
            g = count // q
            parts = _group_sizes(n, redundancy, q, g)
            total = count + sum(_plan(size, redundancy)[0] for size in parts)
            best = max(best, (total, q, g))
    return best


def _group_sizes(n: int, redundancy: int, q: int, g: int) -> list[int]:
    """Return how many neurons are filled together: the cut group first, with what is left over."""
    left = n - (redundancy - 1) * q - g
    return [g + left] + [q + min(left, 1)] * (redundancy - 1)


def _few(n: int, redundancy: int) -> tuple[int, int]:
    """Return (capacity, k) of k <= S + 1 sets in general position, and what the rest holds.

    Of k sets every two share a neuron and no three do: kS - k(k-1)/2 neurons in all.
    """
    k = max(k for k in range(1, redundancy + 2) if k * redundancy - comb(k, 2) <= n)
    return k + _plan(n - k * redundancy + comb(k, 2), redundancy)[0], k


def transversal_capacity(block_width: int, redundancy: int) -> int:
    """Return how many circuits the transversal designs hold.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.

    Returns:
        The number of sets: at least q^2 for every prime power q >= S with S·q <= n.
    """
    check_redundancy(block_width, redundancy)
    if redundancy == 2:  # all pairs, which takes a plan of many parts to list
        return comb(block_width, 2)
    return _plan(block_width, redundancy)[0]


def transversal_family(block_width: int, redundancy: int) -> Sets:
    """Return all sets of the transversal design of highest capacity.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.

    Returns:
        int32 (capacity, S), the lines by slope first, then the fill, one set of each group in turn.

    Raises:
        ValueError: if S < 1 or S > n.
    """
    check_listing(block_width, redundancy, transversal_capacity(block_width, redundancy))
    return _construct(np.arange(block_width), redundancy).astype(np.int32)


def _construct(neurons: Neurons, redundancy: int) -> Int[np.ndarray, "sets S"]:
    """Build the planned sets on the given neurons."""
    count, q, g = _plan(len(neurons), redundancy)
    if count == 0:
        return np.zeros((0, redundancy), np.int64)
    if redundancy == 1:
        return neurons[:, None]
    if q == 0:
        return _construct_few(neurons, redundancy)
    full = (redundancy - 1) * q
    sets = neurons[lines(q, redundancy, np.arange(q), g)]
    left = neurons[full + g :]
    parts = [np.concatenate([neurons[full : full + g], left])]
    for start in range(0, full, q):
        # All groups may share one neuron: two of their sets still have only that in common.
        parts.append(np.concatenate([neurons[start : start + q], left[:1]]))
    fill = [_construct(part, redundancy) for part in parts]
    rounds = (row for rows in zip_longest(*fill) for row in rows if row is not None)
    return np.concatenate([sets, np.array(list(rounds), np.int64).reshape(-1, redundancy)])


def _construct_few(neurons: Neurons, redundancy: int) -> Int[np.ndarray, "sets S"]:
    """Build k sets in general position: set i holds one neuron for each other set and its own."""
    k = _few(len(neurons), redundancy)[1]
    shared, own = comb(k, 2), redundancy - k + 1
    sets = np.zeros((k, redundancy), np.int64)
    first, second = np.triu_indices(k, 1)
    sets[first, second - 1] = np.arange(shared)
    sets[second, first] = np.arange(shared)
    sets[:, k - 1 :] = shared + np.arange(k * own).reshape(k, own)
    rest = _construct(neurons[shared + k * own :], redundancy)
    return np.concatenate([neurons[sets], rest])


def lines(
    q: int, redundancy: int, slopes: Int[np.ndarray, " m"], g: int | None = None
) -> Int[np.ndarray, "lines S"]:
    """Return the lines of the given slopes, slope by slope, as neurons 0..S·q-1.

    Args:
        q: a prime power; group i holds the neurons i·q..(i+1)·q-1.
        redundancy: S <= q + 1.
        slopes: the values of a.
        g: of the last group, whose point is x = 0, only neurons below g are used; q if left out.

    Returns:
        Neurons of len(slopes)·g lines.
    """
    field = Field(q)
    a, c = (table.ravel() for table in np.meshgrid(slopes, np.arange(g or q), indexing="ij"))
    points = np.arange(redundancy)[::-1]
    columns = [field.add(field.multiply(a, np.full_like(a, x)), c) if x < q else a for x in points]
    return np.stack(columns, axis=1) + q * np.arange(redundancy)


def transversal(block_width: int, redundancy: int, n_circuits: int) -> Allocation:
    """Return T sets of a transversal design, with loads as even as they can be made.

    Up to q^2 circuits, q the largest prime power with S·q <= n, whole parallel classes are taken
    first, and each neuron left over replaces one neuron in some lines of one class, which had no
    neuron in common before: loads differ by about 1. Above that the fill is used.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: T, the number of sets.

    Returns:
        The allocation; the same sets whenever it is called.

    Raises:
        ValueError: if T exceeds the capacity.
    """
    capacity = transversal_capacity(block_width, redundancy)
    check_index("n_circuits", n_circuits)
    check(
        n_circuits <= capacity,
        "n_circuits",
        f"must be at most {capacity}, the capacity of transversal designs at block width "
        f"{block_width} and redundancy {redundancy}",
        n_circuits,
        "lower the redundancy, widen the network or use the family 'random'",
    )
    check_listing(block_width, redundancy, n_circuits)
    if n_circuits * redundancy <= block_width:
        sets = np.arange(n_circuits * redundancy).reshape(n_circuits, redundancy)
        return Allocation(sets.astype(np.int32), block_width, "transversal")
    most = block_width // redundancy
    fields = nearest_prime_powers(redundancy, most, most, 3)
    candidates = (
        _classes(block_width, redundancy, n_circuits, q)
        for q in reversed(fields[-3:])
        if q**2 >= n_circuits
    )
    best = None
    for candidate in candidates:
        if best is None or _unevenness(candidate) < _unevenness(best):
            best = candidate
        if np.ptp(best.loads) <= 1:
            break
    return best if best is not None else _subset(block_width, redundancy, n_circuits)


def _unevenness(allocation: Allocation) -> int:
    """Return sum_i r_i^2, to which the overlap rate is affine."""
    return int((allocation.loads.astype(np.int64) ** 2).sum())


def _classes(n: int, redundancy: int, n_circuits: int, q: int) -> Allocation:
    """Take T lines by whole classes and give the n - S·q neurons left over their share."""
    slopes = np.arange(-(-n_circuits // q))
    sets = lines(q, redundancy, slopes)[:n_circuits]
    loads = np.bincount(sets.ravel(), minlength=n)
    share = n_circuits * redundancy // n
    per_class = q // share
    for index, neuron in enumerate(range(redundancy * q, n)):
        start = index // per_class * q + index % per_class * share
        if start + share > n_circuits:
            break  # more neurons are left over than classes to take from
        for line in range(start, start + share):
            # Of the most used neurons of a line in turn, so that no group loses more than others.
            order = (np.arange(redundancy) + line + index) % redundancy
            slot = order[loads[sets[line, order]].argmax()]
            loads[sets[line, slot]] -= 1
            sets[line, slot] = neuron
            loads[neuron] += 1
    return Allocation(sets.astype(np.int32), n, "transversal")


def _subset(n: int, redundancy: int, n_circuits: int) -> Allocation:
    """Take T sets of the family of highest capacity."""
    family = transversal_family(n, redundancy)
    if n_circuits < len(family) <= _GREEDY:
        family = most_even(Allocation(family, n), n_circuits)
    return Allocation(family[:n_circuits], n, "transversal")
