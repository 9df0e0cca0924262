"""Conditional rotation with d = 4 neurons (on0, on1, x0, x1)."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from .._errors import check
from .._types import KeyScalar, Scalar
from ._base import AbstractCircuits, check_finite, Layout
from ._indicator import check_thresholds, step_biases, step_input


def rotation_matrices(angles: Float[Array, "layers T"]) -> Float[Array, "layers T 2 2"]:
    """Return [[cos, -sin], [sin, cos]] of each angle in radians."""
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    return jnp.stack([jnp.stack([cos, -sin], axis=-1), jnp.stack([sin, cos], axis=-1)], axis=-2)


def as_angles(angles: Any) -> Float[Array, "layers T"]:
    """Return angles as (1 or L, T) floats; raise a `ValueError` if empty or not finite."""
    check_finite("angles", angles)
    table = jnp.asarray(angles, dtype=jnp.float32)
    check(table.ndim in (1, 2), "angles", "must have shape (T,) or (L, T)", table.shape)
    check(table.size > 0, "angles", "must hold at least one circuit", table.shape)
    return table[None, :] if table.ndim == 1 else table


def uniform_angles(n_circuits: int, *, key: KeyScalar) -> Float[Array, " T"]:
    """Draw T angles uniform on the circle, in radians."""
    check(n_circuits >= 1, "n_circuits", "must be at least 1", n_circuits)
    return jax.random.uniform(key, (n_circuits,), maxval=2 * jnp.pi)


def unit_vector(*, key: KeyScalar) -> Float[Array, "2"]:
    """Draw a uniform point of the unit circle."""
    angle = jax.random.uniform(key, maxval=2 * jnp.pi)
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)])


class Rotation(AbstractCircuits):
    """T rotations of the plane, each guarded by an on-indicator that is recomputed every layer.

    alpha = on0 - on1 passes through a step, alpha' = clip((alpha - lo)/(hi - lo), 0, 1), and the
    vector is carried as y = x + alpha·1 so that it survives the ReLU:

        y' = ReLU((1+b)·alpha + R_t (y - alpha·1) - b),      x = y - alpha·1

    For alpha = 1 this is x' = R_t x; for alpha = 0 and |x| < b it is 0. Mean weights: the step and
    the gate (1+b)·alpha, which read alpha alone; difference weights: R_t.
    Source: Linsefors and Bushnaq, "Rotations in Superposition" (2025); notes#circuits.

    Attributes:
        angles: (1 or L, T) radians.
        lower_threshold, upper_threshold: lo and hi of the step, scalars.
        gate_bias: b, a scalar.
    """

    angles: Float[Array, "layers T"]
    lower_threshold: Scalar
    upper_threshold: Scalar
    gate_bias: Scalar
    parameters: ClassVar[tuple[str, ...]] = ("lower_threshold", "upper_threshold", "gate_bias")
    layout: ClassVar[Layout] = Layout(
        channels=((1, -1, 0, 0), (-1, 1, 1, 0), (-1, 1, 0, 1)),
        mean_channels=(0,),
        difference_channels=(1, 2),
        difference_outputs=(2, 3),
        readouts=(("on", (0,)), ("x", (1, 2))),
    )

    def __init__(
        self,
        angles: Any,
        lower_threshold: Any = 0.25,
        upper_threshold: Any = 0.75,
        gate_bias: Any = 1.0,
    ):
        """Make circuits from their angles.

        Args:
            angles: (T,) or (L, T) radians.
            lower_threshold: lo, where the step starts to rise.
            upper_threshold: hi, where the step ends.
            gate_bias: b, at least 0.

        Raises:
            ValueError: for angles that are not finite or empty, unless 0 <= lo < hi <= 1, or b < 0.
        """
        self.check_parameters(
            lower_threshold=lower_threshold, upper_threshold=upper_threshold, gate_bias=gate_bias
        )
        self.angles = as_angles(angles)
        self.lower_threshold = jnp.asarray(lower_threshold, dtype=jnp.float32)
        self.upper_threshold = jnp.asarray(upper_threshold, dtype=jnp.float32)
        self.gate_bias = jnp.asarray(gate_bias, dtype=jnp.float32)

    @classmethod
    def random(cls, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> "Rotation":
        """Draw T uniform angles, the same in every layer; `parameters` as in the constructor."""
        return cls(uniform_angles(n_circuits, key=key), **parameters)

    @classmethod
    def check_parameters(
        cls, *, lower_threshold: Any, upper_threshold: Any, gate_bias: Any, **_: Any
    ) -> None:
        """Raise a `ValueError` unless 0 <= lo < hi <= 1 and b >= 0."""
        check_thresholds(lower_threshold, upper_threshold)
        check_gate_bias(gate_bias)

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.angles.shape[-1]

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """(k, k, 1+b, 1+b) from alpha, with k = 1/(hi - lo)."""
        slope = 1 / (self.upper_threshold - self.lower_threshold)
        gate = 1 + self.gate_bias
        return jnp.stack([slope, slope, gate, gate])[None, :, None]

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """R_t from x to the two vector neurons."""
        return rotation_matrices(self.angles)

    def biases(self) -> Float[Array, "layers d"]:
        """(-k·lo, -k·lo - 1, -b, -b)."""
        step = step_biases(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, jnp.stack([-self.gate_bias] * 2)])[None]

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Alpha = 1 and x uniform on the unit circle: (on0, on1, x0 + 1, x1 + 1)."""
        step = step_input(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, 1 + unit_vector(key=key)])


def check_gate_bias(gate_bias: Any) -> None:
    """Raise a `ValueError` unless b is finite and at least 0: an inactive circuit must stay at 0."""
    if isinstance(gate_bias, Tracer):
        return
    check_finite("gate_bias", gate_bias)
    check(bool((np.asarray(gate_bias) >= 0).all()), "gate_bias", "must be at least 0", gate_bias)
