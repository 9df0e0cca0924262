"""Any small ReLU network behind one on-neuron, for large networks that keep the indicator themselves."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Scalar
from ._base import Layout
from ._behind import AbstractBehind
from ._layers import drawer, InputSource, Pairs, reads_of, stack_layers
from ._rotation import check_gate_bias


def _layout(m: int) -> Layout:
    """Return the layout of one on-neuron and m others, of which the mean weights read the first."""
    every = tuple(range(m + 1))
    return Layout(
        channels=tuple(tuple(int(i == j) for j in every) for i in every),
        mean_channels=(0,),
        difference_channels=every,
        difference_outputs=every[1:],
        readouts=(("on", (0,)), ("x", every[1:])),
    )


class Gated(AbstractBehind):
    """T small ReLU networks y^l = ReLU(W_t^l y^{l-1} + b_t^l), each behind one on-neuron, d = m + 1.

    The on-neuron alpha carries the networks' own biases, of any sign, against one bias that all share:

        y' = ReLU( W_t y + (b_t + b) alpha - b ),      alpha' = ReLU((1 + b) alpha - b)

    For alpha = 1 this is the network, for alpha = 0 it is silent. There is no step, so that a large
    network that computes alpha anew, `clipped`, makes 1 + b of its noise in every layer, as of
    `Rotation3`; `private` keeps alpha exactly, and then it costs one neuron a circuit beside the
    widest layer, m, where `Guarded` costs two. Only alpha goes through the mean weights.
    Source: ours, after the gate of the rotations; notes#private-circuits.

    Attributes:
        own: (L, T, m, 1 + m), W_t and b_t less the mean of b_t, from (alpha, y).
        shared: (L, m), the mean of b_t over the circuits it was made from.
        gate_bias: b, a scalar.
        inputs: where inputs are drawn from: a table (N, n_inputs), a function of a key, or None for
            the uniform distribution on the cube.
        n_inputs, n_outputs: numbers that go in, and neurons of the last layer.
        layout: channels alpha and y.
    """

    own: Float[Array, "layers T m reads"]
    shared: Float[Array, "layers m"]
    gate_bias: Scalar
    inputs: Any
    n_inputs: int = eqx.field(static=True)
    n_outputs: int = eqx.field(static=True)
    layout: Layout = eqx.field(static=True)
    parameters: ClassVar[tuple[str, ...]] = ("gate_bias",)

    @classmethod
    def from_layers(
        cls,
        layers: Pairs,
        inputs: InputSource = None,
        n_layers: int | None = None,
        *,
        gate_bias: Any = 1.0,
    ) -> "Gated":
        """Make circuits of the layers of T networks.

        Args:
            layers: (W, b) of layers 1..L, (T, out, in) and (T, out), of any widths; every layer ends
                in a ReLU, the last one too (see `signed`).
            inputs: (N, n_inputs) of which each row is as likely, or a function of a key; uniform on
                [0, 1]^n_inputs if left out.
            n_layers: if more than there are, the outputs are handed on to the last.
            gate_bias: b, at least 0; above z times the largest |W_t y + b_t|, it keeps neurons of
                circuits that are off silent in `private`, where it costs nothing.

        Returns:
            The circuits.

        Raises:
            ValueError: for layers that do not fit on each other, or a bad gate bias.
        """
        cls.check_parameters(gate_bias=gate_bias)
        stacked = stack_layers(layers, n_layers)
        own = reads_of(stacked).astype(np.float64)
        # In double precision: what is left sums to 0.
        shared = own[..., 0].mean(axis=1)
        own[..., 0] -= shared[:, None]
        single = lambda value: jnp.asarray(value, jnp.float32)
        return cls(
            own=single(own),
            shared=single(shared),
            gate_bias=single(gate_bias),
            inputs=drawer(inputs, stacked.n_inputs),
            n_inputs=stacked.n_inputs,
            n_outputs=stacked.n_outputs,
            layout=_layout(stacked.width),
        )

    @classmethod
    def check_parameters(cls, *, gate_bias: Any, **_: Any) -> None:
        """Raise a `ValueError` unless b >= 0."""
        check_gate_bias(gate_bias)

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """The gate from alpha to all neurons, and the mean of the biases."""
        ones = jnp.ones((len(self.shared), 1))
        return jnp.concatenate([ones, self.shared], axis=1)[:, :, None] + self.gate_bias

    def biases(self) -> Float[Array, "layers d"]:
        """-b everywhere."""
        return jnp.full((1, self.layout.width), -self.gate_bias)

    def carried_biases(self) -> Float[Array, "layers T m"]:
        """b_t of the networks, from alpha."""
        return self.own[..., 0] + self.shared[:, None]

    def on_input(self) -> Float[Array, " on"]:
        """1."""
        return jnp.ones(1)
