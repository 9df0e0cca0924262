"""How many ANDs of an input a threshold gets wrong: the tails of `conjunction_errors`."""

from math import ceil, comb, exp, log, pi, sqrt

import numpy as np
from jaxtyping import Float

from .._errors import check
from ._conjunctions import fewest_neurons, input_width, interference


# Of the grid of what a neuron holds, and of the noise that joint neurons have in common.
_STEP, _CUT = 1 / 16, 0.5
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / sqrt(2 * pi)
_WIDEST = 10**9


def wrong_conjunctions(
    m: int, d: int, p: float, s: int, D: int | None = None
) -> Float[np.ndarray, "3"]:
    """Return how many pairs of an input are wrong in the mean if readouts above 1/2 count as true.

    The readout of a pair is the mean of N independent values z, whose law `conjunction_errors` gives,
    given the noise they have in common; its tail is their N-fold convolution, summed over N of
    Bin(d, p^2). Times C(m-s, 2), s (m-s) and C(s, 2) pairs with 0, 1 and 2 active features.
    Assumptions as there; that a neuron's interference is normal matters more in the tail.

    Args:
        m: features.
        d: neurons.
        p: probability of a connection.
        s: active features.
        D: width of the input; None for orthogonal features.

    Returns:
        The expected numbers, by active features of the pair.

    Raises:
        ValueError: as `conjunction_errors`.
    """
    from scipy.stats import binom

    check(2 <= s <= m - 2, "s", f"must be from 2 to {m - 2}", s)
    check(0 < p < 1, "p", "must lie between 0 and 1", p)
    mean = d * p * p
    most = min(d, ceil(mean + 6 * sqrt(mean) + 8))
    chances = binom.pmf(np.arange(most + 1), d, p * p)
    pairs = (comb(m - s, 2), s * (m - s), comb(s, 2))
    wrong = np.zeros(3)
    for o in range(3):
        common, individual = interference(m, p, s, o, D)
        above = np.zeros(most)
        nodes = zip(_NODES, _WEIGHTS, strict=True) if common else [(0.0, 1.0)]
        for node, weight in nodes:
            held = _law(o, s - o, p, sqrt(individual), node * sqrt(common))
            above += weight * _tails(held, most)
        # Without a joint neuron 0 is read.
        false = chances[1:] @ above
        wrong[o] = pairs[o] * (1 - false if o == 2 else false)
    return wrong


def _law(o: int, others: int, p: float, spread: float, shift: float) -> Float[np.ndarray, " k"]:
    """Return the probabilities of z = 0, h, 2h, ... of a joint neuron."""
    from scipy.special import ndtr
    from scipy.stats import binom

    drive = o - 1 + np.arange(others + 1) + shift
    chances = binom.pmf(np.arange(others + 1), others, p)
    size = ceil((max(float(drive[-1]), 0) + 7 * spread) / _STEP) + 2
    edges = (np.arange(size) + 0.5) * _STEP
    gaps = edges[:, None] - drive[None, :]
    below = ndtr(gaps / spread) if spread else (gaps > 0).astype(float)
    return np.diff(below @ chances, prepend=0.0)


def _tails(held: Float[np.ndarray, " k"], most: int) -> Float[np.ndarray, " N"]:
    """Return P(mean of N values > 1/2) for N = 1 ... most."""
    counts = np.arange(1, most + 1)
    size = 1 << (most * len(held)).bit_length()
    powers = np.fft.rfft(held, size)[None, :] ** counts[:, None]
    below = np.cumsum(np.fft.irfft(powers, size, axis=1), axis=1)
    return np.clip(1 - below[np.arange(most), np.floor(counts * _CUT / _STEP).astype(int)], 0, 1)


def least_wrong_density(m: int, d: int, s: int, D: int | None = None) -> tuple[float, float]:
    """Return the density p at which the fewest pairs of an input are wrong, and how many.

    Args:
        m: features.
        d: neurons.
        s: active features.
        D: width of the input; None for orthogonal features.

    Returns:
        p and the expected number.

    Raises:
        ValueError: as `conjunction_errors`.
    """
    from scipy.optimize import minimize_scalar

    total = lambda u: log(float(wrong_conjunctions(m, d, exp(u), s, D).sum()) + 1e-12)
    ends = (0.5 * log(4 / d), min(0.5 * log(120 / d), log(0.5)))
    found = minimize_scalar(total, bounds=ends, method="bounded", options={"xatol": 0.04})
    return exp(found.x), exp(found.fun)


def neurons_to_recover(m: int, s: int, wrong: float = 1.0, ratio: float | None = None) -> int:
    """Return the fewest neurons at which a threshold gets no more than `wrong` pairs of an input wrong.

    The bound is on all m(m-1)/2 pairs together, so each needs of the order of ln m joint neurons:
    d ~ m^(2/3) ln^(1/3) m in superposition with D = `ratio` d, and d ~ ln m for orthogonal features.

    Args:
        m: features.
        s: active features.
        wrong: expected number of wrong pairs.
        ratio: D/d; None for orthogonal features.

    Returns:
        The number, to a hundredth.

    Raises:
        ValueError: unless wrong > 0 and ratio > 0; as `conjunction_errors`.
    """
    check(wrong > 0, "wrong", "must be positive", wrong)
    check(ratio is None or ratio > 0, "ratio", "must be positive", ratio)

    def good(d: int) -> bool:
        return least_wrong_density(m, d, s, input_width(d, ratio))[1] <= wrong

    return fewest_neurons(good, (16, 64, _WIDEST), 2, "wrong", wrong)
