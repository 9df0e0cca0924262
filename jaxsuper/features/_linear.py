"""Linear readouts, and the best of them: exact minimisers of the exact mean squared error.

For an input uniform over z-subsets of T features, E x x' = C with z/T on the diagonal and
z(z-1)/(T(T-1)) off it, so the error of a readout W of an embedding V, M = W V', is

    E|x - M x|^2 = tr( (I - M) C (I - M)' ) = (c - c') |I - M|^2 + c' |(I - M) 1|^2

with c and c' the two entries of C. It is a quadratic form that needs no sample. All is done in
float64 on D x D matrices; no T x T matrix is made.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import check
from ._embedding import check_active, Embedding
from ._readouts import check_shapes, Linear


def second_moments(n_features: int, n_active: int) -> tuple[float, float]:
    """Return E x_i^2 = z/T and E x_i x_j = z(z-1)/(T(T-1)), i ≠ j, of uniform z-hot inputs.

    Args:
        n_features: T, the number of features.
        n_active: z, how many features are active in an input.

    Returns:
        (diagonal, off-diagonal).

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    check_active(n_features, n_active)
    diagonal = n_active / n_features
    pairs = (n_active - 1) / (n_features - 1) if n_features > 1 else 0.0
    return diagonal, diagonal * pairs


def _double(table: Float[Array, "T D"]) -> Float[np.ndarray, "T D"]:
    return np.asarray(table, np.float64)


def linear_mse(embedding: Embedding, readout: Linear, n_active: int) -> float:
    """Return the exact E|x - W V'x|^2 of a linear readout, summed over the features.

    Args:
        embedding: V.
        readout: W.
        n_active: z, how many features are active in an input.

    Returns:
        The mean squared error.

    Raises:
        ValueError: unless 1 <= z <= T and the shapes agree.
    """
    check_shapes(embedding, readout)
    diagonal, off = second_moments(embedding.n_features, n_active)
    vectors, weights = _double(embedding.vectors), _double(readout.weights)
    trace = float((vectors * weights).sum())
    squares = float(((weights.T @ weights) * (vectors.T @ vectors)).sum())
    sums = 1 - weights @ vectors.sum(axis=0)
    frobenius = embedding.n_features - 2 * trace + squares
    return (diagonal - off) * frobenius + off * float(sums @ sums)


def scaled(embedding: Embedding, scale: Any) -> Linear:
    """Return the readout a·V: each feature is read along its own vector.

    Args:
        embedding: V.
        scale: a, one number or one per feature.

    Returns:
        The readout.

    Raises:
        ValueError: if `scale` has another shape.
    """
    scale = jnp.asarray(scale, jnp.float32)
    count = embedding.n_features
    check(scale.shape in ((), (count,)), "scale", f"must be a number or ({count},)", scale.shape)
    column = jnp.broadcast_to(scale, (count,))[:, None]
    return Linear(column * embedding.vectors)


def _scale_terms(embedding: Embedding, n_active: int) -> tuple[np.ndarray, np.ndarray]:
    """Return E[x_t g_t] and E[g_t^2] for g = G x, the unscaled readout of each feature."""
    diagonal, off = second_moments(embedding.n_features, n_active)
    vectors = _double(embedding.vectors)
    norms = (vectors**2).sum(axis=1)
    sums = vectors @ vectors.sum(axis=0)
    squares = ((vectors @ (vectors.T @ vectors)) * vectors).sum(axis=1)
    return (diagonal - off) * norms + off * sums, (diagonal - off) * squares + off * sums**2


def optimal_scale(embedding: Embedding, n_active: int) -> float:
    """Return the one scale a of the readout a·V that minimises the exact mean squared error.

    With q = (z-1)/(T-1), a = [(1-q) tr G + q 1'G1] / [(1-q) tr G^2 + q |G1|^2].

    Args:
        embedding: V, with Gram matrix G.
        n_active: z, how many features are active in an input.

    Returns:
        a; 0 if all vectors are zero.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    cross, power = _scale_terms(embedding, n_active)
    return float(cross.sum() / power.sum()) if power.sum() > 0 else 0.0


def best_scale(embedding: Embedding, n_active: int) -> Linear:
    """Return the readout a·V with the scale of `optimal_scale`; arguments as there."""
    return scaled(embedding, optimal_scale(embedding, n_active))


def best_feature_scales(embedding: Embedding, n_active: int) -> Linear:
    """Return the readout with row t = a_t·v_t, every a_t minimising the error of its feature.

    Args:
        embedding: V.
        n_active: z, how many features are active in an input.

    Returns:
        The readout; a_t = 0 where a feature's readout is always zero.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    cross, power = _scale_terms(embedding, n_active)
    return scaled(embedding, np.where(power > 0, cross / np.where(power > 0, power, 1.0), 0.0))


def least_squares(embedding: Embedding, n_active: int) -> Linear:
    """Return the readout that minimises the exact mean squared error over all T x D matrices.

    W = C V (V'C V)^+. Of all minimisers it is the one of least norm.

    Args:
        embedding: V.
        n_active: z, how many features are active in an input.

    Returns:
        The readout.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    diagonal, off = second_moments(embedding.n_features, n_active)
    vectors = _double(embedding.vectors)
    sums = vectors.sum(axis=0)
    covariance = (diagonal - off) * (vectors.T @ vectors) + off * np.outer(sums, sums)
    cross = (diagonal - off) * vectors + off * sums[None, :]
    # Vectors come in float32: directions below its rounding are not there.
    inverse = np.linalg.pinv(covariance, rcond=1e-12, hermitian=True)
    return Linear(cross @ inverse)
