"""The on-indicator as a step of two ReLUs, shared by the circuits that carry one."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_number
from .._types import Scalar


# The smallest difference of thresholds whose inverse is a finite number in single precision.
_SMALLEST_GAP = float(np.finfo(np.float32).tiny)


def check_thresholds(lower: Any, upper: Any) -> None:
    """Raise a `ValueError` unless 0 <= lo < hi <= 1, so that 0 stays 0 and 1 stays 1.

    The slope 1/(hi - lo) has to be finite in single precision, in which all is computed.
    """
    if isinstance(lower, Tracer) or isinstance(upper, Tracer):
        return
    check_number("lower_threshold", lower)
    check_number("upper_threshold", upper)
    low, high = np.asarray(lower), np.asarray(upper)
    gap = high.astype(np.float32) - low.astype(np.float32)
    rule = "must be below `upper_threshold`, also in single precision"
    check(bool((gap > _SMALLEST_GAP).all()), "lower_threshold", rule, f"{lower} and {upper}")
    check(bool((low >= 0).all()), "lower_threshold", "must be at least 0", lower)
    check(bool((high <= 1).all()), "upper_threshold", "must be at most 1", upper)


def step_biases(lower: Scalar, upper: Scalar) -> Float[Array, "2"]:
    """Return the biases of (on0, on1): -k·lo and -k·lo - 1 with slope k = 1/(hi - lo).

    With weight k from alpha this makes on0 - on1 = clip((alpha - lo)/(hi - lo), 0, 1).
    """
    slope = 1 / (upper - lower)
    return jnp.stack([-slope * lower, -slope * lower - 1])


def step_input(lower: Scalar, upper: Scalar) -> Float[Array, "2"]:
    """Return (on0, on1) of a circuit that is on: what the step gives for alpha = 1."""
    return 1 / (upper - lower) + step_biases(lower, upper)
