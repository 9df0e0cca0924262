"""Inputs: which circuits are active in a sample, and what they are given."""

from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from .._arrays import distinct_of
from .._errors import check, check_kind
from .._limits import check_index
from .._types import ActiveIds, KeyScalar
from ..circuits import AbstractCircuits, exact_channels, exact_trajectory


# A count: a plain integer, or an array leaf where arrays are padded.
Count: TypeAlias = int | Int[Array | np.ndarray, ""]


class Inputs(eqx.Module):
    """A batch of inputs with the true values of the circuits that are active.

    Attributes:
        active: int32 (1 or L, z, B), the active circuits of every layer, distinct within a sample;
            one entry if they stay the same.
        inputs: (d, z, B), input activations of those that are active in layer 1.
        truth: (L, k, z, B), channels of the small circuits run on their own, layers 1..L.
        counted: how many of the z slots count, if not all; the others hold T, which is no circuit,
            and inputs 0.
    """

    active: Int[Array, "sets z B"]
    inputs: Float[Array, "d z B"]
    truth: Float[Array, "L k z B"]
    counted: Int[Array | np.ndarray, ""] | None = None

    def active_at(self, layer: int | Int[Array, ""]) -> ActiveIds:
        """Return the active circuits of a layer counted from 0, (z, B)."""
        # A constant set is not indexed: it costs nothing.
        return self.active[0] if self.active.shape[0] == 1 else self.active[layer]


def distinct_integers(
    upper: Count, words: UInt32[Array, " count"], counted: Count | None = None
) -> Int[Array, " count"]:
    """Turn random words into a uniform subset of 0..upper-1 by Floyd's method, without rejection.

    The set is uniform over all subsets up to a relative upper/2^32; the order of its elements is
    not random.

    Args:
        upper: the size of the whole.
        words: one per element.
        counted: the size of the subset, if there are more words: it is what the first words alone
            would give.

    Returns:
        int32 (count,), distinct in the places that count, anything in the others.
    """
    count = words.shape[0]
    last = jnp.arange(count, dtype=jnp.int32) + (upper - (count if counted is None else counted))
    draws = (words % (last + 1).astype(jnp.uint32)).astype(jnp.int32)
    return distinct_of(draws, last)


def sample_inputs(
    circuits: AbstractCircuits,
    n_active: int,
    n_layers: int,
    sample_ids: Int[Array, " B"],
    *,
    key: KeyScalar,
    n_circuits: Count | None = None,
    counted: Int[Array | np.ndarray, ""] | None = None,
) -> Inputs:
    """Draw the inputs of the samples with the given ids.

    Sample i depends on `fold_in(key, i)` alone, not on the batch it is drawn in.

    Args:
        circuits: the circuits.
        n_active: z, or the slots there are for active circuits.
        n_layers: L, for the truth.
        sample_ids: which samples.
        key: the root key.
        n_circuits: how many of the circuits count, if not all.
        counted: z, if fewer than the slots.

    Returns:
        The inputs, batch last.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    check_kind("circuits", circuits, AbstractCircuits)
    circuits.check_depth(n_layers)
    check_index("n_active", n_active)
    limit = circuits.n_circuits
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)
    total = limit if n_circuits is None else n_circuits
    key_size = jax.random.key_data(key).shape[-1]

    def one(sample):
        # One draw for all, because every draw takes time to compile; a row for each active circuit,
        # so that fewer of them draw the same as the first of more.
        words = jax.random.bits(jax.random.fold_in(key, sample), (n_active, 1 + key_size), "uint32")
        active = distinct_integers(total, words[:, 0], counted)
        keys = jax.random.wrap_key_data(words[:, 1:], impl=jax.random.key_impl(key))
        inputs = jax.vmap(lambda k: circuits.sample_input(key=k))(keys)
        if counted is not None:
            slots = jnp.arange(n_active) < counted
            active = jnp.where(slots, active, limit)
            inputs = jnp.where(slots[:, None], inputs, 0.0)
        truth = exact_channels(circuits, exact_trajectory(circuits, active, inputs, n_layers))
        return active, inputs, truth[1:]

    active, inputs, truth = jax.vmap(one)(sample_ids)
    return Inputs(active.T[None], inputs.transpose(2, 1, 0), truth.transpose(1, 3, 2, 0), counted)
