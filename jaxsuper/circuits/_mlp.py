"""Arbitrary ReLU MLPs of width d, hand-written or trained."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar
from ._base import AbstractCircuits, check_finite, Layout
from ._layers import draw_input, drawer, InputSource, Pairs, stack_layers


class MLP(AbstractCircuits):
    """T circuits a^l = ReLU(w_t^l a^{l-1} + beta^l), with inputs uniform on [0, 1]^d or of one's own.

    Biases are shared by the circuits and may not be positive, because they reach every neuron of a
    block of the large network, and inactive circuits must stay at 0: carry a positive bias as a
    weight from a neuron that is on when the circuit is. Source: notes#circuits, "any MLP".

    Attributes:
        weights: (1 or L, T, d, d), indexed [layer, circuit, to, from].
        bias: (1 or L, d).
        mean: (1 or L, d, d), the part of the weights that goes through the mean construction.
        inputs: where inputs are drawn from: a table (N, n_inputs), a function of a key, or None for
            the uniform distribution on the cube.
        n_inputs, n_outputs: numbers that go in, and neurons that come out.
        constant: whether the last neuron is 1 while the circuit is on, and carries biases.
        layout: identity channels.
    """

    weights: Float[Array, "layers T d d"]
    bias: Float[Array, "layers d"]
    mean: Float[Array, "layers d d"]
    inputs: Any
    n_inputs: int = eqx.field(static=True)
    n_outputs: int = eqx.field(static=True)
    constant: bool = eqx.field(static=True)
    layout: Layout = eqx.field(static=True)

    def __init__(
        self,
        weights: Any,
        bias: Any = None,
        mean: Any = None,
        inputs: InputSource = None,
        *,
        n_inputs: int | None = None,
        n_outputs: int | None = None,
        constant: bool = False,
    ):
        """Make circuits from their weights.

        Args:
            weights: (L, T, d, d), with L = 1 for weights shared by all layers.
            bias: (L, d) or (1, d); zero if left out.
            mean: (L, d, d) or (1, d, d); the mean over the circuits if left out.
            inputs: (N, n_inputs), of which each row is as likely, or a function of a key; uniform on
                [0, 1]^n_inputs if left out.
            n_inputs: numbers that go in, if fewer than d.
            n_outputs: neurons that come out, if fewer than d.
            constant: whether inputs have a 1 in their last place.

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
        self.n_inputs = width if n_inputs is None else n_inputs
        self.n_outputs = width if n_outputs is None else n_outputs
        self.inputs = drawer(inputs, self.n_inputs)
        self.constant = constant
        each = tuple(range(width))
        identity = tuple(tuple(int(i == j) for j in each) for i in each)
        self.layout = Layout(identity, each, each, each, (("a", each),))

    @classmethod
    def from_layers(
        cls, layers: Pairs, inputs: InputSource = None, n_layers: int | None = None
    ) -> "MLP":
        """Make circuits of the layers of T networks, of any widths, with biases of their own.

        Biases that differ between circuits, or are positive, come from a neuron more that is 1 while
        the circuit is on. Nothing keeps it from switching on by noise: see `Guarded`.

        Args:
            layers: (W, b) of layers 1..L, (T, out, in) and (T, out); every layer ends in a ReLU, the
                last one too (see `signed`).
            inputs: (N, n_inputs), of which each row is as likely, or a function of a key; uniform on
                [0, 1]^n_inputs if left out.
            n_layers: if more than there are, the outputs are handed on to the last.

        Returns:
            The circuits, as wide as the widest layer, and one neuron if they need the constant.

        Raises:
            ValueError: for layers that do not fit on each other.
        """
        stacked = stack_layers(layers, n_layers)
        weights, bias = stacked.weights, stacked.biases[:, 0]
        constant = bool((stacked.biases != bias[:, None]).any() or (bias > 0).any())
        if constant:
            weights = np.pad(weights, ((0, 0), (0, 0), (0, 1), (0, 1)))
            weights[:, :, :-1, -1] = stacked.biases
            weights[:, :, -1, -1] = 1
            bias = np.zeros_like(weights[:, 0, 0])
        return cls(
            weights,
            bias,
            inputs=inputs,
            n_inputs=stacked.n_inputs,
            n_outputs=stacked.n_outputs,
            constant=constant,
        )

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

    def carried_biases(self) -> Float[Array, "layers T m"] | None:
        """Weights from the constant neuron, if there is one."""
        return self.weights[:, :, :-1, -1] if self.constant else None

    def from_inputs(self, values: Any) -> Float[Array, "*batch d"]:
        """Return input activations: the inputs, zeros up to d, and the constant, if there is one."""
        values = jnp.asarray(values, jnp.float32)
        given = values.shape[-1]
        check(given == self.n_inputs, "values", f"must end in {self.n_inputs}", values.shape)
        rest = jnp.zeros((*values.shape[:-1], self.width - given))
        rest = rest.at[..., -1].set(1.0) if self.constant else rest
        return jnp.concatenate([values, rest], axis=-1)

    def outputs(self, channels: Float[Array, "*batch k"]) -> Float[Array, "*batch outputs"]:
        """Return the outputs among the channels of the last layer."""
        return channels[..., : self.n_outputs]

    def take(self, ids: Int[Any, " count"]) -> "MLP":
        """Return the circuits with these ids, in this order; the means stay those of all."""
        return eqx.tree_at(lambda each: each.weights, self, self.weights[:, ids])

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Return an input, uniform on the cube if there is no other source."""
        return self.from_inputs(draw_input(self.inputs, self.n_inputs, key=key))
