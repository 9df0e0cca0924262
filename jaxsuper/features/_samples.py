"""Inputs: z of T binary features active, uniformly."""

from itertools import chain, combinations
from math import comb

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import distinct_of
from .._errors import check
from .._types import KeyScalar
from ._embedding import check_active


MOST_INPUTS = 200_000


@eqx.filter_jit
def sample_features(
    n_features: int, n_active: int, sample_ids: Int[Array, " B"], *, key: KeyScalar
) -> Float[Array, "B T"]:
    """Draw the inputs of the samples with the given ids, uniform over z-subsets.

    Sample i depends on `fold_in(key, i)` alone, not on the batch it is drawn in. Floyd's method
    makes the subsets exactly uniform without rejection.

    Args:
        n_features: T, the number of features.
        n_active: z, how many features are active in an input.
        sample_ids: which samples.
        key: the root key.

    Returns:
        Zeros and ones, z ones in each row.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    check_active(n_features, n_active)
    last = n_features - n_active + jnp.arange(n_active)

    def one(sample):
        draws = jax.random.randint(jax.random.fold_in(key, sample), (n_active,), 0, last + 1)
        return jnp.zeros(n_features).at[distinct_of(draws, last)].set(1.0)

    return jax.vmap(one)(sample_ids)


def active_sets(n_features: int, n_active: int) -> Int[np.ndarray, "N z"]:
    """Return all z-subsets of T features, in lexicographic order.

    Args:
        n_features: T, the number of features.
        n_active: z, how many features are active in an input.

    Returns:
        int32, one row per subset.

    Raises:
        ValueError: unless 1 <= z <= T, or if there are more than 200 000 of them.
    """
    check_active(n_features, n_active)
    count = comb(n_features, n_active)
    check(
        count <= MOST_INPUTS,
        "n_active",
        f"must leave at most {MOST_INPUTS} inputs to list",
        f"{count} subsets of {n_active} out of {n_features}",
        "draw inputs with `sample_features` instead",
    )
    flat = chain.from_iterable(combinations(range(n_features), n_active))
    return np.fromiter(flat, np.int32, count * n_active).reshape(count, n_active)


def all_features(n_features: int, n_active: int) -> Float[Array, "N T"]:
    """Return all C(T, z) inputs.

    Args:
        n_features: T, the number of features.
        n_active: z, how many features are active in an input.

    Returns:
        Zeros and ones, z ones in each row.

    Raises:
        ValueError: unless 1 <= z <= T, or if there are more than 200 000 of them.
    """
    return features_of(jnp.asarray(active_sets(n_features, n_active)), n_features)


def features_of(sets: Int[Array, "B z"], n_features: int) -> Float[Array, "B T"]:
    """Return the inputs whose active features are given."""
    rows = jnp.arange(sets.shape[0])[:, None]
    return jnp.zeros((sets.shape[0], n_features)).at[rows, sets].set(1.0)
