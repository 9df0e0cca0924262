"""A payload of k levels that every layer cleans: steep stairs in place of a rotation's linear part."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._limits import check_cost, check_index, Cost
from .._types import KeyScalar, Scalar
from ._base import AbstractCircuits, Layout
from ._indicator import check_thresholds, step_biases, step_input


# Of a stair: 1 would be no stair but the identity; three quarters of the way between levels are flat.
STEEPNESS = 4.0


def _layout(levels: int) -> Layout:
    """Return the layout of d = 2k neurons: two for the indicator, two for each of k - 1 stairs."""
    pairs = levels - 1
    return Layout(
        channels=((1, -1, *[0] * (2 * pairs)), (-1, 1, *[1, -1] * pairs)),
        mean_channels=(0,),
        difference_channels=(1,),
        difference_outputs=tuple(range(2, 2 * levels)),
        readouts=(("on", (0,)), ("x", (1,))),
    )


class AbstractLevels(AbstractCircuits):
    """T circuits that keep or flip the sign of one of k levels, x = -1, -1 + w, ..., 1, w = 2/(k-1).

    The indicator alpha passes through the step of two ReLUs. Each of the k - 1 places theta_j between
    levels has a stair of two ReLUs, w high, and x is the sum of the stairs less 1:

        y_j0 - y_j1 = w clip(s (u - theta_j)/w + 1/2 - G (1 - alpha), 0, 1),   u = +-x of the layer before

    with steepness s = 4 and a gate G that closes all stairs where alpha = 0. So noise below 3/8 of the
    distance between levels is cut in every layer, where a rotation adds it up. Source: ours;
    notes#levels.

    Attributes:
        signs: (T,), 1 or -1.
        lower_threshold, upper_threshold: lo and hi of the indicator's step, scalars.
    """

    signs: Float[Array, " T"]
    lower_threshold: Scalar
    upper_threshold: Scalar
    levels: eqx.AbstractClassVar[int]  # pyrefly: ignore
    parameters: ClassVar[tuple[str, ...]] = ("lower_threshold", "upper_threshold")

    @classmethod
    def random(cls, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> "AbstractLevels":
        """Draw T signs; `parameters` are the thresholds lo and hi."""
        check_index("n_circuits", n_circuits)
        check_cost(lambda n_circuits: Cost(8 * n_circuits), {"n_circuits": n_circuits})
        lower, upper = (
            parameters.get(name, default)
            for name, default in (("lower_threshold", 0.25), ("upper_threshold", 0.75))
        )
        cls.check_parameters(lower_threshold=lower, upper_threshold=upper)
        signs = jax.random.rademacher(key, (n_circuits,), dtype=jnp.float32)
        thresholds = (jnp.asarray(value, dtype=jnp.float32) for value in (lower, upper))
        return cls(signs, *thresholds)

    @classmethod
    def check_parameters(cls, *, lower_threshold: Any, upper_threshold: Any, **_: Any) -> None:
        """Raise a `ValueError` unless 0 <= lo < hi <= 1."""
        check_thresholds(lower_threshold, upper_threshold)

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.signs.shape[0]

    @property
    def _gate(self) -> float:
        """G, which closes all stairs for |u| <= 1 and half a stair more."""
        return STEEPNESS * (self.levels - 1) + 1.0

    def mean_weights(self) -> Float[Array, "layers d r"]:
        """K = 1/(hi - lo) to the indicator, w G to every stair, from alpha."""
        slope = 1 / (self.upper_threshold - self.lower_threshold)
        width = 2 / (self.levels - 1)
        stairs = jnp.full(2 * (self.levels - 1), width * self._gate)
        return jnp.concatenate([jnp.stack([slope, slope]), stairs])[None, :, None]

    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """+-s from x to every stair."""
        shape = (1, self.n_circuits, 2 * (self.levels - 1), 1)
        return jnp.broadcast_to(STEEPNESS * self.signs[None, :, None, None], shape)

    def biases(self) -> Float[Array, "layers d"]:
        """Those of the step, and where each stair begins and ends, less the gate."""
        step = step_biases(self.lower_threshold, self.upper_threshold)
        return jnp.concatenate([step, self._starts() - 2 / (self.levels - 1) * self._gate])[None]

    def _starts(self) -> Float[Array, " stairs"]:
        """-s theta_j + w/2 and -s theta_j - w/2, of all stairs."""
        width = 2 / (self.levels - 1)
        places = jnp.linspace(-1, 1, self.levels)[1:] - width / 2
        ends = jnp.stack([width / 2 - STEEPNESS * places, -width / 2 - STEEPNESS * places], axis=1)
        return ends.reshape(-1)

    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Alpha = 1 and a level, each as likely."""
        step = step_input(self.lower_threshold, self.upper_threshold)
        x = jnp.linspace(-1, 1, self.levels)[jax.random.randint(key, (), 0, self.levels)]
        return jnp.concatenate([step, jax.nn.relu(STEEPNESS * x + self._starts())])


class Levels2(AbstractLevels):
    """Two levels, d = 4: a sign."""

    levels: ClassVar[int] = 2
    layout: ClassVar[Layout] = _layout(2)


class Levels4(AbstractLevels):
    """Four levels, d = 8."""

    levels: ClassVar[int] = 4
    layout: ClassVar[Layout] = _layout(4)


class Levels8(AbstractLevels):
    """Eight levels, d = 16."""

    levels: ClassVar[int] = 8
    layout: ClassVar[Layout] = _layout(8)
