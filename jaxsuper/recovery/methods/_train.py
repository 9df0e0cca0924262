"""Gradient descent of the trained methods: minibatches, a schedule, progress, and going on after a stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from ..._arrays import root_key
from ..._types import KeyScalar
from ...training import fingerprint, load_checkpoint, rate_at, save_checkpoint
from ._options import Report


# Loss of parameters on a batch, (params, batch, key, share of the steps done, settings).
Objective = Callable[[Any, Any, KeyScalar, Float[Array, ""], Any], Float[Array, ""]]
_ADAM = optax.scale_by_adam()
# Pieces of a run, between which it reports and keeps its state.
_PIECES = 20


class Run(NamedTuple):
    """What descends.

    Attributes:
        objective: what falls; a function of a module, by which programs are kept.
        settings: of it, a pytree of arrays.
        data: a pytree of arrays, samples in the last axis but one.
        steps: how many.
        learning_rate: the largest.
        batch_size: samples of a step.
        seed: of batches and of the objective's noise.
        name: for progress and the file of the state.
    """

    objective: Objective
    settings: Any
    data: Any
    steps: int
    learning_rate: float
    batch_size: int
    seed: int
    name: str


@eqx.filter_jit
def _advance(
    state: Any,
    first: Int[Array, ""],
    last: Int[Array, ""],
    course: tuple[Any, ...],
    data: Any,
    batch_size: int,
    objective: Objective,
) -> tuple[Any, Float[Array, ""]]:
    """Take steps first..last-1; return the state and the loss of the first samples."""
    key, steps, rate, settings = course
    n_samples = jax.tree.leaves(data)[0].shape[-2]

    def loss(params: Any, rows: Any, own: KeyScalar, share: Any) -> Float[Array, ""]:
        batch = jax.tree.map(lambda table: jnp.take(table, rows, axis=-2), data)
        return objective(params, batch, own, share, settings)

    def step(number: Any, state: Any) -> Any:
        params, moments = state
        own = jax.random.fold_in(key, number)
        rows = jax.random.randint(own, (batch_size,), 0, n_samples)
        share = number.astype(jnp.float32) / steps.astype(jnp.float32)
        slope = jax.grad(loss)(params, rows, jax.random.fold_in(own, 1), share)
        # optax multiplies integers by floats.
        with jax.numpy_dtype_promotion("standard"):
            updates, moments = _ADAM.update(slope, moments)
        pace = rate_at(number, steps, rate)
        params = jax.tree.map(lambda value, each: value - pace * each, params, updates)
        return params, moments

    state = jax.lax.fori_loop(first, last, step, state)
    rows = jnp.arange(batch_size) % n_samples
    return state, loss(state[0], rows, key, last.astype(jnp.float32) / steps.astype(jnp.float32))


def descend(params: Any, run: Run, report: Report, checkpoint: Path | None = None) -> Any:
    """Train parameters.

    Args:
        params: a pytree of float32 arrays.
        run: how.
        report: of steps.
        checkpoint: folder that keeps the state between pieces; a repeated run goes on from it.

    Returns:
        The parameters after the last step.

    Raises:
        ValueError: if the folder holds a state of another run.
    """
    state = params, _ADAM.init(params)
    done, curve = 0, [_point(0, 0.0)]
    file = identity = None
    if checkpoint is not None:
        file = checkpoint / f"{run.name}.state"
        told = [run.name, run.steps, float(run.learning_rate), run.batch_size, run.seed]
        identity = fingerprint((params, run.settings, run.data), {"run": told})
        kept = load_checkpoint(file, identity, state, run.steps)
        if kept is not None:
            done, curve, state = kept
    rate = jnp.asarray(run.learning_rate, jnp.float32)
    steps = jnp.asarray(run.steps, jnp.int32)
    course = (root_key(run.seed), steps, rate, run.settings)
    size = max(run.steps // _PIECES, 1)
    while done < run.steps:
        report(done, run.steps, f"steps, {run.name}")
        last = min(done + size, run.steps)
        first, end = (jnp.asarray(number, jnp.int32) for number in (done, last))
        state, loss = _advance(state, first, end, course, run.data, run.batch_size, run.objective)
        done = last
        curve.append(_point(done, float(loss)))
        if file is not None and identity is not None:
            save_checkpoint(file, identity, done, curve, state)
    report(run.steps, run.steps, f"steps, {run.name}")
    return state[0]


def _point(step: int, loss: float) -> dict[str, Any]:
    return {"step": step, "names": ["loss"], "mean": [loss], "stderr": [0.0]}
