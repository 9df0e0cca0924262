"""Thresholds chosen by scan, on sampled inputs: a coarse grid, then a fine one around the best."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from .._limits import check_index
from .._types import KeyScalar, Scalar
from ._embedding import Embedding
from ._readouts import AbstractReadout, check_shapes, Linear, Threshold
from ._samples import sample_features


_GRID = 65


def _scan(loss: Callable[[Scalar], Scalar], low: Scalar, high: Scalar) -> Scalar:
    """Return the best cut in low..high; the middle one if several are as good."""

    def stage(low, high):
        cuts = jnp.linspace(low, high, _GRID)
        losses = jax.lax.map(loss, cuts)
        best = losses <= jnp.min(losses)
        # The middle one of the best cuts, counted among them.
        rank = jnp.cumsum(best)
        middle = jnp.argmax(best & (rank == (rank[-1] + 1) // 2))
        return cuts[middle], losses[middle], (high - low) / (_GRID - 1)

    cut, coarse, step = stage(low, high)
    finer, fine, _ = stage(cut - step, cut + step)
    return jnp.where(fine < coarse, finer, cut)


@eqx.filter_jit
def _project(embedding, readout, n_active, n_samples, key):
    ids = jnp.arange(n_samples)
    features = sample_features(embedding.n_features, n_active, ids, key=key)
    return jax.vmap(lambda x: readout.project(embedding.encode(x)))(features), features


@eqx.filter_jit
def _best_threshold(projected, features):
    def wrong(cut):
        return jnp.mean(jnp.sum((projected > cut) != (features > 0.5), axis=1).astype(jnp.float32))

    highest = jnp.max(jnp.abs(projected))
    return _scan(wrong, -highest, highest)


def scan_threshold(
    embedding: Embedding,
    n_active: int,
    n_samples: int = 1024,
    *,
    key: KeyScalar,
    linear: Linear | None = None,
) -> Threshold:
    """Return the threshold on W h, the same for all features, that gives the fewest wrong features.

    Where a range of thresholds is equally good it is the middle one.

    Args:
        embedding: T features in D neurons.
        n_active: z, how many features are active in an input.
        n_samples: random inputs to choose on; a few arrays of n_samples x T numbers are held.
        key: for the inputs; measure with another one.
        linear: W; the embedding's own vectors if left out.

    Returns:
        The readout.

    Raises:
        ValueError: unless 1 <= z <= T, for no sample, or if the shapes disagree.
    """
    check_index("n_samples", n_samples)
    readout: AbstractReadout = Linear(embedding.vectors) if linear is None else linear
    check_shapes(embedding, readout)
    projected, features = _project(embedding, readout, n_active, n_samples, key)
    return Threshold(readout.weights, _best_threshold(projected, features))
