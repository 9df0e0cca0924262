"""Inputs: which circuits are active in a sample, and what they are given."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._types import ActiveIds, check, KeyScalar
from ..circuits import AbstractCircuits, exact_channels, exact_trajectory


class Inputs(eqx.Module):
    """A batch of inputs with the true values of the circuits that are active.

    Attributes:
        active: int32 (z, B), distinct within a sample.
        inputs: (d, z, B), input activations.
        truth: (L, k, z, B), channels of the small circuits run on their own, layers 1..L.
    """

    active: ActiveIds
    inputs: Float[Array, "d z B"]
    truth: Float[Array, "L k z B"]


def distinct_integers(upper: int, count: int, *, key: KeyScalar) -> Int[Array, " count"]:
    """Draw a uniform subset of 0..upper-1 by Floyd's method: exact, without rejection.

    The set is uniform over all subsets; the order of its elements is not random.

    Args:
        upper: the size of the whole.
        count: the size of the subset.
        key: a typed key.

    Returns:
        int32 (count,), distinct.
    """
    last = upper - count + jnp.arange(count)
    draws = jax.random.randint(key, (count,), 0, last + 1)

    def pick(position, chosen):
        taken = jnp.any(chosen == draws[position])
        return chosen.at[position].set(jnp.where(taken, last[position], draws[position]))

    return jax.lax.fori_loop(0, count, pick, jnp.full((count,), -1, jnp.int32))


def sample_inputs(
    circuits: AbstractCircuits,
    n_active: int,
    n_layers: int,
    sample_ids: Int[Array, " B"],
    *,
    key: KeyScalar,
) -> Inputs:
    """Draw the inputs of the samples with the given ids.

    Sample i depends on `fold_in(key, i)` alone, not on the batch it is drawn in.

    Args:
        circuits: the circuits.
        n_active: z.
        n_layers: L, for the truth.
        sample_ids: which samples.
        key: the root key.

    Returns:
        The inputs, batch last.

    Raises:
        ValueError: unless 1 <= z <= T.
    """
    check(n_active >= 1, "n_active", "must be at least 1", n_active)
    limit = circuits.n_circuits
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)

    def one(sample):
        active_key, input_key = jax.random.split(jax.random.fold_in(key, sample))
        active = distinct_integers(limit, n_active, key=active_key)
        keys = jax.random.split(input_key, n_active)
        inputs = jax.vmap(lambda k: circuits.sample_input(key=k))(keys)
        truth = exact_channels(circuits, exact_trajectory(circuits, active, inputs, n_layers))
        return active, inputs, truth[1:]

    active, inputs, truth = jax.vmap(one)(sample_ids)
    return Inputs(active.T, inputs.transpose(2, 1, 0), truth.transpose(1, 3, 2, 0))
