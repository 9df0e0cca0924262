"""Sparse codes: every feature in S neurons of equal weight, as circuits are allocated."""

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import check
from .._types import KeyScalar, Sets
from ._embedding import check_sizes, Embedding


def sparse_code(sets: Sets, width: int, *, key: KeyScalar | None = None) -> Embedding:
    """Return the embedding with 1/sqrt(S) in the S neurons of each feature.

    Two features that share k neurons have inner product k/S without signs and, with random signs,
    a random one of mean square k/S^2. Random sets with signs are a sparse Johnson-Lindenstrauss
    map (Kane and Nelson 2014).

    Args:
        sets: integers (T, S), the neurons of each feature, as in an allocation.
        width: D, larger than every entry of `sets`.
        key: for independent random signs; all signs are plus if left out.

    Returns:
        The embedding.

    Raises:
        ValueError: if a neuron lies outside 0..D-1, or a feature names a neuron twice.
    """
    sets = np.asarray(sets, dtype=np.int32)
    check(sets.size > 0, "sets", "must hold at least one set of one neuron", sets.shape)
    n_features, redundancy = sets.shape
    check_sizes(n_features, width)
    inside = sets.min() >= 0 and sets.max() < width
    check(inside, "sets", f"must lie in 0..{width - 1}", f"{sets.min()}..{sets.max()}")
    ordered = np.sort(sets, axis=1)
    repeats = int((ordered[:, 1:] == ordered[:, :-1]).any(axis=1).sum())
    check(repeats == 0, "sets", "must name each neuron once", f"{repeats} sets with repeats")
    entries = jnp.full(sets.shape, redundancy**-0.5)
    if key is not None:
        entries = entries * jax.random.rademacher(key, sets.shape, jnp.float32)
    rows = jnp.arange(n_features)[:, None]
    return Embedding(jnp.zeros((n_features, width)).at[rows, sets].set(entries))
