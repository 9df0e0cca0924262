"""Where a criterion is passed as T grows, with a bootstrap over independent networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._fits import interval


_REPLICATES = 1000


@dataclass(frozen=True)
class Crossing:
    """The T at which a criterion passes 1.

    Attributes:
        at: T, by interpolation of the logarithms; NaN if it is not bracketed.
        low: lower end of its 95 % interval over networks.
        high: upper end.
        side: -1 if even the fewest circuits fail, 1 if even the most pass, else 0.
        draws: (B,), bootstrap replicates of `at`.
    """

    at: float
    low: float
    high: float
    side: int
    draws: Any


def find_crossing(
    measured: Mapping[int, Any], criterion: Callable[[Any], Any], seed: int = 0
) -> Crossing:
    """Find where a criterion of means over networks passes 1.

    Networks of different T are different ones and drawn again independently; replicates are spread as
    Student's quantiles are for so few networks.

    Args:
        measured: T -> (networks, quantities), at least two of them.
        criterion: from means (..., quantities) to (...), below 1 where a design works.
        seed: of the bootstrap.

    Returns:
        The first crossing from below.
    """
    counts = sorted(measured)
    rng = np.random.default_rng(seed)
    means, replicates = [], []
    for count in counts:
        values = np.asarray(measured[count], float)
        means.append(values.mean(0))
        chosen = rng.integers(0, len(values), (_REPLICATES, len(values)))
        replicates.append(values[chosen].mean(1))
    level = np.log(criterion(np.array(means)))
    x = np.log(counts)
    at, side = _first(x, level), 0
    if np.isnan(at):
        side = -1 if level[0] > 0 else 1
    levels = np.log(criterion(np.stack(replicates, 1)))
    draws = np.array([_first(x, one) for one in levels])
    if side == 0:
        draws = at + widening(min(map(len, measured.values()))) * (draws - at)
    there = np.isfinite(draws)
    low, high = interval(np.exp(draws)) if there.any() and side == 0 else (np.nan, np.nan)
    return Crossing(float(np.exp(at)), low, high, side, np.exp(draws))


def widening(count: int) -> float:
    """Return by how much percentiles of a bootstrap over few networks are too narrow.

    Resampled means have n - 1 of n parts of the variance, and normal quantiles for Student's.
    """
    from scipy.stats import norm, t

    student = float(t.isf(0.025, count - 1) / norm.isf(0.025))
    return student * (count / (count - 1)) ** 0.5


def _first(x: Any, level: Any) -> float:
    """Return where a sequence passes 0 from below for the first time, or NaN."""
    passed = np.flatnonzero((level[:-1] <= 0) & (level[1:] > 0))
    if level[0] > 0 or not len(passed):
        return float("nan")
    i = passed[0]
    return float(x[i] + (x[i + 1] - x[i]) * -level[i] / (level[i + 1] - level[i]))
