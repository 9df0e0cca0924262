"""Conditional rotation with d = 4 neurons (on0, on1, x0, x1), its weights split in two ways."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Complex, Float

from .._errors import check
from .._limits import check_cost, check_index, check_single, Cost
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
    check_index("n_circuits", n_circuits)
    check_cost(lambda n_circuits: Cost(8 * n_circuits), {"n_circuits": n_circuits})
    return jax.random.uniform(key, (n_circuits,), maxval=2 * jnp.pi)


def unit_vector(*, key: KeyScalar) -> Float[Array, "2"]:
    """Draw a uniform point of the unit circle."""
    angle = jax.random.uniform(key, maxval=2 * jnp.pi)
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)])


_CHANNELS = ((1, -1, 0, 0), (-1, 1, 1, 0), (-1, 1, 0, 1))
_READOUTS = (("on", (0,)), ("x", (1, 2)))


class AbstractRotation(AbstractCircuits):
    """T rotations of the plane, each guarded by an on-indicator that is recomputed every layer.

    alpha = on0 - on1 passes through a step, alpha' = clip((alpha - lo)/(hi - lo), 0, 1), and the
    vector is carried as y = x + alpha·1 so that it survives the ReLU:

        y' = ReLU((1+b)·alpha + R_t (y - alpha·1) - b),      x = y - alpha·1

    For alpha = 1 this is x' = R_t x; for alpha = 0 and |x| < b it is 0. Subclasses say how the
    weights are split in mean and difference.
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
    def random(cls, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> "AbstractRotation":
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

    def mean_rotation(self) -> Complex[np.ndarray, " layers"]:
        """Rbar = (1/T) sum_t exp(i theta_t), by layer or once for all; not traceable."""
        return np.exp(1j * np.asarray(self.angles, np.float64)).mean(axis=1)

    def step_and_gate(self) -> Float[Array, " 4"]:
        """(k, k, 1+b, 1+b), the weights from alpha, with k = 1/(hi - lo)."""
        slope = 1 / (self.upper_threshold - self.lower_threshold)
        gate = 1 + self.gate_bias
        return jnp.stack([slope, slope, gate, gate])

    def biases(self) -> Float[Array, "layers d"]:
        """(-k·lo, -k·lo - 1, -b, -b)."""
        step = step_biases(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, jnp.stack([-self.gate_bias] * 2)])[None]

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Alpha = 1 and x uniform on the unit circle: (on0, on1, x0 + 1, x1 + 1)."""
        step = step_input(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, 1 + unit_vector(key=key)])


class Rotation(AbstractRotation):
    """Rotations whose mean weights are the step and the gate, and read alpha alone.

    The difference weights are the whole R_t: their mean over the circuits is small, T^(-1/2), but
    not 0. Source: notes#circuits.
    """

    layout: ClassVar[Layout] = Layout(
        channels=_CHANNELS,
        mean_channels=(0,),
        difference_channels=(1, 2),
        difference_outputs=(2, 3),
        readouts=_READOUTS,
    )

    def __init__(
        self,
        angles: Any,
        lower_threshold: Any = 0.25,
        upper_threshold: Any = 0.75,
        gate_bias: Any = 1.0,
    ):
        """Make circuits from their angles, as `AbstractRotation`."""
        super().__init__(angles, lower_threshold, upper_threshold, gate_bias)

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """(k, k, 1+b, 1+b) from alpha, with k = 1/(hi - lo)."""
        return self.step_and_gate()[None, :, None]

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """R_t from x to the two vector neurons."""
        return rotation_matrices(self.angles)


class CenteredRotation(AbstractRotation):
    """The same rotations with their mean Rbar in the mean weights, so that the differences sum to 0.

    This is the empirical mean of [R] (eq. 5.18). A part that all vectors have in common then goes
    through the mean construction, which balances it, instead of adding up to T Rbar times it.
    No kind of its own: its weights depend on how many circuits there are, so that it cannot be
    padded, and networks are built of it by `network.build`. Source: notes#state-evolution.
    """

    layout: ClassVar[Layout] = Layout(
        channels=_CHANNELS,
        mean_channels=(0, 1, 2),
        difference_channels=(1, 2),
        difference_outputs=(2, 3),
        readouts=_READOUTS,
    )

    def __init__(
        self,
        angles: Any,
        lower_threshold: Any = 0.25,
        upper_threshold: Any = 0.75,
        gate_bias: Any = 1.0,
    ):
        """Make circuits from their angles, as `AbstractRotation`."""
        super().__init__(angles, lower_threshold, upper_threshold, gate_bias)

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """Step and gate from alpha, and the mean of all R_t from x to the two vector neurons."""
        mean = rotation_matrices(self.angles).mean(axis=1)
        turned = jnp.pad(mean, ((0, 0), (2, 0), (0, 0)))
        gates = jnp.broadcast_to(self.step_and_gate()[None, :, None], (len(mean), 4, 1))
        return jnp.concatenate([gates, turned], axis=2)

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """R_t without the mean of all."""
        matrices = rotation_matrices(self.angles)
        return matrices - matrices.mean(axis=1, keepdims=True)


def check_gate_bias(gate_bias: Any) -> None:
    """Raise a `ValueError` unless b is finite and at least 0: an inactive circuit must stay at 0."""
    if isinstance(gate_bias, Tracer):
        return
    check_single("gate_bias", gate_bias)
    check_finite("gate_bias", gate_bias)
    check(bool((np.asarray(gate_bias) >= 0).all()), "gate_bias", "must be at least 0", gate_bias)
