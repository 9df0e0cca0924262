"""The embedding itself: one vector of neurons per feature."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_index


class Embedding(eqx.Module):
    """T features as vectors in D neurons; an input x in {0, 1}^T is encoded as x @ vectors.

    Attributes:
        vectors: (T, D), row t is what feature t adds to the neurons.
    """

    vectors: Float[Array, "T D"]

    def __init__(self, vectors: Any):
        """Take any table of vectors.

        Args:
            vectors: (T, D), turned into float32.

        Raises:
            ValueError: unless `vectors` is a table of at least one feature and one neuron.
        """
        vectors = jnp.asarray(vectors, jnp.float32)
        check(vectors.ndim == 2 and vectors.size > 0, "vectors", "must be (T, D)", vectors.shape)
        self.vectors = vectors

    @property
    def n_features(self) -> int:
        """T."""
        return self.vectors.shape[0]

    @property
    def width(self) -> int:
        """D."""
        return self.vectors.shape[1]

    def encode(self, features: Float[Array, " T"]) -> Float[Array, " D"]:
        """Return the activation of the D neurons for one input."""
        return jnp.matmul(features, self.vectors, precision="highest")

    def gram(self) -> Float[Array, "T T"]:
        """Return the inner products of all pairs of vectors."""
        return jnp.matmul(self.vectors, self.vectors.T, precision="highest")


def check_sizes(n_features: int, width: int) -> None:
    """Raise a `ValueError` unless T >= 1 and D >= 1."""
    check_index("n_features", n_features)
    check_index("width", width)


def check_active(n_features: int, n_active: int) -> None:
    """Raise a `ValueError` unless 1 <= z <= T."""
    check_index("n_active", n_active)
    check(
        n_active <= n_features, "n_active", f"must be at most the {n_features} features", n_active
    )
