"""Statistics of attention distances by layer and head, with the sequence as the unit of their errors.

The distance of key k from query q is q - k. Queries near the start cannot look far: only those count
that have at least `least_context` tokens before them, so that each of them can reach each distance up
to there. Beyond it, compare with `uniform_reference`, attention that is spread evenly.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from .._errors import check
from .._limits import check_cost, check_index, Cost
from ._patterns import Patterns
from ._scan import check_pattern, HeadScan, Rule, scan_head


BEYOND = (1, 2, 5, 10, 20, 50, 100, 200, 500)
QUANTILES = (0.1, 0.5, 0.9)
# Of a head with less, of all its mass, no distances are told: they would be those of rounding.
_NOTHING = 1e-4
# Heads are read together up to so many bytes.
_READ = 2**23


@dataclass(frozen=True)
class Distances:
    """Distances of S sequences; what one of them does not have is NaN.

    Attributes:
        values: name -> (S, L, H): "mean", "q10", "median", "q90", "beyond 5" (share of what is left
            that lies further than 5 tokens back), "left" (share of all mass that is not left out),
            "sinks" (share in positions left out), "found" (in the head's sinks, left out or not),
            "uniform" (share that uniform attention has, too).
        by_layer: the same names -> (S, L), of the masses of a layer's heads together.
        distribution: (L, H, T), mean over sequences, at d = 0..T-1.
        distribution_stderr: (L, H, T), of it.
        layer_distribution: (L, T).
        sinks: (L, H, T), in how many sequences a position is a sink.
        reference: name -> of uniform attention of the same queries.
        least_context: tokens that the queries counted have before them, at least.
        rule: what is left out.
        weighted: whether mass is that of the values' lengths.
    """

    values: dict[str, Float[np.ndarray, "S L H"]]
    by_layer: dict[str, Float[np.ndarray, "S L"]]
    distribution: Float[np.ndarray, "L H T"]
    distribution_stderr: Float[np.ndarray, "L H T"]
    layer_distribution: Float[np.ndarray, "L T"]
    sinks: Int[np.ndarray, "L H T"]
    reference: dict[str, float]
    least_context: int
    rule: Rule
    weighted: bool

    def mean(self, name: str, layers: bool = False) -> Float[np.ndarray, "L *H"]:
        """Return a statistic, mean over the sequences that have it; NaN if none has."""
        given = (self.by_layer if layers else self.values)[name]
        count = np.isfinite(given).sum(0)
        total = np.where(np.isfinite(given), given, 0).sum(0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def stderr(self, name: str, layers: bool = False) -> Float[np.ndarray, "L *H"]:
        """Return the standard error of `mean` over sequences; NaN for fewer than two."""
        given = (self.by_layer if layers else self.values)[name]
        count = np.isfinite(given).sum(0)
        gap = np.where(np.isfinite(given), given - self.mean(name, layers), 0.0)
        least = np.maximum(count, 2)
        return np.where(count > 1, np.sqrt((gap**2).sum(0) / (least - 1) / least), np.nan)

    def half_width(
        self, name: str, confidence: float = 0.95, layers: bool = False, together: bool = True
    ) -> Float[np.ndarray, "L *H"]:
        """Return half the width of intervals that hold for all heads, or layers, at once.

        Args:
            name: of the statistic.
            confidence: of all intervals together, or of each one.
            layers: of layers, not of heads.
            together: share the error rate among the heads (Bonferroni).
        """
        check(0 < confidence < 1, "confidence", "must lie between 0 and 1", confidence)
        stderr = self.stderr(name, layers)
        tail = (1 - confidence) / 2 / (stderr.size if together else 1)
        S = len(self.values[name])
        return stderr * float(stats.t.isf(tail, max(S - 1, 1)))


def uniform_reference(
    T: int, least_context: int, beyond: Sequence[int] = BEYOND
) -> dict[str, float]:
    """Return the statistics of attention that is spread evenly over all keys there are.

    Args:
        T: positions.
        least_context: tokens before the first query that counts.
        beyond: k of "beyond k".
    """
    beyond, mass = tuple(k for k in beyond if k < T), np.zeros(T)
    for q in range(least_context, T):
        mass[: q + 1] += 1 / (q + 1)
    return {name: float(value[0]) for name, value in _summary(mass[None], beyond).items()}


def distances_of(
    patterns: Patterns,
    rule: Rule | None = None,
    least_context: int | None = None,
    *,
    weighted: bool = False,
    beyond: Sequence[int] = BEYOND,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Distances:
    """Return how far heads look back, reading the patterns once.

    Args:
        patterns: of `patterns_of` or `open_patterns`.
        rule: what is left out; nothing if left out.
        least_context: tokens before the first query that counts, at least 1; a quarter of the
            positions if left out.
        weighted: count a key by the length of its value, |a(q, k) v_k|, not by a(q, k).
        beyond: k of the shares beyond k tokens; those that do not fit are dropped.
        workers: threads.
        progress: called with (layers done, layers in all, of all sequences).

    Returns:
        The statistics.

    Raises:
        ValueError: for patterns that are none, and for what they lack.
    """
    S, L, H, T = patterns.shape
    rule = rule or Rule(found=True)
    start = max(1, T // 4) if least_context is None else least_context
    check_index("least_context", start)
    shortest = min(patterns.length(sequence) for sequence in range(S))
    check(start < shortest, "least_context", f"must be below {shortest}, the positions", start)
    _check_rule(rule)
    known = patterns.tokens is not None or not rule.tokens
    check(known, "tokens", "must be given to leave delimiters out", "none")
    has_norms = patterns.value_norms is not None or not weighted
    check(has_norms, "value_norms", "must be given to weight by them", "none")
    beyond = tuple(k for k in beyond if k < shortest)
    cost = lambda positions: Cost(
        workers * (_READ + 12.0 * positions**2) + 40.0 * L * H * positions
    )
    check_cost(cost, {"positions": T})
    found = _Sums(S, L, H, T, beyond)
    count = max(1, _READ // (4 * T * T))
    blocks = [(head, min(count, H - head)) for head in range(0, H, count)]

    def look(sequence: int, layer: int) -> list[HeadScan]:
        length = patterns.length(sequence)
        marks = np.zeros(0, int)
        if patterns.tokens is not None:
            marks = np.flatnonzero(np.isin(patterns.tokens[sequence, :length], rule.tokens))
        made = []
        for head, n in blocks:
            for i, whole in enumerate(patterns.read(sequence, layer, head, n)):
                # Columns of padding would get in the way of the view along diagonals.
                pattern = whole if length == T else np.ascontiguousarray(whole[:length, :length])
                place = f"sequence {sequence}, layer {layer}, head {head + i}"
                check_pattern(pattern, patterns.coarse, place)
                norms = None
                if weighted and patterns.value_norms is not None:
                    norms = patterns.value_norms[sequence, layer, head + i, :length]
                made.append(scan_head(pattern, start, rule, marks, norms))
        return made

    work = list(product(range(S), range(L)))
    threads = 1 if patterns.in_order else workers
    try:
        with ThreadPoolExecutor(threads) as pool:
            looks = pool.map(lambda place: look(*place), work)
            for done, (place, heads) in enumerate(zip(work, looks, strict=True)):
                found.add(*place, heads)
                if progress is not None:
                    progress(done + 1, len(work))
    finally:
        patterns.close()
    return found.result(uniform_reference(T, start, beyond), start, rule, weighted)


def _check_rule(rule: Rule) -> None:
    for name in ("threshold", "share"):
        value = getattr(rule, name)
        check(0 < value <= 1, name, "must lie above 0 and be at most 1", value)
    check_index("least_queries", rule.least_queries)


class _Sums:
    """What is kept while sequences are read: no distribution of a single one."""

    def __init__(self, S: int, L: int, H: int, T: int, beyond: tuple[int, ...]):
        names = (*_names(beyond), "left", "sinks", "found", "uniform")
        self.values = {name: np.full((S, L, H), np.nan) for name in names}
        self.by_layer = {name: np.full((S, L), np.nan) for name in names}
        self.count = np.zeros((L, H, 1))
        self.total, self.squares = np.zeros((L, H, T)), np.zeros((L, H, T))
        self.layers, self.layer_count = np.zeros((L, T)), np.zeros((L, 1))
        self.sinks = np.zeros((L, H, T), np.int64)
        self.beyond = beyond

    def add(self, sequence: int, layer: int, heads: list[HeadScan]) -> None:
        """Add the heads of a layer of a sequence."""
        place, T = (sequence, layer), self.total.shape[-1]
        mass = np.zeros((len(heads), T))
        for head, scan in enumerate(heads):
            mass[head, : len(scan.mass)] = scan.mass
            self.sinks[layer, head, scan.sinks] += 1
        totals = np.array([scan.total for scan in heads])
        shares = {
            "left": mass.sum(1) / np.maximum(totals, 1e-300),
            "sinks": np.array([scan.in_sinks for scan in heads]),
            "found": np.array([scan.in_found for scan in heads]),
            "uniform": np.array([scan.uniform for scan in heads]),
        }
        for name, value in shares.items():
            self.values[name][place] = value
            self.by_layer[name][place] = value @ totals / totals.sum() if totals.sum() else np.nan
        there = shares["left"] > _NOTHING
        sums = mass.sum(1, keepdims=True)
        distribution = np.where(there[:, None], mass / np.where(sums > 0, sums, 1), 0)
        for name, value in _summary(mass, self.beyond).items():
            self.values[name][place] = np.where(there, value, np.nan)
        self.count[layer] += there[:, None]
        self.total[layer] += distribution
        self.squares[layer] += distribution**2
        together = mass.sum(0)
        if self.by_layer["left"][place] > _NOTHING:
            for name, value in _summary(together[None], self.beyond).items():
                self.by_layer[name][place] = value[0]
            self.layers[layer] += together / together.sum()
            self.layer_count[layer] += 1

    def result(
        self, reference: dict[str, float], least_context: int, rule: Rule, weighted: bool
    ) -> Distances:
        n = self.count
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.total / n
            spread = np.maximum(self.squares / n - mean**2, 0) / (n - 1)
            layers = self.layers / self.layer_count
        stderr = np.where(n > 1, np.sqrt(spread), np.nan)
        mean, layers = np.where(n > 0, mean, np.nan), np.where(self.layer_count > 0, layers, np.nan)
        sums = (mean, stderr, layers, self.sinks)
        return Distances(
            self.values, self.by_layer, *sums, reference, least_context, rule, weighted
        )


def _names(beyond: Sequence[int]) -> tuple[str, ...]:
    return ("mean", "q10", "median", "q90", *(f"beyond {k}" for k in beyond))


def _summary(mass: Float[np.ndarray, "n T"], beyond: Sequence[int]) -> dict[str, Any]:
    """Return name -> (n,) of the statistics of masses by distance."""
    total = mass.sum(1)
    safe = np.where(total > 0, total, 1)
    reached = np.cumsum(mass, 1) / safe[:, None]
    distance = np.arange(mass.shape[1])
    values = [mass @ distance / safe]
    values += [np.argmax(reached >= quantile - 1e-9, 1) for quantile in QUANTILES]
    values += [1 - reached[:, k] for k in beyond]
    return dict(zip(_names(beyond), values, strict=True))
