"""The sums that carry the structured forward pass, laid out for speed.

With the batch as the last, contiguous axis, adding up rows is a stream of vector additions. One
gather of all S rows followed by a reduction, or a scatter-add for the way back, is 20 times slower
on a CPU. There, too, XLA would merge the gathers into each consumer of their sum and do them many
times over, so that the sum stands in a branch of its own; no accelerator needs that.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float, Int

from .._arrays import sum_of


# Gathers in one fused loop; longer sums run in a scan so that code size stays bounded.
_UNROLLED = 32


@custom_vmap
def _always(first: Int[Array, ""]) -> Bool[Array, ""]:
    """Return True, which the compiler cannot know: no index is so far below 0."""
    return first > -(2**30)


@_always.def_vmap
def _(axis_size, in_batched, first):
    # One answer for all, so that a branch stays a branch.
    del axis_size, in_batched
    return _always(first[0]), False


def _sum_rows(
    values: Float[Array, "rows B"], index: Int[Array, "m w"], row: Callable
) -> Float[Array, "m B"]:
    """Return sum_w values[index[:, w]]."""
    width = index.shape[1]
    rest = width % _UNROLLED or min(width, _UNROLLED)
    total = sum_of([row(values, index[:, column]) for column in range(rest)])
    if rest == width:
        return total
    groups = index[:, rest:].T.reshape(-1, _UNROLLED, index.shape[0])
    add = lambda partial, group: (sum_of([partial, *(row(values, c) for c in group)]), None)
    return jax.lax.scan(add, total, groups)[0]


def _row(values: Float[Array, "rows B"], index: Int[Array, " m"]) -> Float[Array, "m B"]:
    return values.at[index].get(mode="promise_in_bounds")


def _row_or_nothing(values: Float[Array, "rows B"], index: Int[Array, " m"]) -> Float[Array, "m B"]:
    # Cheaper than to append a row of zeros, for which everything would be copied.
    return jnp.where((index >= 0)[:, None], _row(values, jnp.maximum(index, 0)), 0.0)


def gather_sum(
    values: Float[Array, "k rows B"],
    index: Int[Array, "m w"],
    scale: float | Float[Array, ""] = 1.0,
    *,
    ragged: bool = False,
) -> Float[Array, "k m B"]:
    """Return scale·sum_w values[:, index[:, w]]: a readout or, with lists of circuits, the way back.

    Args:
        values: (k, rows, B).
        index: (m, w), entries in 0..rows-1; not checked.
        scale: a factor on the sum.
        ragged: whether entries may be `rows`, which stands for nothing.

    Returns:
        (k, m, B).
    """
    channels, rows, batch = values.shape
    shape = (channels, index.shape[0], batch)
    if 0 in shape or 0 in index.shape:
        return jnp.zeros(shape, values.dtype)
    # Rows of all channels in one list: their sums come out in the order in which they are kept.
    flat = values.reshape(channels * rows, batch)
    starts = (rows * jnp.arange(channels, dtype=index.dtype))[:, None, None]

    def compute():
        every = starts + index[None]
        if ragged:
            every = jnp.where(index < rows, every, -1)
        row = _row_or_nothing if ragged else _row
        total = _sum_rows(flat, every.reshape(-1, index.shape[1]), row).reshape(shape)
        return total if isinstance(scale, float) and scale == 1.0 else scale * total

    if jax.default_backend() != "cpu":
        return compute()
    nothing = lambda: jnp.zeros(shape, values.dtype)
    return jax.lax.cond(_always(index[0, 0]), compute, nothing)
