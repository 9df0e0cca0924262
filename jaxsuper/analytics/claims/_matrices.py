"""Allocations and matrices that several claims measure on, made apart from the code they check."""

from math import isqrt

import numpy as np

from ...allocation import Allocation, prime_step_capacity, prime_steps


def lines(width: int, q: int, redundancy: int, which: np.ndarray | None = None) -> Allocation:
    """Return lines over GF(q), q prime: line (a, c) takes neuron i·q + (a·i + c mod q) of group i.

    Args:
        width: n, at least S·q.
        q: a prime, at least S.
        redundancy: S.
        which: indices a·q + c of the lines; all q^2 if left out.

    Returns:
        The allocation; lines of equal slope a are disjoint, others meet at most once.
    """
    index = np.arange(q * q) if which is None else which
    slope, shift = index // q, index % q
    groups = np.arange(redundancy)
    sets = groups * q + (slope[:, None] * groups + shift[:, None]) % q
    return Allocation(np.sort(sets, axis=1).astype(np.int32), width)


def largest_prime(limit: int) -> int:
    """Return the largest prime up to `limit`, at least 2."""
    return max(p for p in range(2, limit + 1) if all(p % k for k in range(2, isqrt(p) + 1)))


def allocation_for(width: int, count: int, redundancy: int) -> Allocation:
    """Return prime steps where they are enough, lines beyond, single neurons for S = 1."""
    if redundancy == 1:
        return Allocation((np.arange(count) % width)[:, None].astype(np.int32), width)
    if prime_step_capacity(width, redundancy) >= count:
        return prime_steps(width, redundancy, count)
    return lines(width, largest_prime(width // redundancy), redundancy, np.arange(count))


def incidence(allocation: Allocation, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the (T, n) 0/1 matrix of an allocation, its circuits shuffled if `rng` is given."""
    count = allocation.n_circuits
    sets = allocation.sets if rng is None else allocation.sets[rng.permutation(count)]
    table = np.zeros((count, allocation.block_width), np.float32)
    np.put_along_axis(table, sets, 1, axis=1)
    return table


def pair_counts(allocation: Allocation) -> np.ndarray:
    """Return the overlaps of all ordered pairs t ≠ v, flat, from the full T x T product."""
    table = incidence(allocation)
    off = ~np.eye(allocation.n_circuits, dtype=bool)
    return (table @ table.T)[off].astype(np.float64)


def interaction(allocation: Allocation, rng: np.random.Generator, mean_weights: str) -> float:
    """Return E_{t≠v}(<e_t, M e_v>/S^2)^2 of one drawn matrix M between two shuffled layers.

    Args:
        allocation: of both layers.
        rng: for the shuffles and signs.
        mean_weights: "clipped" (with the chi' that makes the mean vanish) or "rademacher".

    Returns:
        The second moment over all ordered pairs.
    """
    size, count = allocation.redundancy, allocation.n_circuits
    to, source = incidence(allocation, rng), incidence(allocation, rng)
    off = ~np.eye(count, dtype=bool)
    if mean_weights == "rademacher":
        signs = rng.choice(np.array([-1, 1], np.float32), count)
        values = (to @ ((to.T * signs) @ source) @ source.T)[off].astype(np.float64)
        return float((values**2).mean() / size**4)
    hits = (to @ (to.T @ source > 0).astype(np.float32) @ source.T)[off].astype(np.float64)
    chi = hits.mean() / (size**2 - hits.mean())
    return float((((1 + chi) * hits - chi * size**2) ** 2).mean() / size**4)
