"""The sums that carry the structured forward pass, laid out for speed.

With the batch as the last, contiguous axis, adding up rows is a stream of vector additions. One
gather of all S rows followed by a reduction, or a scatter-add for the way back, is 20 times slower
on a CPU. Both cases below end in a loop, because without one XLA merges the gathers into each
consumer of their sum and does them many times over.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import sum_of


# Gathers in one fused loop body; longer sums run in a scan so that code size stays bounded.
_UNROLLED = 8


def _rows(values: Float[Array, "*k rows B"], index: Int[Array, " m"]) -> Float[Array, "*k m B"]:
    return values.at[..., index, :].get(mode="promise_in_bounds")


def gather_sum(
    values: Float[Array, "k rows B"],
    index: Int[Array, "m w"],
    scale: float | Float[Array, ""] = 1.0,
) -> Float[Array, "k m B"]:
    """Return scale·sum_w values[:, index[:, w]]: a readout or, with lists of circuits, the way back.

    Args:
        values: (k, rows, B).
        index: (m, w), entries in 0..rows-1; not checked.
        scale: a factor on the sum.

    Returns:
        (k, m, B).
    """
    width = index.shape[1]
    if values.shape[0] == 0 or width <= _UNROLLED:

        def one_channel(channel):
            return scale * sum_of([_rows(channel, index[:, column]) for column in range(width)])

        return jax.lax.map(one_channel, values)
    looped = width // _UNROLLED * _UNROLLED
    shape = (values.shape[0], index.shape[0], values.shape[2])
    rest = [_rows(values, index[:, column]) for column in range(looped, width)]
    groups = index[:, :looped].T.reshape(-1, _UNROLLED, index.shape[0])

    def add(partial, group):
        return sum_of([partial, *(_rows(values, columns) for columns in group)]), None

    total = jax.lax.scan(add, sum_of([jnp.zeros(shape, values.dtype), *rest]), groups)[0]
    return total if isinstance(scale, float) and scale == 1.0 else scale * total
