"""Small helpers for arrays that several folders share."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._types import Scalar


def take_rows(values: Float[Array, "rows *rest"], rows: tuple[int, ...]) -> Float[Array, "m *rest"]:
    """Return the given rows by static slices, which XLA fuses where it would not fuse a gather."""
    if not rows:
        return values[:0]
    return jnp.stack([values[row] for row in rows])


def as_float(value: Any) -> Scalar:
    """Return a count, an integer or an array leaf, as a float32 scalar."""
    return jnp.asarray(value, jnp.float32)


def sum_of(terms: list[Array]) -> Array:
    """Return the sum of a non-empty list of equal-shaped arrays."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
