"""Arbitrary ReLU MLPs of width d, hand-written or trained."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar
from ._base import AbstractCircuits, check_finite, Layout


class MLP(AbstractCircuits):
    """T circuits a^l = ReLU(w_t^l a^{l-1} + beta^l), with inputs uniform on the cube [0, 1]^d.

    Biases are shared by the circuits and may not be positive, because they reach every neuron of a
    block of the large network, and inactive circuits must stay at 0: carry a positive bias as a
    weight from a neuron that is on when the circuit is. Source: notes#circuits, "any MLP".

    Attributes:
        weights: (1 or L, T, d, d), indexed [layer, circuit, to, from].
        bias: (1 or L, d).
        mean: (1 or L, d, d), the part of the weights that goes through the mean construction.
        layout: identity channels.
    """

    weights: Float[Array, "layers T d d"]
    bias: Float[Array, "layers d"]
    mean: Float[Array, "layers d d"]
    layout: Layout = eqx.field(static=True)

    def __init__(self, weights: Any, bias: Any = None, mean: Any = None):
        """Make circuits from their weights.

        Args:
            weights: (L, T, d, d), with L = 1 for weights shared by all layers.
            bias: (L, d) or (1, d); zero if left out.
            mean: (L, d, d) or (1, d, d); the mean over the circuits if left out.

        Raises:
            ValueError: for wrong shapes, values that are not finite, or a positive bias.
        """
        check_finite("weights", weights)
        self.weights = jnp.asarray(weights, dtype=jnp.float32)
        shape = self.weights.shape
        square = len(shape) == 4 and shape[2] == shape[3] and self.weights.size > 0
        check(square, "weights", "must have shape (L or 1, T, d, d)", shape)
        layers, _, width, _ = shape
        bias = jnp.zeros((1, width)) if bias is None else bias
        check_finite("bias", bias)
        self.bias = jnp.asarray(bias, dtype=jnp.float32)
        fits = self.bias.ndim == 2 and self.bias.shape[0] in (1, layers)
        fits = fits and self.bias.shape[1] == width
        check(fits, "bias", f"must have shape (1 or {layers}, {width})", self.bias.shape)
        if not isinstance(self.bias, Tracer):
            check(
                bool((self.bias <= 0).all()),
                "bias",
                "must not be positive, or inactive circuits would switch on",
                float(self.bias.max()),
                "carry it as a weight from a neuron that is on when the circuit is",
            )
        mean = self.weights.mean(axis=1) if mean is None else mean
        check_finite("mean", mean)
        self.mean = jnp.asarray(mean, dtype=jnp.float32)
        fits = self.mean.shape in ((1, width, width), (layers, width, width))
        check(fits, "mean", f"must have shape (1 or {layers}, {width}, {width})", self.mean.shape)
        each = tuple(range(width))
        identity = tuple(tuple(int(i == j) for j in each) for i in each)
        self.layout = Layout(identity, each, each, each, (("a", each),))

    @classmethod
    def random(
        cls, n_circuits: int, width: int, n_layers: int = 1, *, key: KeyScalar, **parameters: Any
    ) -> "MLP":
        """Draw Gaussian weights of variance 2/d; `n_layers` = 1 shares them between layers."""
        check_index("n_circuits", n_circuits)
        check_index("width", width)
        shape = (n_layers, n_circuits, width, width)
        return cls(jax.random.normal(key, shape) * (2 / width) ** 0.5, **parameters)

    @classmethod
    def check_parameters(cls, **_: Any) -> None:
        """Pass: there are none."""

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.weights.shape[1]

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """The given mean, or the mean over circuits."""
        return self.mean

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """w_t minus the mean part."""
        return self.weights - self.mean[:, None]

    def biases(self) -> Float[Array, "layers d"]:
        """The shared biases, beta."""
        return self.bias

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Uniform on [0, 1]^d."""
        return jax.random.uniform(key, (self.width,))
