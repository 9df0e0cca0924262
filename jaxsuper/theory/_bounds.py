"""Bounds on overlaps and on the number of circuits, and the overlap of random vectors."""

from math import log, sqrt

from .._errors import check


def welch_mean_square(T: int, D: int) -> float:
    """Return (T-D)/(D(T-1)): the mean of <v_i, v_j>^2 over pairs is at least this.

    From tr(G^2) >= (tr G)^2/D for unit vectors; equality only for tight frames. Source: notes#overlaps.

    Raises:
        ValueError: if T < 2.
    """
    check(T >= 2, "T", "must be at least 2", T)
    return max(T - D, 0) / (D * (T - 1))


def welch_bound(T: int, D: int) -> float:
    """Return sqrt((T-D)/(D(T-1))): the largest |<v_i, v_j>| of T unit vectors is at least this."""
    return sqrt(welch_mean_square(T, D))


def readout_floor(T: int, D: int) -> float:
    """Return T(T-D)/D: the least sum of squared cross-talk of a readout with unit diagonal.

    For any encoder and linear readout whose product M (T x T, rank D) has M_ii = 1,
    sum_{i≠j} M_ij^2 >= T(T-D)/D, since (tr M)^2 <= D |M|^2; hence max |M_ij| >= `welch_bound`. A
    readout that shrinks its diagonal is not bound by it. Source: "Linear-Readout Floors and
    Threshold Recovery in Computation in Superposition", arXiv 2605.01192; notes#overlaps.
    """
    return T * max(T - D, 0) / D


def pair_count_bound(n: int, S: int) -> int:
    """Return floor(n(n-1)/(S(S-1))): sets that share at most one neuron use every pair only once.

    Raises:
        ValueError: if S < 2, where there are no pairs.
    """
    check(S >= 2, "S", "must be at least 2", S)
    return n * (n - 1) // (S * (S - 1))


def random_max_overlap(T: int, D: int) -> float:
    """Return 2·sqrt(ln T/D), the leading order of the largest |<v_i, v_j>| of T random unit vectors.

    A standard result; notes#overlaps. For T <= e^(D/4); see `random_max_overlap_median`.
    """
    return 2 * sqrt(log(T) / D)


def random_max_overlap_median(T: int, D: int) -> float:
    """Return the median of the largest |<v_i, v_j>| of T random unit vectors.

    <v, w>^2 is Beta(1/2, (D-1)/2) and the M = T(T-1)/2 pairs are nearly independent (pairwise they
    are exactly), so P(max <= x) = P(|<v, w>| <= x)^M = 1/2 at the quantile 2^(-1/M).

    Raises:
        ValueError: if T < 2 or D < 2.
    """
    check(T >= 2, "T", "must be at least 2", T)
    check(D >= 2, "D", "must be at least 2", D)
    # Takes a sixth of a second to load, which nothing else here needs.
    from scipy.special import betaincinv

    pairs = T * (T - 1) / 2
    return float(sqrt(betaincinv(0.5, (D - 1) / 2, 2 ** (-1 / pairs))))
