"""Any small ReLU network behind the on-indicator of the rotations, which makes a circuit of it."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Scalar
from ._base import Layout
from ._behind import AbstractBehind
from ._indicator import check_thresholds, step_biases, step_input
from ._layers import drawer, InputSource, Pairs, reads_of, stack_layers
from ._rotation import check_gate_bias


def _layout(m: int) -> Layout:
    """Return the layout of two indicator neurons and m others, all read and written."""
    alone = tuple(tuple(int(i == j) for j in range(m + 2)) for i in range(2, m + 2))
    every = tuple(range(m + 1))
    return Layout(
        channels=((1, -1, *[0] * m), *alone),
        mean_channels=every,
        difference_channels=every,
        difference_outputs=tuple(range(2, m + 2)),
        readouts=(("on", (0,)), ("x", every[1:])),
    )


class Guarded(AbstractBehind):
    """T small ReLU networks y^l = ReLU(W_t^l y^{l-1} + b_t^l), each behind an on-indicator, d = m + 2.

    alpha = on0 - on1 passes through the step of two ReLUs, and carries the networks' own biases, of
    any sign, against one bias that all share:

        y' = ReLU( W_t y + (b_t + b) alpha - b ),      alpha' = clip((alpha - lo)/(hi - lo), 0, 1)

    For alpha = 1 this is the network; for alpha = 0 it is silent, and stays so as long as W_t times the
    noise of y stays below the gate bias b. It costs 2 neurons a circuit beside the widest layer, m.
    The means of W_t and b_t over the circuits it was made from go through the mean weights, which are
    balanced. Source: ours, after the gate of the rotations; notes#any-circuits.

    Attributes:
        own: (L, T, m, 1 + m), W_t and b_t less their means, from (alpha, y).
        shared: (L, m, 1 + m), the means.
        lower_threshold, upper_threshold: lo and hi of the step, scalars.
        gate_bias: b, a scalar.
        inputs: where inputs are drawn from: a table (N, n_inputs), a function of a key, or None for
            the uniform distribution on the cube.
        n_inputs, n_outputs: numbers that go in, and neurons of the last layer.
        layout: channels alpha and y.
    """

    own: Float[Array, "layers T m reads"]
    shared: Float[Array, "layers m reads"]
    lower_threshold: Scalar
    upper_threshold: Scalar
    gate_bias: Scalar
    inputs: Any
    n_inputs: int = eqx.field(static=True)
    n_outputs: int = eqx.field(static=True)
    layout: Layout = eqx.field(static=True)
    parameters: ClassVar[tuple[str, ...]] = ("lower_threshold", "upper_threshold", "gate_bias")

    @classmethod
    def from_layers(
        cls,
        layers: Pairs,
        inputs: InputSource = None,
        n_layers: int | None = None,
        *,
        lower_threshold: Any = 0.25,
        upper_threshold: Any = 0.75,
        gate_bias: Any = 1.0,
    ) -> "Guarded":
        """Make circuits of the layers of T networks.

        Args:
            layers: (W, b) of layers 1..L, (T, out, in) and (T, out), of any widths; every layer ends
                in a ReLU, the last one too (see `signed`).
            inputs: (N, n_inputs) of which each row is as likely, or a function of a key; uniform on
                [0, 1]^n_inputs if left out.
            n_layers: if more than there are, the outputs are handed on to the last.
            lower_threshold: lo, where the step starts to rise.
            upper_threshold: hi, where the step ends.
            gate_bias: b, at least 0.

        Returns:
            The circuits.

        Raises:
            ValueError: for layers that do not fit on each other, or bad parameters.
        """
        cls.check_parameters(
            lower_threshold=lower_threshold, upper_threshold=upper_threshold, gate_bias=gate_bias
        )
        stacked = stack_layers(layers, n_layers)
        reads = reads_of(stacked)
        # In double precision: what is left sums to 0.
        shared = reads.astype(np.float64).mean(axis=1)
        own = reads - shared[:, None]
        single = lambda value: jnp.asarray(value, jnp.float32)
        return cls(
            own=single(own),
            shared=single(shared),
            lower_threshold=single(lower_threshold),
            upper_threshold=single(upper_threshold),
            gate_bias=single(gate_bias),
            inputs=drawer(inputs, stacked.n_inputs),
            n_inputs=stacked.n_inputs,
            n_outputs=stacked.n_outputs,
            layout=_layout(stacked.width),
        )

    @classmethod
    def check_parameters(
        cls, *, lower_threshold: Any, upper_threshold: Any, gate_bias: Any, **_: Any
    ) -> None:
        """Raise a `ValueError` unless 0 <= lo < hi <= 1 and b >= 0."""
        check_thresholds(lower_threshold, upper_threshold)
        check_gate_bias(gate_bias)

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """The step from alpha, and the gate and the means from alpha and y."""
        slope = 1 / (self.upper_threshold - self.lower_threshold)
        gated = self.shared.at[:, :, 0].add(self.gate_bias)
        step = jnp.zeros((len(gated), 2, gated.shape[2])).at[:, :, 0].set(slope)
        return jnp.concatenate([step, gated], axis=1)

    def biases(self) -> Float[Array, "layers d"]:
        """(-k·lo, -k·lo - 1, -b, ..., -b)."""
        step = step_biases(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, jnp.full(self.own.shape[2], -self.gate_bias)])[None]

    def carried_biases(self) -> Float[Array, "layers T m"]:
        """b_t of the networks, from alpha."""
        return self.own[..., 0] + self.shared[:, None, :, 0]

    def on_input(self) -> Float[Array, " on"]:
        """What the step turns into alpha = 1."""
        return step_input(self.lower_threshold, self.upper_threshold)
