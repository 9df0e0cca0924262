"""Confidence intervals over networks: a kind for each kind of metric.

The unit is the network: n values, one for each, of which the mean over all networks is sought.
What varies between networks deep in the seizure is one amplitude of the carried noise, the real
part of the mean rotation, which is close to normal and multiplies from layer to layer: squared
errors are lognormal (skew of their logarithms at D = 1000, T = 557, layers 1 to 7: below 0.4, where
their own reaches 1.8), shares and means over circuits are close to normal.

| kind | of | interval |
|---|---|---|
| "lognormal" | `mse_*` | mean of a lognormal variable, exp(mu + sigma^2 / 2), by MOVER |
| "share" | `frac_samples_*` | Student's; near 0 and 1 that of Clopper and Pearson |
| "student" | the others | mean ± t s / sqrt(n) |

Their coverage is recorded in benchmarks/results/coverage-cpu.md. Where a metric is exactly 0 in some
network, it is made by rare samples, or by none: a few networks do not show how large it is, and
there is no interval. What is nearly that rare is covered less than is nominal, too. MOVER is from
Zou, Huo, Taleban, Environmetrics 20 (2009) 172; the effective number of samples from Korn, Graubard,
Survey Methodology 24 (1998) 193.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from .._errors import check


Interval: TypeAlias = tuple[Float[np.ndarray, "*cells"], Float[np.ndarray, "*cells"]]

LOGNORMAL, SHARE, STUDENT = "lognormal", "share", "student"
# A count's mean has the skewness 1 / sqrt(count): from 16 on, a quarter, by which the two tails of
# Student's interval differ by some 2 % each way.
_ENOUGH = 16
_TINY = 1e-300
_KINDS = {"mse_": LOGNORMAL, "frac_samples_": SHARE}


def interval_kind(metric: str) -> str:
    """Return which kind of interval suits a metric: "lognormal", "share" or "student"."""
    return next((kind for start, kind in _KINDS.items() if metric.startswith(start)), STUDENT)


def metric_interval(
    metric: str,
    values: Float[np.ndarray, "networks *cells"],
    n_samples: int,
    confidence: float = 0.95,
) -> Interval:
    """Return the interval of the mean over networks that suits a metric.

    Args:
        metric: its name.
        values: its mean over the samples of each of at least two networks.
        n_samples: of each network.
        confidence: nominal coverage.

    Returns:
        (low, high); NaN where the metric is exactly 0 in any network, unless it is a share of
        samples.

    Raises:
        ValueError: as `student_interval`.
    """
    kind = interval_kind(metric)
    if kind == SHARE:
        spread = _spread(values)
        return share_interval(values.mean(axis=0), spread, len(values), n_samples, confidence)
    found = (lognormal_interval if kind == LOGNORMAL else student_interval)(values, confidence)
    return _where_seen(np.asarray((values != 0).all(axis=0)), found)


def student_interval(
    values: Float[np.ndarray, "networks *cells"], confidence: float = 0.95
) -> Interval:
    """Return Student's interval of the mean of normal values.

    Args:
        values: at least two, independent.
        confidence: nominal coverage.

    Returns:
        (low, high).

    Raises:
        ValueError: for fewer than two values or a confidence outside 0..1.
    """
    quantile = _quantile(values, confidence)
    with np.errstate(invalid="ignore"):  # errors that overflowed have no interval
        mean = np.asarray(values.mean(axis=0))
        reach = quantile * _spread(values)
        return np.asarray(mean - reach), np.asarray(mean + reach)


def geometric_interval(
    values: Float[np.ndarray, "networks *cells"], confidence: float = 0.95
) -> Interval:
    """Return Student's interval on logarithms: of the geometric mean of positive values.

    The geometric mean is the median wherever the logarithms are symmetric, as for lognormal values.

    Args:
        values: at least two, independent and positive.
        confidence: nominal coverage.

    Returns:
        (low, high).

    Raises:
        ValueError: as `student_interval`.
    """
    low, high = student_interval(np.log(values), confidence)
    return np.asarray(np.exp(low)), np.asarray(np.exp(high))


def lognormal_interval(
    values: Float[np.ndarray, "networks *cells"], confidence: float = 0.95
) -> Interval:
    """Return an interval of the mean of lognormal values, exp(mu + sigma^2 / 2).

    The distances of Student's interval of mu and of the chi-squared interval of sigma^2 / 2 from
    their centres are added in squares, each side for itself (MOVER). Where the values scatter little
    it is Student's; where any is not positive it is Student's too.

    Args:
        values: at least two, independent.
        confidence: nominal coverage.

    Returns:
        (low, high).

    Raises:
        ValueError: as `student_interval`.
    """
    from scipy.special import chdtri

    reach_of_mu = _quantile(values, confidence)
    positive = ((values > 0) & np.isfinite(values)).all(axis=0)
    logs = np.log(np.where(positive, values, 1.0))
    freedom, tail = len(values) - 1, (1 - confidence) / 2
    reach = reach_of_mu * _spread(logs)
    half = logs.var(axis=0, ddof=1) / 2
    centre = logs.mean(axis=0) + half
    below = half * (1 - freedom / chdtri(freedom, tail))
    above = half * (freedom / chdtri(freedom, 1 - tail) - 1)
    with np.errstate(over="ignore"):  # two or three values that differ much bound nothing above
        found = np.exp(centre - np.hypot(reach, below)), np.exp(centre + np.hypot(reach, above))
    plain = student_interval(values, confidence)
    return np.where(positive, found[0], plain[0]), np.where(positive, found[1], plain[1])


def share_interval(
    mean: Float[np.ndarray, "*cells"],
    stderr: Float[np.ndarray, "*cells"],
    n_networks: int,
    n_samples: int,
    confidence: float = 0.95,
) -> Interval:
    """Return an interval of the share of samples that have a property.

    Student's where there are enough of the rarer kind. Else Clopper and Pearson's at the number of
    independent samples with the same standard error, at most those that were drawn: it has a
    width where all samples agree too, and covers more than is nominal, as counts are whole.

    Args:
        mean: the share.
        stderr: its standard error between networks; for one network, over samples.
        n_networks: independent networks.
        n_samples: of each.
        confidence: nominal coverage.

    Returns:
        (low, high).

    Raises:
        ValueError: for a confidence outside 0..1.
    """
    from scipy.special import betaincinv

    _check_confidence(confidence)
    drawn, tail = n_networks * n_samples, (1 - confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(stderr > 0, np.minimum(mean * (1 - mean) / stderr**2, drawn), drawn)
    hits, misses = mean * worth, (1 - mean) * worth
    # The bounds 0 and 1 of no hit and of no miss are limits that the function does not take.
    low = np.where(mean > 0, betaincinv(np.maximum(hits, _TINY), misses + 1, tail), 0.0)
    high = np.where(mean < 1, betaincinv(hits + 1, np.maximum(misses, _TINY), 1 - tail), 1.0)
    units = n_networks if n_networks > 1 else n_samples
    reach = _student(units - 1, 1 - tail) * stderr if units > 1 else np.full_like(stderr, np.nan)
    few = np.minimum(mean, 1 - mean) * drawn < _ENOUGH
    known = np.isfinite(mean)
    low, high = np.where(few, low, mean - reach), np.where(few, high, mean + reach)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def sampled_interval(
    metric: str,
    mean: Float[np.ndarray, "*cells"],
    stderr: Float[np.ndarray, "*cells"],
    n_samples: int,
    confidence: float = 0.95,
) -> Interval:
    """Return the interval of one network's mean, over its samples: it says nothing of others.

    Args:
        metric: its name.
        mean: over the samples.
        stderr: its standard error; NaN for one sample, which has no interval.
        n_samples: independent samples.
        confidence: nominal coverage.

    Returns:
        (low, high); NaN where the mean is exactly 0, unless it is a share of samples.

    Raises:
        ValueError: for a confidence outside 0..1.
    """
    if interval_kind(metric) == SHARE:
        return share_interval(mean, stderr, 1, n_samples, confidence)
    _check_confidence(confidence)
    reach = _student(max(n_samples - 1, 1), (1 + confidence) / 2) * stderr
    return _where_seen(mean != 0, (mean - reach, mean + reach))


def _where_seen(seen: np.ndarray, interval: Interval) -> Interval:
    """Return an interval without the cells in which some network shows an exact 0."""
    low, high = interval
    return np.where(seen, low, np.nan), np.where(seen, high, np.nan)


def _quantile(values: np.ndarray, confidence: float) -> float:
    """Return Student's two-sided quantile for a mean of these values."""
    _check_confidence(confidence)
    check(len(values) > 1, "values", "must be at least two", len(values))
    return _student(len(values) - 1, (1 + confidence) / 2)


def _student(freedom: int, share: float) -> float:
    """Return the quantile of Student's distribution."""
    from scipy.special import stdtrit  # imported when it is used

    return float(stdtrit(freedom, share))


def _spread(values: np.ndarray) -> np.ndarray:
    """Return the standard error of the mean."""
    return np.asarray(values.std(axis=0, ddof=1) / len(values) ** 0.5)


def _check_confidence(confidence: float) -> None:
    check(0 < confidence < 1, "confidence", "must lie between 0 and 1", confidence)
