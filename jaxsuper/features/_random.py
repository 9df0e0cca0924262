"""Random directions: independent unit vectors, almost orthogonal if D is large."""

import jax
import jax.numpy as jnp

from .._types import KeyScalar
from ._embedding import check_sizes, Embedding


def random_unit(n_features: int, width: int, *, key: KeyScalar) -> Embedding:
    """Return T independent vectors, uniform on the unit sphere of R^D.

    Their cosines have mean square 1/D and their largest is about 2·sqrt(ln T / D).

    Args:
        n_features: T, the number of features.
        width: D, the number of neurons.
        key: a typed key for the draw.

    Returns:
        The embedding.

    Raises:
        ValueError: if T < 1 or D < 1.
    """
    check_sizes(n_features, width)
    vectors = jax.random.normal(key, (n_features, width))
    return Embedding(vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True))
