"""Errors of the universal AND: all pairwise ANDs of m features read off d random neurons.

A neuron is joined to each of the m binary features with probability p and computes
ReLU(what it is joined to - 1); x_i AND x_j is read as the mean over the N neurons joined to both.
Inputs have s active features. Orthogonal features reach the neurons as they are; features in
superposition are random unit vectors of R^D, and a neuron's weights are the sum of its features'
vectors. The construction is that of Hänni, Mendel, Vaintrob and Chan, "Mathematical Models of
Computation in Superposition", arXiv 2408.05451; the closed forms are ours; notes#universal-and.
"""

from collections.abc import Callable
from math import log, pi, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._errors import check
from ._cut import rectified_moments


# The widest network that is thought of, and the mean numbers of joint neurons.
_WIDEST = 10**12
_FEWEST_JOINT, _MOST_JOINT = 0.2, 60.0
# Terms of a Poisson sum of so many in the mean.
_TERMS = 200


class ConjunctionErrors(NamedTuple):
    """Errors of a readout by how many of its two features are active: 0, 1 (AND = 0) or 2 (AND = 1).

    Attributes:
        bias: (3,), mean of what is read minus what is true.
        mse: (3,), mean square of the same.
    """

    bias: Float[np.ndarray, "3"]
    mse: Float[np.ndarray, "3"]


def conjunction_errors(m: int, d: int, p: float, s: int, D: int | None = None) -> ConjunctionErrors:
    """Return the errors of reading x_i AND x_j, over networks, inputs and pairs.

    With o of the pair active a joint neuron holds z = ReLU(o - 1 + b + xi), where b, of
    Bin(s - o, p), counts other active features, and xi is what features in superposition add:
    normal with variance v = c + e, c in common to all joint neurons (the two features' own
    interference, and what two random rows share) and e of each for itself,

        c = [2s - 1{o=1}]/D + p^2 Q,  e = p (1-p) Q,  Q = [(m-2-(s-o)) s + (s-o)(s-1)]/D.

    N is Bin(d, p^2), and without any joint neuron 0 is read, t being the truth:

        bias = P(N>0) E z - t,
        mse  = P(N=0) t^2 + P(N>0) [(E z - t)^2 + C] + E[1/N; N>0] (Var z - C),  C = c P(z>0)^2.

    Exact for orthogonal features (D None: c = e = 0). In superposition it is the leading order in
    1/D and takes a neuron's features to be many, p m >> 1, and C to first order in c.

    Args:
        m: features.
        d: neurons.
        p: probability of a connection.
        s: active features.
        D: width of the input; None for orthogonal features.

    Returns:
        Bias and mean squared error.

    Raises:
        ValueError: unless 2 <= s <= m - 2 and 0 < p < 1.
    """
    check(2 <= s <= m - 2, "s", f"must be from 2 to {m - 2}", s)
    check(0 < p < 1, "p", "must lie between 0 and 1", p)
    none, inverse = _joint_neurons(d, p)
    bias, mse = np.zeros(3), np.zeros(3)
    for o in range(3):
        truth, common, individual = float(o == 2), *interference(m, p, s, o, D)
        mean, square, firing = _held(o, s - o, p, sqrt(common + individual))
        shared = common * firing**2
        bias[o] = (1 - none) * mean - truth
        spread = (mean - truth) ** 2 + shared
        mse[o] = none * truth + (1 - none) * spread + inverse * (square - mean**2 - shared)
    return ConjunctionErrors(bias, mse)


def interference(m: int, p: float, s: int, o: int, D: int | None) -> tuple[float, float]:
    """Return c and e of `conjunction_errors` for a pair of which o are active."""
    if D is None:
        return 0.0, 0.0
    pull = ((m - 2 - (s - o)) * s + (s - o) * (s - 1)) / D
    return (2 * s - (o == 1)) / D + p**2 * pull, p * (1 - p) * pull


def input_width(d: int, ratio: float | None) -> int | None:
    """Return D of D/d, at least 1; None for orthogonal features."""
    return None if ratio is None else max(1, round(ratio * d))


def best_density(m: int, d: int, s: int, D: int | None = None) -> tuple[float, float]:
    """Return the density p whose worst mean squared error, of o = 0, 1, 2, is least, and that error.

    Few connections leave pairs without a joint neuron, many let other features in: there is one
    minimum, near p = sqrt(N/d) with N of a few. Source: [H] takes p = ln^2 m/sqrt(d), which leaves
    no pair without; arguments as in `conjunction_errors`.

    Raises:
        ValueError: as `conjunction_errors`.
    """
    from scipy.optimize import minimize_scalar

    worst = lambda log_p: float(conjunction_errors(m, d, float(np.exp(log_p)), s, D).mse.max())
    ends = [min(0.5 * log(joint / d), log(0.9)) for joint in (_FEWEST_JOINT, _MOST_JOINT)]
    # Orthogonal features need many joint neurons: the density stays as the network widens.
    ends[1] = max(ends[1], log(0.5))
    found = minimize_scalar(worst, bounds=tuple(ends), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x)), float(found.fun)


