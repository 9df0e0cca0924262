"""The two sums that carry the structured forward pass, laid out for speed.

With the batch as the last, contiguous axis, adding up rows is a stream of vector additions. One
gather of all S rows followed by a reduction, or a scatter-add for the way back, is 20 times slower
on a CPU. Both functions work on one channel at a time under `lax.map`: its loop keeps XLA from
merging a gather into each of its consumers and so doing it many times over.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


# Rows added in one fused loop body; longer sums run in a scan so that code size stays bounded.
_UNROLLED = 16


def _rows(values: Float[Array, "rows B"], index: Int[Array, " m"]) -> Float[Array, "m B"]:
    return values.at[index].get(mode="promise_in_bounds")


def _sum_of_rows(
    values: Float[Array, "rows B"], index: Int[Array, "m w"]
) -> Float[Array, "m B"]:
    width = index.shape[1]
    looped = width // _UNROLLED * _UNROLLED if width > _UNROLLED else 0
    total = jnp.zeros((index.shape[0], values.shape[1]), values.dtype)
    for column in range(looped, width):
        total = total + _rows(values, index[:, column])
    if not looped:
        return total
    groups = index[:, :looped].T.reshape(-1, _UNROLLED, index.shape[0])

    def add(partial, group):
        for column in range(_UNROLLED):
            partial = partial + _rows(values, group[column])
        return partial, None

    return jax.lax.scan(add, total, groups)[0]


def gather_sum(
    values: Float[Array, "k rows B"], index: Int[Array, "m w"]
) -> Float[Array, "k m B"]:
    """Return sum_w values[:, index[:, w]], for a readout or, with lists of circuits, the way back.

    Args:
        values: (k, rows, B).
        index: (m, w), entries in 0..rows-1; not checked.

    Returns:
        (k, m, B).
    """
    if values.shape[0] == 0:
        return jnp.zeros((0, index.shape[0], values.shape[2]), values.dtype)
    return jax.lax.map(lambda channel: _sum_of_rows(channel, index), values)


def axis_sum(values: Float[Array, "rows B"]) -> Float[Array, " B"]:
    """Return the sum over the rows, folded first so that the bulk of it is vector additions.

    XLA reduces a leading axis column by column, which strides through memory.

    Args:
        values: (rows, B).

    Returns:
        (B,).
    """
    return _folded(values, jnp.add, jnp.sum)


def axis_max(values: Float[Array, "rows B"]) -> Float[Array, " B"]:
    """Return the maximum over the rows, folded like `axis_sum`."""
    return _folded(values, jnp.maximum, jnp.max)


def _folded(values, combine, finish):
    folds, rows = 8, values.shape[0]
    height = rows // folds
    if height == 0:
        return finish(values, axis=0)
    total = values[:height]
    for fold in range(1, folds):
        total = combine(total, values[fold * height : (fold + 1) * height])
    rest = values[folds * height :]
    if rest.shape[0]:
        total = jnp.concatenate([combine(total[: rest.shape[0]], rest), total[rest.shape[0] :]])
    return finish(total, axis=0)
