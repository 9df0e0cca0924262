"""One step of gradient descent, the same whether networks are trained alone or side by side."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from .._types import KeyScalar, Scalar
from ..circuits import AbstractCircuits
from ..network import DenseNetwork, Disturb
from ..simulation import sample_inputs
from ._losses import batch_loss, Task
from ._schedule import rate_at, Schedule


ADAM = optax.scale_by_adam()
# Folded into the key of the samples for the noise of the neurons.
_NOISE = 11


class Course(eqx.Module):
    """What the steps of a run have in common.

    Attributes:
        key: of the samples.
        steps: in all, for the learning rate.
        learning_rate: the largest.
        n_circuits: how many of the circuits count, if not all.
        noise: sigma of `noisy`, None for none.
        n_active: z.
        batch_size: samples of each step.
        task: the loss.
    """

    key: KeyScalar
    steps: Int[Array, ""]
    learning_rate: Scalar
    n_circuits: Int[Array, ""] | None
    noise: Scalar | None
    n_active: int = eqx.field(static=True)
    batch_size: int = eqx.field(static=True)
    task: Task = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        schedule: Schedule,
        task: Task,
        key: KeyScalar,
        n_circuits: Int[Array, ""] | None = None,
        noise: Scalar | None = None,
    ) -> "Course":
        """Return the course of a schedule; of no steps there is none to take."""
        return cls(
            key,
            jnp.asarray(max(schedule.steps, 1), jnp.int32),
            jnp.asarray(schedule.learning_rate, jnp.float32),
            n_circuits,
            noise,
            schedule.n_active,
            schedule.batch_size,
            task,
        )


def noisy(noise: Scalar, key: KeyScalar) -> Disturb:
    """Return what adds Gaussian noise to what reaches the neurons of a layer.

    Its standard deviation is sigma times the root mean square over the neurons of that layer, sample
    by sample: larger weights do not lift a signal out of it.

    Args:
        noise: sigma.
        key: of a batch; layers draw independently.

    Returns:
        For `DenseNetwork.activations`.
    """

    def disturb(values: Float[Array, "D B"], layer: int) -> Float[Array, "D B"]:
        drawn = jax.random.normal(jax.random.fold_in(key, layer), values.shape)
        # A root has no slope at 0, where inputs that are all 0 would be.
        size = jnp.sqrt(jnp.mean(values**2, axis=0, keepdims=True) + 1e-12)
        return values + noise * size * drawn

    return disturb


def take_step(
    state: tuple[DenseNetwork, Any],
    number: Int[Array, ""],
    fixed: DenseNetwork,
    circuits: AbstractCircuits,
    course: Course,
) -> tuple[DenseNetwork, Any]:
    """Take one step of Adam on a batch that depends on the key and the step's number alone.

    Args:
        state: what is trained, as of `split`, and the moments of `ADAM`.
        number: of the step, from 0.
        fixed: what is not trained.
        circuits: for inputs and truth.
        course: the rest.

    Returns:
        The state after the step.
    """
    free, moments = state
    ids = number * course.batch_size + jnp.arange(course.batch_size, dtype=jnp.int32)
    layers = eqx.combine(free, fixed).n_layers
    inputs = sample_inputs(
        circuits, course.n_active, layers, ids, key=course.key, n_circuits=course.n_circuits
    )
    disturb = None
    if course.noise is not None:
        of_noise = jax.random.fold_in(course.key, _NOISE)
        disturb = noisy(course.noise, jax.random.fold_in(of_noise, number))

    def loss_of(free):
        network = eqx.combine(free, fixed)
        return batch_loss(network, inputs, circuits.layout, course.task, disturb)

    slope = jax.grad(loss_of)(free)
    # optax multiplies integers by floats.
    with jax.numpy_dtype_promotion("standard"):
        direction, moments = ADAM.update(slope, moments)
    rate = rate_at(number, course.steps, course.learning_rate)
    return jax.tree.map(lambda p, u: p - rate * u, free, direction), moments
