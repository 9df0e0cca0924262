"""Where a criterion is passed as T grows, with a bootstrap over independent networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._fits import interval


_REPLICATES = 1000
# Points of the curve between two sizes that were measured.
_FINE = 100
# Where a logarithm may be infinite: nothing is wrong, or all is.
_FAR = 20.0
# Sizes of which the logarithms differ by less are joined by chords.
_CLOSE = 0.02
# How far to the next T while a crossing is not bracketed, and how often; one more inside it.
_STRIDE, _ROUNDS = 1.6, 10


@dataclass(frozen=True)
class Crossing:
    """The T at which a criterion passes 1.

    Attributes:
        at: T, where a monotone cubic through the logarithms does; NaN if it is not bracketed.
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
    at, side = float(_first(x, level)), 0
    if np.isnan(at):
        side = -1 if level[0] > 0 else 1
    levels = np.log(criterion(np.stack(replicates, 1)))
    draws = _first(x, levels)
    if side == 0:
        draws = at + widening(min(map(len, measured.values()))) * (draws - at)
    there = np.isfinite(draws)
    low, high = interval(np.exp(draws)) if there.any() and side == 0 else (np.nan, np.nan)
    return Crossing(float(np.exp(at)), low, high, side, np.exp(draws))


def search_crossing(
    errors_of: Callable[[int], list[float]],
    target: float,
    first: int,
    fewest: int,
    most: int | None = None,
) -> dict[int, list[float]]:
    """Try numbers of circuits until the mean error's crossing lies between two, then one there.

    Args:
        errors_of: from T to the error of each of its networks, at least two.
        target: of the error.
        first: the T that is tried first.
        fewest: the least T there is.
        most: the largest, if there is one.

    Returns:
        T -> the errors, by rising T.
    """
    limit = (lambda count: count) if most is None else (lambda count: min(count, most))
    tried: dict[int, list[float]] = {}
    at = max(limit(first), fewest)
    for _ in range(_ROUNDS):
        tried[at] = errors_of(at)
        side = error_crossing(tried, target).side
        if side == 0:
            break
        at = round(max(tried) * _STRIDE) if side > 0 else round(min(tried) / _STRIDE)
        at = max(limit(at), fewest)
        if at in tried:
            break
    found = error_crossing(tried, target)
    if found.side == 0 and (between := round(found.at)) not in tried:
        tried[between] = errors_of(between)
    return dict(sorted(tried.items()))


def error_crossing(tried: Mapping[int, list[float]], target: float) -> Crossing:
    """Return where the mean error over networks passes a target; T -> the errors."""
    measured = {count: np.array(errors)[:, None] for count, errors in tried.items()}
    return find_crossing(measured, lambda means: means[..., 0] / target)


def widening(count: int) -> float:
    """Return by how much percentiles of a bootstrap over few networks are too narrow.

    Resampled means have n - 1 of n parts of the variance, and normal quantiles for Student's.
    """
    from scipy.stats import norm, t

    student = float(t.isf(0.025, count - 1) / norm.isf(0.025))
    return student * (count / (count - 1)) ** 0.5


def _first(x: Any, levels: Any) -> Any:
    """Return where sequences pass 0 from below for the first time, or NaN.

    Between points that lie apart a monotone cubic: growth bends upwards towards the seizure, and a
    chord would pass too early.

    Args:
        x: (N,), ascending.
        levels: (..., N).

    Returns:
        (...).
    """
    from scipy.interpolate import pchip_interpolate

    if len(x) < 2:
        return np.full(levels.shape[:-1], np.nan)
    levels = np.clip(levels, -_FAR, _FAR)
    # What two sizes next to each other differ by is noise, which a cubic would take for a slope.
    if np.diff(x).min() > _CLOSE:
        fine = np.linspace(x[0], x[-1], _FINE * (len(x) - 1) + 1)
        x, levels = fine, pchip_interpolate(x, levels, fine, axis=-1)
    passed = (levels[..., :-1] <= 0) & (levels[..., 1:] > 0)
    found = passed.any(-1) & (levels[..., 0] <= 0)
    i = passed.argmax(-1)
    below, above = (np.take_along_axis(levels, i[..., None] + k, -1)[..., 0] for k in (0, 1))
    share = -below / np.where(found, above - below, 1)
    return np.where(found, x[i] + (x[i + 1] - x[i]) * share, np.nan)
