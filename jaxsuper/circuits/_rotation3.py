"""Conditional rotation with d = 3 neurons (on, x0, x1): the unstable first attempt."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import KeyScalar, Scalar
from ._base import AbstractCircuits, Layout
from ._rotation import as_angles, check_gate_bias, rotation_matrices, uniform_angles, unit_vector


class Rotation3(AbstractCircuits):
    """Rotations with a single on-neuron, on' = ReLU((1+b)·on - b).

    Noise on the indicator is multiplied by 1 + b in every layer, which is why `Rotation` spends a
    fourth neuron on a step. Source: "Rotations in Superposition" (2025); notes#circuits.

    Attributes:
        angles: (1 or L, T) radians.
        gate_bias: b, a scalar.
    """

    angles: Float[Array, "layers T"]
    gate_bias: Scalar
    parameters: ClassVar[tuple[str, ...]] = ("gate_bias",)
    layout: ClassVar[Layout] = Layout(
        channels=((1, 0, 0), (-1, 1, 0), (-1, 0, 1)),
        mean_channels=(0,),
        difference_channels=(1, 2),
        difference_outputs=(1, 2),
        readouts=(("on", (0,)), ("x", (1, 2))),
    )

    def __init__(self, angles: Any, gate_bias: Any = 1.0):
        """Make circuits from their angles.

        Args:
            angles: (T,) or (L, T) radians.
            gate_bias: b, at least 0.

        Raises:
            ValueError: for angles that are not finite or empty, or b < 0.
        """
        self.check_parameters(gate_bias=gate_bias)
        self.angles = as_angles(angles)
        self.gate_bias = jnp.asarray(gate_bias, dtype=jnp.float32)

    @classmethod
    def random(cls, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> "Rotation3":
        """Draw T uniform angles, the same in every layer; `parameters` as in the constructor."""
        return cls(uniform_angles(n_circuits, key=key), **parameters)

    @classmethod
    def check_parameters(cls, *, gate_bias: Any, **_: Any) -> None:
        """Raise a `ValueError` unless b >= 0."""
        check_gate_bias(gate_bias)

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.angles.shape[-1]

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """1 + b from the on-neuron to all three."""
        return jnp.stack([1 + self.gate_bias] * 3)[None, :, None]

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """R_t from x to the two vector neurons."""
        return rotation_matrices(self.angles)

    def biases(self) -> Float[Array, "layers d"]:
        """-b everywhere."""
        return jnp.stack([-self.gate_bias] * 3)[None]

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """On = 1 and x uniform on the unit circle."""
        return jnp.concatenate([jnp.ones(1), 1 + unit_vector(key=key)])
