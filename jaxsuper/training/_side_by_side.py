"""Networks trained side by side from random starts: one program for all, and for all numbers of circuits.

Embedding and readout of a circuit are Gaussian and, if they are not trained, know nothing of what it
computes: then all that tells one circuit from another has to stand in the weights between them.
"""

from collections.abc import Callable
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar
from ..circuits import AbstractCircuits
from ..network import DenseNetwork
from ..simulation import check_active, sample_inputs
from ._fine_tune import Stopped
from ._held_out import PURPOSES
from ._losses import sample_losses, Task
from ._parts import split
from ._schedule import Schedule
from ._step import ADAM, Course, take_step


# Of the last layer's vectors, of active circuits: what built networks are judged by.
PAYLOAD = Task("mse", "active", 0.0)


def random_network(
    circuits: AbstractCircuits, network_width: int, n_layers: int, *, key: KeyScalar
) -> DenseNetwork:
    """Return a network with random codes for its circuits and nothing written into its weights.

    Embedding and weights are Gaussian of He's variance, 2/d and 2/D, readouts of 1/D, biases 0.

    Args:
        circuits: for T, d and the channels.
        network_width: D.
        n_layers: L; the last one is read out.
        key: decides all of it.

    Returns:
        The network.
    """
    check_index("network_width", network_width)
    check_index("n_layers", n_layers)
    T, d, k = circuits.n_circuits, circuits.width, len(circuits.layout.channels)
    codes, between, read = jax.random.split(key, 3)
    D = network_width
    return DenseNetwork(
        weights=jax.random.normal(between, (n_layers - 1, D, D)) * (2 / D) ** 0.5,
        biases=jnp.zeros((n_layers, D)),
        embedding=jax.random.normal(codes, (T, D, d)) * (2 / d) ** 0.5,
        readout=jax.random.normal(read, (1, k, T, D)) / D**0.5,
    )


@eqx.filter_jit
def _advance(states, fixed, circuits, courses, first, count):
    """Take `count` steps with every network."""

    def alone(state, fixed, circuits, course):
        body = lambda i, state: take_step(state, first + i, fixed, circuits, course)
        return jax.lax.fori_loop(jnp.zeros((), jnp.int32), count, body, state)

    return eqx.filter_vmap(alone)(states, fixed, circuits, courses)


@eqx.filter_jit
def _measure(networks, circuits, courses, keys, batches):
    """Return the payload's error of every network, (N, batches)."""

    def alone(network, circuits, course, key):
        def batch(number):
            ids = number * course.batch_size + jnp.arange(course.batch_size, dtype=jnp.int32)
            inputs = sample_inputs(
                circuits, course.n_active, network.n_layers, ids,
                key=key, n_circuits=course.n_circuits,
            )  # fmt: skip
            return sample_losses(network, inputs, circuits.layout, PAYLOAD).mean()

        return jax.lax.map(batch, jnp.arange(batches, dtype=jnp.int32))

    return eqx.filter_vmap(alone)(networks, circuits, courses, keys)


def train_side_by_side(
    starts: DenseNetwork,
    circuits: AbstractCircuits,
    task: Task,
    schedule: Schedule,
    *,
    keys: Any,
    counts: Int[np.ndarray, " N"] | None = None,
    noise: Float[np.ndarray, " N"] | None = None,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[DenseNetwork, Float[np.ndarray, " N"]]:
    """Train N networks of one shape, each on circuits and samples of its own.

    Args:
        starts: stacked, (N, ...) in every array.
        circuits: stacked, with room for the most circuits.
        task: the loss.
        schedule: the same for all; steps and learning rate do not compile anew, and
            `evaluate_every` steps are taken between two calls of `progress`.
        keys: (N,), of the samples.
        counts: how many of the circuits count in each network; all if left out.
        noise: sigma of `noisy` in each network; none if left out.
        progress: called with steps done and steps in all.
        stop: asked as often.

    Returns:
        (the trained networks, the mean of |x_est - x|^2 over active circuits of held-out samples,
        without noise).

    Raises:
        ValueError: for more active circuits than there are, or losses over all circuits of which not
            all count.
        Stopped: if it was asked to stop.
    """
    fewest = circuits_in(circuits) if counts is None else int(counts.min())
    check_active(schedule.n_active, fewest)
    whole = counts is None or task.circuits == "active"
    check(whole, "counts", "must be left out for a loss over all circuits", "some")
    n_networks = starts.biases.shape[0]
    free, fixed = split(starts, schedule.trained)
    moments: Any = jax.vmap(ADAM.init)(cast(Any, free))
    course = Course.of(schedule, task, jax.random.key(0))
    each = lambda value: jnp.broadcast_to(value, (n_networks, *value.shape))
    fold = lambda purpose: jax.vmap(lambda key: jax.random.fold_in(key, PURPOSES[purpose]))(keys)
    courses = eqx.tree_at(
        lambda course: (course.key, course.steps, course.learning_rate),
        course,
        (fold("train"), each(course.steps), each(course.learning_rate)),
    )
    given = (_as_array(counts, jnp.int32), _as_array(noise, jnp.float32))
    courses = eqx.tree_at(
        lambda course: (course.n_circuits, course.noise), courses, given, is_leaf=_is_none
    )
    state = free, moments
    for first in range(0, schedule.steps, schedule.evaluate_every):
        if stop():
            raise Stopped(f"{first} of {schedule.steps} steps are done")
        count = min(schedule.evaluate_every, schedule.steps - first)
        number = [jnp.asarray(value, jnp.int32) for value in (first, count)]
        state = _advance(state, fixed, circuits, courses, *number)
        jax.block_until_ready(state)
        if progress is not None:
            progress(first + count, schedule.steps)
    networks = eqx.combine(state[0], fixed)
    batches = max(schedule.held_out // schedule.batch_size, 1)
    found = _measure(networks, circuits, courses, fold("test"), batches)
    return networks, np.asarray(found, np.float64).mean(1)


def circuits_in(circuits: AbstractCircuits) -> int:
    """Return T of stacked circuits."""
    weights = eqx.filter_vmap(lambda one: one.difference_weights())
    return eqx.filter_eval_shape(weights, circuits).shape[-3]


def _as_array(values: Any, kind: Any) -> Array | None:
    return None if values is None else jnp.asarray(values, kind)


def _is_none(value: Any) -> bool:
    return value is None
