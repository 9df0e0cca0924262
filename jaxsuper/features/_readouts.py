"""Readouts: from D neurons back to an estimate of the T features."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._errors import check
from .._types import Scalar
from ._embedding import Embedding


class AbstractReadout(eqx.Module):
    """A map from the activation of the neurons to estimates of all features.

    Attributes:
        weights: (T, D), row t reads feature t.
    """

    weights: eqx.AbstractVar[Float[Array, "T D"]]

    @abstractmethod
    def __call__(self, hidden: Float[Array, " D"]) -> Float[Array, " T"]:
        """Estimate the features of one input."""

    def project(self, hidden: Float[Array, " D"]) -> Float[Array, " T"]:
        """Return W h."""
        return jnp.matmul(self.weights, hidden, precision="highest")


class Linear(AbstractReadout):
    """W h."""

    weights: Float[Array, "T D"]

    def __init__(self, weights: Any):
        """Take the weights, (T, D)."""
        self.weights = _table(weights)

    def __call__(self, hidden: Float[Array, " D"]) -> Float[Array, " T"]:
        """Return W h."""
        return self.project(hidden)


class Rectified(AbstractReadout):
    """ReLU(W h + b), with a bias per feature."""

    weights: Float[Array, "T D"]
    bias: Float[Array, " T"]

    def __init__(self, weights: Any, bias: Any):
        """Take the weights, (T, D), and the biases, (T,) or one number for all.

        Raises:
            ValueError: for any other shape.
        """
        self.weights = _table(weights)
        bias = jnp.asarray(bias, jnp.float32)
        count = self.weights.shape[0]
        check(bias.shape in ((), (count,)), "bias", f"must be a number or ({count},)", bias.shape)
        self.bias = jnp.broadcast_to(bias, (count,))

    def __call__(self, hidden: Float[Array, " D"]) -> Float[Array, " T"]:
        """Return ReLU(W h + b)."""
        return jax.nn.relu(self.project(hidden) + self.bias)


class Threshold(AbstractReadout):
    """1 where W h exceeds a threshold common to all features, else 0."""

    weights: Float[Array, "T D"]
    threshold: Scalar

    def __init__(self, weights: Any, threshold: Any):
        """Take the weights, (T, D), and the threshold.

        Raises:
            ValueError: if the threshold is not a number.
        """
        self.weights = _table(weights)
        threshold = jnp.asarray(threshold, jnp.float32)
        check(threshold.ndim == 0, "threshold", "must be a number", threshold.shape)
        self.threshold = threshold

    def __call__(self, hidden: Float[Array, " D"]) -> Float[Array, " T"]:
        """Return 1 or 0 for each feature."""
        return jnp.where(self.project(hidden) > self.threshold, 1.0, 0.0)


def _table(weights: Any) -> Float[Array, "T D"]:
    weights = jnp.asarray(weights, jnp.float32)
    check(weights.ndim == 2 and weights.size > 0, "weights", "must be (T, D)", weights.shape)
    return weights


def check_shapes(embedding: Embedding, readout: AbstractReadout) -> None:
    """Raise a `ValueError` unless the readout has one row of D weights per feature."""
    expected, actual = embedding.vectors.shape, readout.weights.shape
    check(actual == expected, "readout", f"must have weights of shape {expected}", actual)
