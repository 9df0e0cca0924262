"""Expected squared error of linear feature embeddings: T features, z active, D neurons, no computation.

Everything is summed over the T features, for binary features of which exactly z are active, all
subsets alike, a linear encoder with rows v_i and the readout a·<v_i, h>. q = (z-1)/(T-1) is the
probability that a second feature is active if a first one is. Source: "Estimated MSE loss for three
different ways of embedding features into neurons" [M] and its follow-up "MSE loss does not generate
superposition" [M2], there with the leading orders only and divided by T in [M2]; notes#embeddings.

The second moments E x x' have two eigenvalues, z/T times (1-q) and 1 + (T-1) q, the larger one for
the vector 1; for centred features the larger one is 0, since the sum is z in every input.
"""

from collections.abc import Iterable
from math import sqrt
from typing import Any, SupportsFloat

import numpy as np

from .._errors import check


def coactivation(T: int, z: int) -> float:
    """Return q = (z-1)/(T-1), the probability that another feature is active beside an active one.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    check(1 <= z <= T, "z", f"must lie in 1..{T}", z)
    return (z - 1) / (T - 1) if T > 1 else 0.0


def embedding_mse(gram: Any, a: float, z: int) -> float:
    """Return the error of any embedding, exactly.

    MSE(a) = z/T · [ (1-q) tr((I - aG)^2) + q · 1'(I - aG)^2 1 ]

    Args:
        gram: G = <v_i, v_j>, (T, T).
        a: decode scale.
        z: active features.

    Returns:
        E|x - aGx|^2.
    """
    G = np.asarray(gram, dtype=np.float64)
    T, q = len(G), coactivation(len(G), z)
    rest = np.eye(T) - a * G
    return float(z / T * ((1 - q) * (rest**2).sum() + q * (rest.sum(axis=0) ** 2).sum()))


def random_embedding_mse(T: int, D: int, z: int, a: float) -> float:
    """Return z·((1-a)^2 + a^2 (T-1)/D), the error of random unit vectors averaged over their draw.

    Exact for all T and D: E<v,w>^2 = 1/D, and all mixed moments of the Gram matrix vanish, so that
    q drops out.
    """
    return z * ((1 - a) ** 2 + a**2 * (T - 1) / D)


def random_embedding_scale(T: int, D: int) -> float:
    """Return D/(D+T-1), the scale a with the least error for random unit vectors."""
    return D / (D + T - 1)


def random_embedding_best_mse(T: int, D: int, z: int) -> float:
    """Return z(T-1)/(D+T-1), the error of random unit vectors at the best scale."""
    return z * (T - 1) / (D + T - 1)


def random_embedding_leading_mse(T: int, D: int, z: int) -> float:
    """Return z·T/(T+D), the published leading order of `random_embedding_best_mse`."""
    return z * T / (T + D)


def dedicated_mse(T: int, D: int, z: int) -> float:
    """Return z(T-D)/T: D features own a neuron each, the others are dropped. Exact."""
    return z * (T - D) / T


def dedicated_published_mse(T: int, D: int, z: int) -> float:
    """Return z(T-D)/D, the published form: a misprint, above the trivial error z for T > 2D."""
    return z * (T - D) / D


def dedicated_guess_scale(T: int, D: int, z: int) -> float:
    """Return a' = q/(1 + q(D-1)), the best guess of a dropped feature per active represented one.

    Features that are represented are read out exactly; a dropped one is guessed from r, how many
    represented ones are active, as a' r. The least squares are a' = E[x r]/E[r^2] with

        E[x r] = z/T · q D,        E[r^2] = z/T · (D + q D(D-1)).

    For z = 2 it is 1/(T+D-2).
    """
    q = coactivation(T, z)
    return q / (1 + q * (D - 1))


def dedicated_guess_published_scale(T: int, D: int) -> float:
    """Return 1/(3D+T), [M2]'s a' for z = 2.

    It is the leading order of 1/(T+3D-4), which is what comes out if the probability that just one
    of two active features is represented is D(T-D)/(T(T-1)), half its value: either may be the one.
    """
    return 1 / (3 * D + T)


def dedicated_guess_mse(T: int, D: int, z: int) -> float:
    """Return z(1-D/T)(1 - q D a'), the error of D features with a neuron each and the others guessed.

    Per dropped feature it is E x^2 - E[x r]^2/E[r^2]; see `dedicated_guess_scale`. This is the
    least-squares readout of these neurons, above the bound by the factor 1 + q/(1 + q(D-1)).
    """
    q = coactivation(T, z)
    return z * (1 - D / T) * (1 - q * D * dedicated_guess_scale(T, D, z))


def dedicated_constant_mse(T: int, D: int, z: int) -> float:
    """Return z(1-D/T)(1-z/T): D features own a neuron each, the others are read out as z/T.

    A dropped feature has the variance z/T (1 - z/T). Divided by T it is [M2]'s value for a readout with
    a bias, (z/T)(1-D/T)(1-z/T), printed there without the 1/T.
    """
    return z * (1 - D / T) * (1 - z / T)


def shared_mse(loads: Iterable[SupportsFloat], z: int, a: float | None = None) -> float:
    """Return the error of features that share neurons, every feature in one neuron. Exact.

    z/T · sum over neurons of (1-q)(k - 2ak + a^2 k^2) + q·k(1 - ak)^2, k the features of a neuron.

    Args:
        loads: k of each neuron, with sum T.
        z: active features.
        a: one scale for all; by default each neuron's own best, 1/k.

    Returns:
        The error. With scales 1/k it is z(1-q)(1 - D/T), the least of all linear reconstructions.
    """
    k = np.array([float(load) for load in loads])
    k = k[k > 0]
    T = round(k.sum())
    q = coactivation(T, z)
    scale = 1 / k if a is None else np.full_like(k, a)
    own = k * (1 - 2 * scale + scale**2 * k)
    return float(z / T * ((1 - q) * own + q * k * (1 - scale * k) ** 2).sum())


def shared_published_mse(T: int, D: int, z: int, a: float) -> float:
    """Return z·((1-a)^2 + (T/D - 1) a^2): T/D features per neuron, never two of them active at once."""
    return z * ((1 - a) ** 2 + (T / D - 1) * a**2)


def tight_frame_mse(T: int, D: int, z: int, total: float | None = None) -> float:
    """Return the error of a unit-norm tight frame at a = D/T, where aG is a projection P.

    z/T · [ (1-q)(T-D) + q·(T - 1'P1) ], 1'P1 = D/T·|sum_i v_i|^2

    Args:
        T: features.
        D: neurons.
        z: active features.
        total: |sum_i v_i|^2; T if left out, its mean over frames of which each vector has an
            independent random sign, such as Haar-random ones and those of `features.tight_frame`.

    Returns:
        The error; z(1 - D/T) exactly if `total` is T. The bound, z(1-q)(1 - D/T), exactly if it is
        T^2/D, the most it can be: then P1 = 1, as for `features.harmonic_frame`.
    """
    q = coactivation(T, z)
    spread = T if total is None else total
    return z / T * ((1 - q) * (T - D) + q * (T - D / T * spread))


def linear_mse_bound(T: int, D: int, z: int) -> float:
    """Return z(1-q)(1 - D/T), a lower bound over all linear reconstructions of rank D.

    The same value as (T-D)·z(T-z)/(T(T-1)): the second-moment matrix of the features has the
    eigenvalue z(T-z)/(T(T-1)) T-1 times (Eckart and Young), so no encoder, linear or not, does
    better with a linear readout.
    """
    return z * (1 - coactivation(T, z)) * max(1 - D / T, 0.0)


def least_squares_mse(T: int, D: int, z: int, share: float) -> float:
    """Return the error of any embedding of rank D with its least-squares readout.

        lambda (T - D) + lambda x (1 - s)/(lambda + s x),    lambda = z/T (1-q),  x = z q

    s = |Q'1|^2/T is the share of the vector 1 in the range of V, the span of what the D neurons read,
    with the orthonormal basis Q. Nothing else of the embedding matters. Derivation: C = lambda I +
    x/T 1 1' becomes lambda I + x/T (Q'1)(Q'1)' in this basis, and the error tr C - tr Q'CCQ (Q'CQ)^-1
    differs from that for x = 0 along Q'1 alone. So a linear readout is optimal if and only if z = 1
    or the range holds 1, s = 1. Ours.

    Args:
        T: features.
        D: neurons, the rank of V.
        z: active features.
        share: s, 0 to 1; D/T on average if every vector has an independent random sign.

    Returns:
        The error; `linear_mse_bound` at s = 1, `dedicated_guess_mse` at s = D/T.

    Raises:
        ValueError: unless 0 <= s <= 1.
    """
    check(0 <= share <= 1, "share", "must lie in 0..1", share)
    q = coactivation(T, z)
    value, extra = z / T * (1 - q), z * q
    wrong = value * extra * (1 - share) / (value + share * extra) if extra else 0.0
    return value * (T - D) + wrong


def affine_mse(T: int, D: int, z: int) -> float:
    """Return z(1-q)(1 - (D+1)/T), the least error with a bias: that of any embedding but few.

    The bias takes out the mean, and what is left has the covariance lambda (I - 1 1'/T): no direction
    is better than another, and every embedding of rank D that does not hold the vector 1 in its range
    has lambda (T - 1 - D), lambda = z/T (1-q). One that holds it wastes a neuron on the sum, which is
    always z, and stays at `linear_mse_bound`. The value is z(1-z/T)(1 - D/(T-1)). Ours.
    """
    return z * (1 - coactivation(T, z)) * max(1 - (D + 1) / T, 0.0)


def threshold_recovery(T: int, D: int, z: int, cut: float) -> float:
    """Return Phi((1-cut)/s_1)^z Phi(cut/s_0)^(T-z), the share of inputs read out without any error.

    T random unit vectors, feature i taken for active where <v_i, h> > cut. It is 1 plus the overlaps
    with z - 1 others for an active feature, the overlaps with z for an inactive one; they are taken as
    independent Gaussians of variance 1/D: s_1^2 = (z-1)/D, s_0^2 = z/D. Ours, as in [W].
    """
    # Takes a sixth of a second to load, which nothing else here needs.
    from scipy.stats import norm

    active = norm.cdf((1 - cut) * sqrt(D / (z - 1))) if z > 1 else float(cut < 1)
    return float(active**z * norm.cdf(cut * sqrt(D / z)) ** (T - z))


def best_threshold(T: int, D: int, z: int) -> float:
    """Return the cut in 0..1 of the largest `threshold_recovery`, for z >= 2."""
    from scipy.optimize import minimize_scalar

    check(z >= 2, "z", "must be at least 2, for one overlaps with nothing", z)
    least = minimize_scalar(
        lambda cut: -threshold_recovery(T, D, z, cut), bounds=(0, 1), method="bounded"
    )
    return float(least.x)
