"""One pass over the pattern of a head: is it one, what are its sinks, how far does it reach.

The mass at a distance d is the sum of the pattern's d-th diagonal. Seen with rows one element longer
than they are, the array has diagonals as columns, whose sums are one product with a vector: where a
row begins before its first key, there stand the last keys of the row before, which are 0 in what is
causal.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.lib.stride_tricks import as_strided

from .._errors import bad


# Columns compared at once where keys must not come after queries.
_BLOCK = 64
# Mass after the query, or below 0, that is taken for rounding.
_ROUNDING = 1e-6
# How far the sum of a row may be off: single precision, and half precision, which rounds by 2^-9.
_FINE, _COARSE = 1e-3, 1e-2
# A row with less is not brought to one: nothing is left of it.
_NOTHING = 1e-6


@dataclass(frozen=True)
class Rule:
    """What is a sink, and what is left out of the distances.

    A position is a sink of a head if at least `share` of its later queries, of which there must be
    `least_queries`, put more than `threshold` on it.

    Attributes:
        first: leave out the first position.
        tokens: leave out positions with these tokens (delimiters).
        found: leave out the sinks of each head.
        uniform: leave out what uniform attention would put anywhere, of each entry 1/(q + 1).
        by_query: bring what is left of each query to one; otherwise each piece of mass counts alike,
            so that a query that has nearly all of its mass in a sink says little.
        threshold: of a sink.
        share: of a sink.
        least_queries: of a sink; positions with fewer later queries are none.
    """

    first: bool = False
    tokens: tuple[int, ...] = ()
    found: bool = False
    uniform: bool = False
    by_query: bool = False
    threshold: float = 0.1
    share: float = 0.5
    least_queries: int = 32


@dataclass(frozen=True)
class HeadScan:
    """What one pass over one head of one sequence finds.

    Attributes:
        mass: at each distance, of the queries that count, without what is left out.
        total: of these queries, with it.
        in_sinks: share of the mass in positions that are left out.
        in_found: share of the mass in the head's sinks, left out or not.
        uniform: share of the mass that uniform attention has, too.
        sinks: positions of the head's sinks.
    """

    mass: Float[np.ndarray, " T"]
    total: float
    in_sinks: float
    in_found: float
    uniform: float
    sinks: Int[np.ndarray, " sinks"]


def check_pattern(pattern: Float[np.ndarray, "T T"], coarse: bool, place: str) -> None:
    """Raise a `ValueError` unless a pattern is causal and rows are shares that sum to one.

    Args:
        pattern: of one head.
        coarse: whether it is of half precision.
        place: which one, in the error.
    """
    T, tolerance = len(pattern), _COARSE if coarse else _FINE
    sums = pattern @ np.ones(T, pattern.dtype)
    wrong = ~(np.abs(sums - 1) <= tolerance)
    if wrong.any():
        query = int(np.argmax(wrong))
        if not np.isfinite(pattern[query]).all():
            raise bad("attention", "must be finite", f"NaN or infinity at query {query} of {place}")
        rule = f"must have rows that sum to one, within {tolerance:g}"
        given = f"{sums[query]:.6g} at query {query} of {place}"
        raise bad("attention", rule, given, "scores before the softmax are no pattern")
    later = max(_later(pattern, start) for start in range(0, T, _BLOCK))
    if later > _ROUNDING:
        query, key = np.argwhere(np.triu(pattern, 1) > _ROUNDING)[0]
        given = f"{pattern[query, key]:.3g} of query {query} on the later key {key} of {place}"
        raise bad("attention", "must be causal", given)
    if pattern.min() < -_ROUNDING:
        query, key = np.argwhere(pattern < -_ROUNDING)[0]
        given = f"{pattern[query, key]:.3g} of query {query} on key {key} of {place}"
        raise bad("attention", "must not be negative", given)


def _later(pattern: Float[np.ndarray, "T T"], start: int) -> float:
    """Return the most that one of a block of queries puts on a later key."""
    rows = pattern[start : start + _BLOCK]
    near = np.triu(rows[:, start : start + _BLOCK], 1).max()
    return max(float(near), float(rows[:, start + _BLOCK :].max(initial=0)))


def scan_head(
    pattern: Float[np.ndarray, "T T"],
    first_query: int,
    rule: Rule,
    delimiters: Int[np.ndarray, " m"],
    weights: Float[np.ndarray, " T"] | None = None,
) -> HeadScan:
    """Return how far a head reaches in a sequence.

    Args:
        pattern: causal, rows sum to one; it is written into.
        first_query: the first that counts, at least 1.
        rule: what is left out.
        delimiters: positions of `Rule.tokens`.
        weights: of the keys, lengths of the vectors that are attended to; None: all alike.
    """
    T, kind = len(pattern), pattern.dtype
    sinks = _sinks(pattern, rule)
    if weights is not None:
        np.multiply(pattern, weights.astype(kind), out=pattern)
    counted = pattern[first_query:]
    total = float(counted.sum(dtype=np.float64 if kind == np.float64 else None))
    columns = np.ones(len(counted), kind) @ counted
    share = lambda taken: float(columns[taken].sum() / total) if total > 0 else float("nan")
    left_out = {int(key) for key in sinks} if rule.found else set()
    left_out |= {int(key) for key in delimiters} | ({0} if rule.first else set())
    taken = np.array(sorted(left_out), int)
    in_sinks, in_found = share(taken), share(sinks)
    level = _uniform(T, kind, weights)[first_query:]
    over = np.subtract(counted, level)
    np.maximum(over, 0, out=over)
    uniform = 1 - float(over.sum()) / total if total > 0 else float("nan")
    if rule.uniform:
        np.copyto(counted, over)
    if len(taken):
        counted[:, taken] = 0
    rows = np.ones(T - first_query, kind)
    if rule.by_query:
        left = counted @ np.ones(T, kind)
        rows = np.where(left > _NOTHING, 1 / np.maximum(left, _NOTHING), 0).astype(kind)
        total = float(len(rows))
    mass = rows @ _skewed(pattern, first_query)
    return HeadScan(mass[::-1].astype(np.float64), total, in_sinks, in_found, uniform, sinks)


def _uniform(
    T: int, kind: np.dtype, weights: Float[np.ndarray, " T"] | None
) -> Float[np.ndarray, "T _"]:
    """Return what uniform attention puts on each key, (query, 1) or, with weights, (query, key)."""
    each = (1 / np.arange(1, T + 1)).astype(kind)[:, None]
    return each if weights is None else each * weights.astype(kind)[None, :]


def _sinks(pattern: Float[np.ndarray, "T T"], rule: Rule) -> Int[np.ndarray, " sinks"]:
    """Return the positions that most of their later queries attend to."""
    T = len(pattern)
    later = np.arange(T - 1, -1, -1)
    # Who has so many queries has at least this much mass: few columns are left to look at.
    columns = np.ones(T, pattern.dtype) @ pattern
    least = rule.share * rule.threshold * later
    likely = np.flatnonzero((columns >= least) & (later >= rule.least_queries))
    above = pattern[:, likely] > rule.threshold
    above[likely, np.arange(len(likely))] = False  # a position itself is no later query
    return likely[above.sum(0) >= rule.share * later[likely]]


def _skewed(pattern: Float[np.ndarray, "T T"], first_query: int) -> Float[np.ndarray, "Q T"]:
    """Return a view of the queries from the first on, in which distance d is column T - 1 - d."""
    T, size = len(pattern), pattern.itemsize
    start = first_query * (T + 1) - (T - 1)
    flat = pattern.reshape(-1)[start:]
    return as_strided(flat, (T - first_query, T), ((T + 1) * size, size), writeable=False)
