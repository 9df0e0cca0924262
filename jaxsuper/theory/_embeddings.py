"""Expected squared error of linear feature embeddings: T features, z active, D neurons, no computation.

Everything is summed over the T features, for binary features of which exactly z are active, all
subsets alike, a linear encoder with rows v_i and the readout a·<v_i, h>. q = (z-1)/(T-1) is the
probability that a second feature is active if a first one is. Source: "Estimated MSE loss for three
different ways of embedding features into neurons" and its follow-up "MSE loss does not generate
superposition" (2026), there with the leading orders only; notes#embeddings.
"""

from collections.abc import Iterable
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
        total: |sum_i v_i|^2; T if left out, its mean over Haar-random frames.

    Returns:
        The error; z(1 - D/T) exactly if `total` is T.
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
