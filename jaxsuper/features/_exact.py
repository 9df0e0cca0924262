"""Small embeddings known exactly: simplex, cross polytope, polygon, equiangular lines.

Simplex and equiangular lines attain Welch's bound max |cos| >= sqrt((T-D)/(D(T-1))): they are
Grassmannian frames. Simplex and cross polytope have the largest cosine, signs counted, as low as it
can be for T = D + 1 and for any T from D + 2 to 2D.
"""

from itertools import combinations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._errors import check
from ._embedding import check_sizes, Embedding


# T lines in R^D with all |cos| equal: 1/sqrt(5) for the first, 1/3 for the others.
EQUIANGULAR = {(6, 3), (10, 5), (16, 6), (28, 7)}


def _from_gram(gram: Float[np.ndarray, "T T"], width: int) -> Embedding:
    """Return vectors in R^D with the given inner products, a matrix of rank D."""
    values, axes = np.linalg.eigh(gram)
    return Embedding(axes[:, -width:] * np.sqrt(values[-width:]))


def simplex(width: int) -> Embedding:
    """Return the T = D + 1 corners of the regular simplex, all cosines -1/D.

    Args:
        width: D, the number of neurons.

    Returns:
        The embedding.

    Raises:
        ValueError: if D < 1.
    """
    check_sizes(1, width)
    return _from_gram((1 + 1 / width) * np.eye(width + 1) - 1 / width, width)


def cross_polytope(width: int) -> Embedding:
    """Return the T = 2D vectors +-e_i: feature i and feature D + i are opposite, cosines -1 and 0.

    Args:
        width: D, the number of neurons.

    Returns:
        The embedding.

    Raises:
        ValueError: if D < 1.
    """
    check_sizes(1, width)
    return Embedding(jnp.concatenate([jnp.eye(width), -jnp.eye(width)]))


def polygon(n_features: int) -> Embedding:
    """Return T vectors in D = 2 neurons at the angles 2·pi·t/T.

    Args:
        n_features: T, the number of features.

    Returns:
        The embedding.

    Raises:
        ValueError: if T < 1.
    """
    check_sizes(n_features, 2)
    angles = 2 * np.pi * np.arange(n_features) / n_features
    return Embedding(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def equiangular(n_features: int, width: int) -> Embedding:
    """Return T equiangular lines in R^D that attain Welch's bound.

    The 6 lines in R^3 are the diagonals of the icosahedron. The 28 in R^7 are the vectors
    (4(e_i + e_j) - 1)/sqrt(24), i < j <= 8, which are orthogonal to 1; those orthogonal to
    e_1 - e_2 as well are 16 in R^6, and those orthogonal to e_2 - e_3, too, are 10 in R^5.
    Source: Lemmens and Seidel (1973).

    Args:
        n_features: T, the number of features.
        width: D, the number of neurons.

    Returns:
        The embedding; one unit vector of each line, so cosines have either sign.

    Raises:
        ValueError: unless (T, D) is one of (6, 3), (10, 5), (16, 6), (28, 7).
    """
    known = ", ".join(str(pair) for pair in sorted(EQUIANGULAR))
    sizes = (n_features, width)
    check(sizes in EQUIANGULAR, "n_features, width", f"must be one of {known}", sizes)
    if width == 3:
        ratio = (1 + 5**0.5) / 2
        corners = np.array([[0, 1, sign * ratio] for sign in (1, -1)]) / np.sqrt(1 + ratio**2)
        return Embedding(np.concatenate([np.roll(corners, shift, axis=1) for shift in range(3)]))
    pairs = np.array(list(combinations(range(8), 2)))
    points = (4.0 * np.eye(8)[pairs].sum(axis=1) - 1.0) / np.sqrt(24)
    tied = {7: [], 6: [0, 1], 5: [0, 1, 2]}[width]
    tied_points = points[(points[:, tied] == points[:, tied[:1]]).all(axis=1)]
    return _from_gram(tied_points @ tied_points.T, width)
