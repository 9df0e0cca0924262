"""What circuits made of any small ReLU networks share, whatever on-indicator they stand behind."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import KeyScalar
from ._base import AbstractCircuits
from ._layers import draw_input


class AbstractBehind(AbstractCircuits):
    """T small ReLU networks y^l = ReLU(W_t^l y^{l-1} + b_t^l), each behind an on-indicator alpha.

    Attributes:
        own: (L, T, m, 1 + m), what W_t and b_t have beside the means, from (alpha, y).
        inputs: where inputs are drawn from: a table (N, n_inputs), a function of a key, or None for
            the uniform distribution on the cube.
        n_inputs, n_outputs: numbers that go in, and neurons of the last layer.
    """

    own: eqx.AbstractVar[Float[Array, "layers T m reads"]]
    inputs: eqx.AbstractVar[Any]
    n_inputs: eqx.AbstractVar[int]
    n_outputs: eqx.AbstractVar[int]

    @abstractmethod
    def on_input(self) -> Float[Array, " on"]:
        """Return what the indicator's neurons hold at the input of a circuit that is on."""

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.own.shape[1]

    def take(self, ids: Int[Any, " count"]) -> "AbstractBehind":
        """Return the circuits with these ids, in this order; the means stay those of all."""
        return eqx.tree_at(lambda each: each.own, self, self.own[:, ids])

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """What W_t and b_t have beside the means, from alpha and y to y."""
        return self.own

    def from_inputs(self, values: Float[Any, "*batch inputs"]) -> Float[Array, "*batch d"]:
        """Return input activations: alpha = 1, the inputs, and zeros up to m."""
        values = jnp.asarray(values, jnp.float32)
        on = self.on_input()
        on = jnp.broadcast_to(on, (*values.shape[:-1], *on.shape))
        rest = jnp.zeros((*values.shape[:-1], self.own.shape[2] - values.shape[-1]))
        return jnp.concatenate([on, values, rest], axis=-1)

    def outputs(self, channels: Float[Array, "*batch k"]) -> Float[Array, "*batch outputs"]:
        """Return the outputs among the channels of the last layer."""
        return channels[..., 1 : 1 + self.n_outputs]

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Alpha = 1 and an input."""
        return self.from_inputs(draw_input(self.inputs, self.n_inputs, key=key))
