"""The sums that carry the structured forward pass, laid out for speed.

With the batch as the last, contiguous axis, adding up rows is a stream of vector additions. One
gather of all S rows followed by a reduction, or a scatter-add for the way back, is 20 times slower
on a CPU. There, too, XLA would merge the gathers into each consumer of their sum and do them many
times over, so that the sum stands in a branch of its own; no accelerator needs that.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float, Int

from .._arrays import sum_of


# Gathers in one fused loop; longer sums run in a scan so that code size stays bounded. A TPU fuses
# none of them, and its compiler takes a fifth longer over 32 (v5e: 25.4 to 21.0 s for a sweep's
# program, 25.7 to 21.1 s at D = T = 64,000).
_UNROLLED, _UNROLLED_ON_TPU = 32, 4


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
    together = _UNROLLED_ON_TPU if jax.default_backend() == "tpu" else _UNROLLED
    rest = width % together or min(width, together)
    total = sum_of([row(values, index[:, column]) for column in range(rest)])
    if rest == width:
        return total
    groups = index[:, rest:].T.reshape(-1, together, index.shape[0])
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
    back: Int[Array, "rows v"] | None = None,
    back_ragged: bool | None = None,
) -> Float[Array, "k m B"]:
    """Return scale·sum_w values[:, index[:, w]]: a readout or, with lists of circuits, the way back.

    Args:
        values: (k, rows, B).
        index: (m, w), entries in 0..rows-1; not checked.
        scale: a factor on the sum.
        ragged: whether entries may be `rows`, which stands for nothing.
        back: (rows, v), for each row the sums that it is in, ragged if `index` is not: with it the
            gradient is such a sum, too, instead of a scatter-add, which is slow everywhere and on a
            GPU not reproducible.
        back_ragged: whether `back` is ragged; by default it is if `index` is not.

    Returns:
        (k, m, B).
    """
    factor = jnp.asarray(scale, values.dtype)
    if back is None:
        return _gathered(values, index, factor, ragged)
    both = (ragged, (not ragged) if back_ragged is None else back_ragged)
    return _linked(values, index, back, factor, both)


def _gathered(values, index, scale, ragged: bool):
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
            every = jnp.where((index < rows)[None], every, -1)
        row = _row_or_nothing if ragged else _row
        return scale * _sum_rows(flat, every.reshape(-1, index.shape[1]), row).reshape(shape)

    if jax.default_backend() != "cpu":
        return compute()
    nothing = lambda: jnp.zeros(shape, values.dtype)
    return jax.lax.cond(_always(index[0, 0]), compute, nothing)


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def _linked(values, index, back, scale, ragged):
    del back
    return _gathered(values, index, scale, ragged[0])


def _linked_forward(values, index, back, scale, ragged):
    return _linked(values, index, back, scale, ragged), (values, index, back, scale)


def _linked_backward(ragged, kept, change):
    values, index, back, scale = kept
    sent = _linked(change, back, index, jnp.ones_like(scale), ragged[::-1])
    return scale * sent, None, None, jnp.sum(values * sent)


_linked.defvjp(_linked_forward, _linked_backward)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def copies(row: Float[Array, "m B"], count: int) -> Float[Array, "k m B"]:
    """Return k = `count` times the same, whose gradient is a sum of k terms that fuses.

    That of a broadcast is a reduction over the leading axis, ten times slower on a CPU.
    """
    return jnp.broadcast_to(row[None], (count, *row.shape))


def _copies_forward(row, count):
    return copies(row, count), None


def _copies_backward(count, kept, change):
    del kept
    return (sum_of([change[index] for index in range(count)]),)


copies.defvjp(_copies_forward, _copies_backward)
