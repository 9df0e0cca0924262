"""Do two windows lose similarity in the same layers? Correlation, and a test with stated errors.

The profile of a window is what share of its loss each layer has. Of n independent units (sequences of
one network, or networks) the difference v of two profiles has, to first order, the mean of

    u_i = (D_i - p sum D_i) / mean sum D - (D'_i - p' sum D'_i) / mean sum D'

and Hotelling's T^2 = n v' S^-1 v with the covariance S of the u_i tests whether it is 0: "same layers".
Its ellipsoid holds the true v with the confidence 1 - alpha, so the overlap of the two profiles,
1 - |v|_1 / 2, lies in an interval that is found on it (bounded by its box). Verdicts:

    same       even the least overlap in the interval is above 1 - margin   P(wrong) <= alpha
    different  otherwise, if p <= alpha                                     P(wrong) <= alpha
    undecided  otherwise, or where a window loses nothing to speak of
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from .._errors import check, Shown


# A window must lose so many standard errors for its profile to say anything.
_LOSES = 4.0
# Directions in which units do not vary, against those in which they do most.
_FLAT = 1e-9


@dataclass(frozen=True)
class SameLayers:
    """What the test found.

    Attributes:
        verdict: "same", "different" or "undecided".
        p_value: of the same profile; NaN where there is none.
        overlap: of the two profiles, 1 if they are the same, 0 if no layer is in both.
        low: of the interval of the overlap.
        high: of the same.
        correlation: of the mean losses over layers.
        alpha: error rate of each wrong verdict.
        margin: up to which profiles are the same for all purposes.
    """

    verdict: str
    p_value: float
    overlap: float
    low: float
    high: float
    correlation: float
    alpha: float
    margin: float


def correlation(first: Float[np.ndarray, " L"], second: Float[np.ndarray, " L"]) -> float:
    """Return the correlation of two losses over layers; NaN where one is flat."""
    one, other = first - first.mean(), second - second.mean()
    scale = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / scale) if scale > 1e-30 else float("nan")


def drop_correlation(
    first: Float[np.ndarray, "n L"], second: Float[np.ndarray, "n L"]
) -> tuple[float, float]:
    """Return the correlation of mean losses over layers, and its standard error (jackknife).

    Args:
        first: losses of one window, of n units.
        second: of another window, of the same units.
    """
    _check(first, second, 1)
    n = len(first)
    value = correlation(first.mean(0), second.mean(0))
    if n < 3:
        return value, float("nan")
    sums, others = first.sum(0), second.sum(0)
    left = [correlation(sums - a, others - b) for a, b in zip(first, second, strict=True)]
    return value, float(np.sqrt((n - 1) * np.var(left)))


def same_layers(
    first: Float[np.ndarray, "n L"],
    second: Float[np.ndarray, "n L"],
    *,
    alpha: float = 0.05,
    margin: float = 0.1,
) -> SameLayers:
    """Test whether two windows lose similarity in the same layers.

    Args:
        first: losses by layer of one window, of n independent units.
        second: of another window, of the same units.
        alpha: error rate of each of the two wrong verdicts.
        margin: profiles that differ by less are the same for all purposes.

    Returns:
        Verdict, p-value and overlap.

    Raises:
        ValueError: for shapes that differ, or fewer units than layers + 2.
    """
    _check(first, second, first.shape[-1] + 2)
    check(0 < alpha < 0.5, "alpha", "must lie between 0 and 1/2", alpha)
    check(0 < margin < 1, "margin", "must lie between 0 and 1", margin)
    n, L = first.shape
    profiles, deviations, loses = [], [], True
    for given in (first, second):
        total = given.sum(1)
        mean, error = total.mean(), total.std(ddof=1) / n**0.5
        loses = loses and mean > _LOSES * error and mean > 1e-9
        profile = given.mean(0) / mean if mean else np.full(L, np.nan)
        profiles.append(profile)
        deviations.append((given - profile * total[:, None]) / mean if mean else given)
    related = correlation(first.mean(0), second.mean(0))
    if not loses:
        nan = float("nan")
        return SameLayers("undecided", nan, nan, nan, nan, related, alpha, margin)
    v = profiles[0] - profiles[1]
    covariance = np.cov((deviations[0] - deviations[1]).T) / n
    values, vectors = np.linalg.eigh(covariance)
    # Shares sum to one, so that one direction is flat; layers that lose nothing are others.
    moves = values > _FLAT * max(values.max(), 1e-30)
    rank = int(moves.sum())
    size = float((((v @ vectors[:, moves]) ** 2) / values[moves]).sum())
    scale = (n - 1) * rank / (n - rank)
    p_value = float(stats.f.sf(size / scale, rank, n - rank))
    reach = np.sqrt(scale * stats.f.isf(alpha, rank, n - rank) * np.diag(covariance)).sum() / 2
    apart = float(np.abs(v).sum() / 2)
    low, high = max(1 - apart - float(reach), 0.0), min(1 - apart + float(reach), 1.0)
    verdict = "same" if low > 1 - margin else "different" if p_value <= alpha else "undecided"
    return SameLayers(verdict, p_value, 1 - apart, low, high, related, alpha, margin)


def _check(first: Float[np.ndarray, "n L"], second: Float[np.ndarray, "n L"], least: int) -> None:
    fits = first.ndim == 2 and first.shape == second.shape
    check(fits, "second", f"must have the shape {first.shape} of `first`", second.shape)
    rule = f"must hold at least {least} independent units of so many layers"
    check(len(first) >= least, "first", rule, len(first))
    for name, given in (("first", first), ("second", second)):
        check(np.isfinite(given).all(), name, "must be finite", Shown(given))