def neurons_needed(m: int, s: int, mse: float, ratio: float | None = None) -> int:
    """Return d*, the fewest neurons that read every kind of pair with a mean squared error of `mse`.

    The density is the best one. In superposition, D = `ratio` d,

        d* -> `conjunction_constant` (s m/ratio)^(2/3)          from above, slowly: the error of
                                                                order p s from other active features
                                                                falls as m^(-1/3) only,

    and for orthogonal features d* does not depend on m. Only the worst of all pairs brings
    logarithms, ln m joint neurons for each: then d* ~ m^(2/3) ln^(1/3) m and d* ~ ln m. Source: [H],
    d* = O~(m^(2/3)) for D = d and O~(1) for orthogonal features; the constant is ours.

    Args:
        m: features.
        s: active features.
        mse: the error that is allowed, of the worst of o = 0, 1, 2.
        ratio: D/d, the width of the input in units of the neurons; None for orthogonal features.

    Returns:
        d*, to a hundredth.

    Raises:
        ValueError: unless 0 < mse < 1 and ratio > 0; as `conjunction_errors`.
    """
    check(0 < mse < 1, "mse", "must lie between 0 and 1", mse)
    check(ratio is None or ratio > 0, "ratio", "must be positive", ratio)

    def good(d: int) -> bool:
        return best_density(m, d, s, input_width(d, ratio))[1] <= mse

    return fewest_neurons(good, (3, 6, _WIDEST), 16, "mse", mse)


def fewest_neurons(
    good: Callable[[int], bool],
    widths: tuple[int, int, int],
    stride: int,
    argument: str,
    value: float | int,
) -> int:
    """Return the fewest neurons that are good enough, to a hundredth.

    Args:
        good: whether so many are; more never are worse.
        widths: too few, those tried first, and as many as are not reached any more.
        stride: from one try to the next.
        argument: what asks for more neurons than can be, in the error.
        value: of it.

    Raises:
        ValueError: if none are good enough.
    """
    low, high, widest = widths
    while not good(high):
        low, high = high, stride * high
        check(high < widest, argument, f"must be within reach of {widest:g} neurons", value)
    while high > 1.01 * low and high - low > 1:
        middle = round(sqrt(low * high))
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def conjunction_constant(mse: float) -> float:
    """Return c of d* -> c (s m/ratio)^(2/3), what `neurons_needed` tends to for large m.

    Then p -> 0, N is Poisson of mean nu = d p^2 and the interference of a neuron has the variance
    v = p m s/D, so that d^(3/2) = (m s/ratio) sqrt(nu)/v. What is left of the errors is

        o = 1:  v/(2 pi) (1 - e^-nu) + E[1/N; N>0] v (1 - 1/pi)/2
        o = 2:  e^-nu + (1 - e^-nu) (E y - 1)^2 + E[1/N; N>0] Var y,      y = ReLU(1 + sqrt(v) g),

    and c is the least (sqrt(nu)/v)^(2/3) at which neither exceeds `mse`.

    Args:
        mse: as in `neurons_needed`.

    Returns:
        The constant.

    Raises:
        ValueError: unless 0 < mse < 1.
    """
    from scipy.special import gammaln

    check(0 < mse < 1, "mse", "must lie between 0 and 1", mse)
    counts = np.arange(1, _TERMS)[:, None]
    # Fewer would leave more pairs without a joint neuron than are allowed.
    nu = -log(mse) * np.geomspace(1.0001, 20, 2000)
    inverse = (np.exp(counts * np.log(nu) - nu - gammaln(counts + 1)) / counts).sum(0)
    some = -np.expm1(-nu)

    def within(v):
        single = v / (2 * pi) * some + inverse * v * (1 - 1 / pi) / 2
        first, second = rectified_moments(np.ones_like(v), np.sqrt(v))
        both = 1 - some + some * (first - 1) ** 2 + inverse * (second - first**2)
        return np.maximum(single, both) <= mse

    low, high = np.full_like(nu, 1e-9), np.full_like(nu, 20.0)
    for _ in range(60):
        middle = np.sqrt(low * high)
        inside = within(middle)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return float(((np.sqrt(nu) / low) ** (2 / 3)).min())


def _joint_neurons(d: int, p: float) -> tuple[float, float]:
    """Return P(N = 0) and E[1/N; N > 0] of N joint neurons, Bin(d, p^2)."""
    from scipy.stats import binom

    mean = d * p * p
    most = min(d, int(mean + 12 * sqrt(mean) + 30))
    counts = np.arange(1, most + 1)
    chances = binom.pmf(counts, d, p * p)
    return float(binom.pmf(0, d, p * p)), float((chances / counts).sum())


def _held(o: int, others: int, p: float, spread: float) -> tuple[float, float, float]:
    """Return E z, E z^2 and P(z > 0) of a neuron joined to a pair of which o are active."""
    from scipy.special import ndtr
    from scipy.stats import binom

    b = np.arange(others + 1)
    chances = binom.pmf(b, others, p)
    drive = o - 1.0 + b
    if not spread:
        held = np.maximum(drive, 0)
        return float(chances @ held), float(chances @ held**2), float(chances @ (drive > 0))
    first, second = rectified_moments(drive, np.full(len(b), spread))
    return float(chances @ first), float(chances @ second), float(chances @ ndtr(drive / spread))
