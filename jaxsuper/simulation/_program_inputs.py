"""Inputs of programs: which circuits start a sample, and which are on in every layer after."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from .._errors import check
from .._types import KeyScalar
from ..circuits import AbstractCircuits
from ..programs import all_weights, Edges, exact_program


# Draws of a sample's inputs before one is taken in which a value lies within a branch's margin: nine
# in ten that do leave none of a billion samples undecided.
_TRIES = 200


def check_groups(edges: Edges | None, n_active: int) -> None:
    """Raise a `ValueError` unless so many groups of circuits can start at once."""
    if edges is None:
        return
    # Padded ones are checked before they are padded.
    groups = edges.entries.shape[0]
    rule = f"must be at most {groups}, the groups of circuits that can start together"
    check(n_active <= groups, "n_active", rule, n_active)
    rule = "must be 1 for edges whose groups of inputs share circuits"
    check(n_active == 1 or not edges.alone, "n_active", rule, n_active)


def circuits_on(active: Int[Array, "slots B"], n_circuits: int) -> Int[Array, " B"]:
    """Return how many circuits of a layer are on in each sample."""
    return jnp.sum(active < n_circuits, axis=0)


def start_groups(
    circuits: AbstractCircuits,
    edges: Edges,
    weights: Array,
    groups: Int[Array, " z"],
    keys: Array,
) -> tuple[Array, Array, Array]:
    """Draw the inputs of a sample, and run its circuits alone.

    Args:
        circuits: T circuits.
        edges: between them.
        weights: of `all_weights`.
        groups: which groups start; those there are not start nothing.
        keys: one for each.

    Returns:
        Active circuits (L, slots), inputs (slots, d) and truth (L, k, slots); NaN if more circuits
        were on than there are slots for.
    """
    none, each = edges.n_circuits, edges.entries.shape[1]
    slots = len(groups) * edges.width
    starting = jnp.asarray(edges.entries).at[groups].get(mode="fill", fill_value=none).reshape(-1)
    # Those that there are come first, as they do in every layer.
    order = jnp.argsort(starting == none, stable=True)
    active = starting[order]

    def draw(attempt):
        if each == 1 and not edges.deciding:
            # The same as without edges.
            inputs = jax.vmap(lambda key: circuits.sample_input(key=key))(keys)
        else:
            numbers = attempt * each + jnp.arange(each)
            one = lambda key, number: circuits.sample_input(key=jax.random.fold_in(key, number))
            several = jax.vmap(one, in_axes=(None, 0))
            inputs = jax.vmap(several, in_axes=(0, None))(keys, numbers)
            inputs = inputs.reshape(-1, circuits.width)
        inputs = jnp.where((active < none)[:, None], inputs[order], 0.0)
        return inputs, exact_program(circuits, edges, weights, active, inputs, slots)

    if edges.deciding:
        # All draws are those of the loop, which is compiled once.
        open_ = lambda state: state[2].undecided & (state[0] < _TRIES)
        again = lambda state: (state[0] + 1, *draw(state[0]))
        shapes = jax.eval_shape(draw, jnp.int32(0))
        inputs, reference = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        start = jnp.int32(0), inputs, reference._replace(undecided=jnp.asarray(True))
        _, inputs, reference = jax.lax.while_loop(open_, again, start)
    else:
        inputs, reference = draw(jnp.int32(0))
    inputs = jnp.pad(inputs, ((0, slots - len(active)), (0, 0)))
    channels = jnp.where(reference.most > slots, jnp.nan, reference.channels)
    return reference.active, inputs, channels


def group_sampler(
    circuits: AbstractCircuits,
    edges: Edges,
    counted: Int[Array | np.ndarray, ""] | None,
    key: KeyScalar,
):
    """Return what draws a sample from its words: groups by the first, inputs by the others.

    Args:
        circuits: T circuits.
        edges: between them.
        counted: how many groups start, if fewer than there are words for.
        key: of the samples, for the kind of generator.
    """
    weights, impl = all_weights(circuits, edges), jax.random.key_impl(key)

    def one(words, groups):
        keys = jax.random.wrap_key_data(words, impl=impl)
        if counted is not None:
            nothing = edges.entries.shape[0]
            groups = jnp.where(jnp.arange(len(groups)) < counted, groups, nothing)
        return start_groups(circuits, edges, weights, groups, keys)

    return one
