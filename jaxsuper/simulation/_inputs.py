"""Inputs: which circuits are active in a sample, and what they are given."""

from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, UInt32

from .._arrays import distinct_of
from .._errors import check, check_kind
from .._limits import check_index, check_number
from .._types import ActiveIds, KeyScalar
from ..circuits import AbstractCircuits, exact_channels, exact_trajectory
from ..programs import Edges
from ._program_inputs import check_groups, group_sampler


# A count: a plain integer, or an array leaf where arrays are padded.
Count: TypeAlias = int | Int[Array | np.ndarray, ""]
# Folded into a sample's key for circuits that are on by mistake, beside no draw of the others.
_MISTAKEN = 1


class Inputs(eqx.Module):
    """A batch of inputs with the true values of the circuits that are active.

    Attributes:
        active: int32 (1 or L, z, B), the active circuits of every layer, distinct within a sample;
            one entry if they stay the same.
        inputs: (d, z, B), input activations of those that are active in layer 1.
        truth: (L, k, z, B), channels of the small circuits run on their own, layers 1..L.
        counted: how many of the z slots count, if not all; the others hold T, which is no circuit,
            and inputs 0.
        erroneous: int32 (T, B), inactive circuits that are on at the input by mistake, the other
            slots hold T; None if there are none.
        erroneous_inputs: (d, T, B), their input activations.
    """

    active: Int[Array, "sets z B"]
    inputs: Float[Array, "d z B"]
    truth: Float[Array, "L k z B"]
    counted: Int[Array | np.ndarray, ""] | None = None
    erroneous: Int[Array, "T B"] | None = None
    erroneous_inputs: Float[Array, "d T B"] | None = None

    def embedded(self) -> tuple[ActiveIds, Float[Array, "d slots B"]]:
        """Return the circuits that layer 1 embeds, and their inputs: those on by mistake too."""
        if self.erroneous is None or self.erroneous_inputs is None:
            return self.active_at(0), self.inputs
        ids = jnp.concatenate([self.active_at(0), self.erroneous])
        return ids, jnp.concatenate([self.inputs, self.erroneous_inputs], axis=1)

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
    erroneous_share: Float[Array | np.ndarray, ""] | float | int | None = None,
    edges: Edges | None = None,
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
        erroneous_share: the chance of each inactive circuit to be on at the input, with an input as
            if it were active: to see whether a network that has seized stays so. Neither the active
            circuits nor their inputs depend on it. None or 0 draws and costs nothing.
        edges: which circuit feeds which, if not each itself. Then z groups of circuits start, and
            a slot that no circuit takes in a layer holds T.

    Returns:
        The inputs, batch last.

    Raises:
        ValueError: unless 1 <= z <= T, for a share outside 0..1, for more groups than can start
            together, or for a share and edges.
    """
    check_kind("circuits", circuits, AbstractCircuits)
    circuits.check_depth(n_layers)
    share = checked_share(erroneous_share)
    check_index("n_active", n_active)
    limit = circuits.n_circuits
    sampler, total = None, limit if n_circuits is None else n_circuits
    if edges is not None:
        check_groups(edges, n_active)
        check(share is None, "erroneous_share", "must be left out with edges", share)
        sampler, total = group_sampler(circuits, edges, counted, key), edges.n_groups
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)
    key_size = jax.random.key_data(key).shape[-1]

    def mistaken(sample, active):
        own = jax.random.fold_in(jax.random.fold_in(key, sample), _MISTAKEN)
        ids = jnp.arange(limit, dtype=jnp.int32)
        # A key for each circuit: what is drawn does not depend on how many there is room for.
        keys = jax.vmap(lambda number: jax.random.split(jax.random.fold_in(own, number)))(ids)
        chosen = jax.vmap(jax.random.uniform)(keys[:, 0]) < share
        chosen = chosen & (ids < total) & (ids[:, None] != active[None, :]).all(axis=1)
        inputs = jax.vmap(lambda k: circuits.sample_input(key=k))(keys[:, 1])
        return jnp.where(chosen, ids, limit), jnp.where(chosen[:, None], inputs, 0.0)

    def one(sample):
        # One draw for all, because every draw takes time to compile; a row for each active circuit,
        # so that fewer of them draw the same as the first of more.
        words = jax.random.bits(jax.random.fold_in(key, sample), (n_active, 1 + key_size), "uint32")
        active = distinct_integers(total, words[:, 0], counted)
        if sampler is not None:
            return sampler(words[:, 1:], active)
        keys = jax.random.wrap_key_data(words[:, 1:], impl=jax.random.key_impl(key))
        inputs = jax.vmap(lambda k: circuits.sample_input(key=k))(keys)
        if counted is not None:
            slots = jnp.arange(n_active) < counted
            active = jnp.where(slots, active, limit)
            inputs = jnp.where(slots[:, None], inputs, 0.0)
        truth = exact_channels(circuits, exact_trajectory(circuits, active, inputs, n_layers))
        return active, inputs, truth[1:]

    active, inputs, truth = jax.vmap(one)(sample_ids)
    if sampler is not None:
        inputs, truth = inputs.transpose(2, 1, 0), truth.transpose(1, 2, 3, 0)
        return Inputs(active.transpose(1, 2, 0), inputs, truth)
    batch_last = active.T[None], inputs.transpose(2, 1, 0), truth.transpose(1, 3, 2, 0), counted
    if share is None:
        return Inputs(*batch_last)
    ids, more = jax.vmap(mistaken)(sample_ids, active)
    return Inputs(*batch_last, ids.T, more.transpose(2, 1, 0))


def checked_share(share: Any) -> Any:
    """Return a share of circuits on by mistake, checked; None for none.

    Raises:
        ValueError: for a number outside 0..1.
    """
    if share is None or isinstance(share, Tracer):
        return share
    check_number("erroneous_share", share)
    check(0 <= share <= 1, "erroneous_share", "must lie in 0..1", share)
    return np.float32(share) if share > 0 else None
