"""How a network is trained: steps, batches, learning rate, and when it is measured."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Int

from .._errors import check
from .._limits import check_index, check_positive, check_single
from .._types import Scalar
from ._parts import check_trained


_WARM_UP = 0.05


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Attributes:
        n_active: z.
        steps: of gradient descent; 0 measures the start.
        batch_size: fresh samples of each step.
        learning_rate: the largest step of Adam, in any weight.
        evaluate_every: steps between held-out measurements.
        held_out: samples of each measurement.
        trained: the arrays that are trained, of `PARTS`; by default all but the readout.
    """

    n_active: int = 1
    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    evaluate_every: int = 100
    held_out: int = 2048
    trained: tuple[str, ...] = ("embedding", "weights", "biases")

    def __post_init__(self):
        for name in ("n_active", "batch_size", "evaluate_every", "held_out"):
            check_index(name, getattr(self, name))
        check_index("steps", self.steps, 0)
        # Ids of samples are 32-bit integers.
        most = (2**31 - 1) // self.batch_size
        check(self.steps <= most, "steps", f"must be at most {most} at this batch size", self.steps)
        check_positive("learning_rate", self.learning_rate)
        check_single("learning_rate", self.learning_rate)
        check_trained(self.trained)


def rate_at(step: Int[Array, ""], steps: Int[Array, ""], learning_rate: Scalar) -> Scalar:
    """Return the learning rate of a step: a linear warm-up, then a cosine decay to 0.

    Args:
        step: 0..steps-1.
        steps: in all; the first twentieth of them warms up.
        learning_rate: the largest.
    """
    done, total = step.astype(jnp.float32), steps.astype(jnp.float32)
    warm = jnp.maximum(_WARM_UP * total, 1.0)
    decay = 0.5 * (1 + jnp.cos(jnp.pi * done / total))
    return learning_rate * jnp.minimum((done + 1) / warm, 1.0) * decay
