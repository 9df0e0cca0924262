"""Small helpers for arrays that several folders share."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ._errors import check, Shown
from ._types import KeyScalar, Scalar


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


def distinct_of(draws: Int[Array, " z"], last: Int[Array, " z"]) -> Int[Array, " z"]:
    """Turn draws into distinct integers by Floyd's method, without rejection.

    Draw j is uniform over 0..last_j; one that was taken before gives way to last_j. If the last_j
    are the z largest integers below some number, in order, the set is uniform over all subsets of
    so many; the order of its elements is not random.

    Args:
        draws: the draws.
        last: the largest value that each draw may have.

    Returns:
        Distinct integers.
    """

    def pick(position, chosen):
        taken = jnp.any(chosen == draws[position])
        return chosen.at[position].set(jnp.where(taken, last[position], draws[position]))

    return jax.lax.fori_loop(0, draws.shape[0], pick, jnp.full_like(draws, -1))


def merge_moments(
    first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge two samples in double precision (Chan, Golub and LeVeque 1979).

    Args:
        first: count, mean, and sum of squared deviations from the mean, of shapes that broadcast.
        second: the same; where the count is 0 it changes nothing. At least one of the two counts
            must not be 0.

    Returns:
        Count, mean and squared deviations of both together.
    """
    a, mean, squares = (np.asarray(part, np.float64) for part in first)
    b, other, other_squares = (np.asarray(part, np.float64) for part in second)
    total, there = a + b, b > 0
    gap = np.where(there, other - mean, 0.0)
    within = squares + np.where(there, other_squares, 0.0)
    merged = total, mean + gap * (b / total), within + gap**2 * (a * b / total)
    # NumPy turns arrays without axes into scalars.
    count, mean, squares = map(np.asarray, merged)
    return count, mean, squares


def root_key(seed: Any) -> KeyScalar:
    """Return the key of a seed, of the same generator whatever JAX's default is set to.

    Args:
        seed: 0..2^32-1, concrete or traced.
    """
    return jax.random.key(seed, impl="threefry2x32")


def check_key(argument: str, key: Any) -> None:
    """Raise a `ValueError` unless `key` is one typed key of JAX; a traced one passes."""
    kind = getattr(key, "dtype", None)
    typed = kind is not None and jnp.issubdtype(kind, jax.dtypes.prng_key) and key.shape == ()
    rule = "must be one key, as jax.random.key makes it"
    check(typed, argument, rule, Shown(key))


def integers_of(argument: str, values: Any, kind: type) -> np.ndarray:
    """Return integers as an array of some type.

    Args:
        argument: the argument's name in the error.
        values: nested lists or an array.
        kind: the type of the array.

    Raises:
        ValueError: for lists of unequal length, what is no integer, and what the type cannot hold.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.asarray(None)
    whole = array.dtype.kind in "iu" or array.size == 0
    check(whole, argument, "must be integers in rows of equal length", Shown(values))
    limits = np.iinfo(kind)
    fits = array.size == 0 or (limits.min <= array.min() and array.max() <= limits.max)
    check(fits, argument, f"must be integers of {limits.bits} bits", Shown(values))
    return array.astype(kind)
