"""The on-indicator alone, d = 2 neurons (on0, on1)."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._limits import check_index
from .._types import KeyScalar, Scalar
from ._base import AbstractCircuits, Layout
from ._indicator import check_thresholds, step_biases, step_input


class Step(AbstractCircuits):
    """T copies of the step alpha' = clip((alpha - lo)/(hi - lo), 0, 1), alpha = on0 - on1.

    All circuits have the same weights, so there is no difference part: what goes wrong here goes
    wrong in the mean part. Source: notes#circuits.

    Attributes:
        count: T.
        lower_threshold, upper_threshold: lo and hi, scalars.
    """

    count: int = eqx.field(static=True)
    lower_threshold: Scalar
    upper_threshold: Scalar
    parameters: ClassVar[tuple[str, ...]] = ("lower_threshold", "upper_threshold")
    layout: ClassVar[Layout] = Layout(
        channels=((1, -1), (1, 0), (0, 1)),
        mean_channels=(0,),
        difference_channels=(),
        difference_outputs=(),
        readouts=(("on", (0,)), ("a0", (1,)), ("a1", (2,))),
    )

    def __init__(self, n_circuits: int, lower_threshold: Any = 0.25, upper_threshold: Any = 0.75):
        """Make T equal circuits.

        Args:
            n_circuits: T, how many to make.
            lower_threshold: lo, where the step starts to rise.
            upper_threshold: hi, where the step ends.

        Raises:
            ValueError: if T < 1 or not 0 <= lo < hi <= 1.
        """
        check_index("n_circuits", n_circuits)
        self.check_parameters(lower_threshold=lower_threshold, upper_threshold=upper_threshold)
        self.count = n_circuits
        self.lower_threshold = jnp.asarray(lower_threshold, dtype=jnp.float32)
        self.upper_threshold = jnp.asarray(upper_threshold, dtype=jnp.float32)

    @classmethod
    def check_parameters(cls, *, lower_threshold: Any, upper_threshold: Any, **_: Any) -> None:
        """Raise a `ValueError` unless 0 <= lo < hi <= 1."""
        check_thresholds(lower_threshold, upper_threshold)

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.count

    @classmethod
    def random(cls, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> "Step":
        """Make T equal circuits; nothing is drawn, `parameters` as in the constructor."""
        del key
        return cls(n_circuits, **parameters)

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """K = 1/(hi - lo) from alpha to both neurons."""
        slope = 1 / (self.upper_threshold - self.lower_threshold)
        return jnp.stack([slope, slope])[None, :, None]

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """None: shape (1, T, 0, 0)."""
        return jnp.zeros((1, self.n_circuits, 0, 0))

    def biases(self) -> Float[Array, "layers d"]:
        """(-k·lo, -k·lo - 1)."""
        return step_biases(self.lower_threshold, self.upper_threshold)[None]

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Alpha = 1; nothing is drawn."""
        del key
        return step_input(self.lower_threshold, self.upper_threshold)
