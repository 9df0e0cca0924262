"""The geometry of a set of vectors: cosines, overlaps, and their dispersion over seeds."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import check


Vectors = Float[Array | np.ndarray, "T D"]
Stack = Float[Array | np.ndarray, "seeds T D"]

_BLOCK = 256


def _directions(vectors: Vectors) -> Float[Array, "T D"]:
    """Return unit vectors; a zero vector stays zero."""
    vectors = jnp.asarray(vectors, jnp.float32)
    norms = jnp.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / jnp.where(norms > 0, norms, 1.0)


def cosines(vectors: Vectors) -> Float[Array, "T T"]:
    """Return the cosine of every pair of vectors; 0 with a zero vector.

    Args:
        vectors: (T, D).

    Returns:
        (T, T).
    """
    directions = _directions(vectors)
    return jnp.matmul(directions, directions.T, precision="highest")


@eqx.filter_jit
def _largest(directions: Float[Array, "T D"]) -> Float[Array, ""]:
    count, block = directions.shape[0], min(_BLOCK, directions.shape[0])
    starts = jnp.arange(0, count, block)

    def rows(start):
        # The last block is moved back to fit: rows seen twice do no harm to a maximum.
        start = jnp.minimum(start, count - block)
        some = jax.lax.dynamic_slice_in_dim(directions, start, block)
        overlaps = jnp.abs(jnp.matmul(some, directions.T, precision="highest"))
        self_pairs = (start + jnp.arange(block))[:, None] == jnp.arange(count)[None, :]
        return jnp.max(jnp.where(self_pairs, 0.0, overlaps))

    return jnp.max(jax.lax.map(rows, starts))


def max_overlap(vectors: Vectors) -> float:
    """Return the largest |cosine| of two different vectors, without a T x T matrix.

    Args:
        vectors: (T, D), at least two.

    Returns:
        At least sqrt((T-D)/(D(T-1))) if no vector is zero (Welch 1974).

    Raises:
        ValueError: for fewer than two vectors.
    """
    check(vectors.shape[0] >= 2, "vectors", "must be at least two", vectors.shape[0])
    return float(_largest(_directions(vectors)))


def mean_square_overlap(vectors: Vectors) -> float:
    """Return the mean of cosine^2 over pairs of different vectors, without a T x T matrix.

    Args:
        vectors: (T, D), at least two.

    Returns:
        At least (T-D)/(D(T-1)), attained by tight frames (Welch 1974), if no vector is zero.

    Raises:
        ValueError: for fewer than two vectors.
    """
    count = vectors.shape[0]
    check(count >= 2, "vectors", "must be at least two", count)
    directions = np.asarray(_directions(vectors), np.float64)
    all_pairs = float(((directions.T @ directions) ** 2).sum())
    alone = float(((directions**2).sum(axis=1) ** 2).sum())
    return (all_pairs - alone) / (count * (count - 1))


@eqx.filter_jit
def _sorted_cosines(stack, lines):
    count = stack.shape[1]
    first, second = np.triu_indices(count, 1)
    pairs = jax.vmap(cosines)(stack)[:, first, second]
    return jnp.sort(jnp.abs(pairs) if lines else pairs, axis=1)


def sorted_cosines(stack: Stack, *, lines: bool = False) -> Float[np.ndarray, "seeds pairs"]:
    """Return the cosines of all pairs of each seed, in ascending order.

    Seeds number the features differently: if one geometry is found by all of them, its cosines
    come in another order every time. Sorted, they are the same list. (The list does not decide the
    geometry, but geometries that differ in it differ.)

    Args:
        stack: (seeds, T, D), at least two features.
        lines: take |cosine|, so that a vector and its opposite count as the same.

    Returns:
        (seeds, T(T-1)/2), float64.

    Raises:
        ValueError: for fewer than two features.
    """
    check(stack.shape[1] >= 2, "stack", "must hold at least two features", stack.shape[1])
    return np.asarray(_sorted_cosines(jnp.asarray(stack, jnp.float32), lines), np.float64)


def dispersion(stack: Stack, *, lines: bool = False) -> float:
    """Return how much the pairwise cosines differ between seeds.

    It is the root of the mean, over the positions of the sorted list of cosines, of the variance
    over seeds: 0 if all seeds find the same geometry up to rotation and numbering of the features.
    Unsorted cosines would differ by the numbering alone.

    Args:
        stack: (seeds, T, D), at least two seeds and two features.
        lines: take |cosine|, for losses that do not distinguish a vector from its opposite.

    Returns:
        The dispersion, in units of cosine.

    Raises:
        ValueError: for fewer than two seeds or features.
    """
    check(stack.shape[0] >= 2, "stack", "must hold at least two seeds", stack.shape[0])
    return float(np.sqrt(sorted_cosines(stack, lines=lines).var(axis=0, ddof=1).mean()))


def count_geometries(stack: Stack, *, tolerance: float = 0.02, lines: bool = False) -> int:
    """Return the number of different geometries among the seeds.

    Seeds are taken in turn; each whose sorted cosines differ by more than `tolerance`, somewhere,
    from those of every representative so far becomes one. A loss with isolated minima gives a few
    however many the seeds, one with a continuum of minima ever more.

    Args:
        stack: (seeds, T, D), at least two features.
        tolerance: largest difference of cosines within a geometry.
        lines: take |cosine|.

    Returns:
        The number of representatives.

    Raises:
        ValueError: for fewer than two features or a negative tolerance.
    """
    check(tolerance >= 0, "tolerance", "must be at least 0", tolerance)
    different: list[np.ndarray] = []
    for seed in sorted_cosines(stack, lines=lines):
        if all(np.abs(seed - other).max() > tolerance for other in different):
            different.append(seed)
    return len(different)
