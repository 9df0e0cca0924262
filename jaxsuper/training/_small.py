"""Small networks trained on tasks of their own, all at once, on request against noise."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_index, check_single
from .._types import KeyScalar
from ..circuits import signed as split_signs
from ._schedule import rate_at
from ._step import ADAM


# Noise is drawn anew this often for each input of a step.
_DRAWS = 4


class SmallNetworks(NamedTuple):
    """T trained networks.

    Attributes:
        layers: (W, b) of layers 1..L, for `Guarded.from_layers` and `MLP.from_layers`.
        losses: (T,), mean squared error of the outputs, without noise.
    """

    layers: list[tuple[Array, Array]]
    losses: Float[np.ndarray, " T"]


def _run(layers, inputs, last_is_linear, noise=None):
    """Return the outputs of one network; `noise` has a value to add to every neuron of every layer."""
    values = inputs
    for number, (weights, biases) in enumerate(layers):
        values = jnp.matmul(values, weights.T, precision="highest") + biases[None]
        values = values if noise is None else values + noise[number]
        if not (last_is_linear and number == len(layers) - 1):
            values = jax.nn.relu(values)
    return values


@eqx.filter_jit
def _train(inputs, targets, widths, course, last_is_linear, keys):
    """Train a network for each key and row of targets; return layers and losses."""
    steps, rate, noise, decay = course

    def start(key):
        reads, layers = inputs.shape[1], []
        for width, own in zip(widths, jax.random.split(key, len(widths)), strict=True):
            weights = jax.random.normal(own, (width, reads)) * (2 / reads) ** 0.5
            # Above 0, so that few neurons are dead from the start.
            layers.append((weights, jnp.full(width, 0.1)))
            reads = width
        return layers

    def loss(layers, target, key):
        shapes = [(_DRAWS, len(inputs), width) for width in widths]
        drawn = [
            noise * jax.random.normal(jax.random.fold_in(key, number), shape)
            for number, shape in enumerate(shapes)
        ]
        # Linear outputs, that none is dead; the ReLU to come cuts only what is wrong.
        outputs = jax.vmap(lambda *each: _run(layers, inputs, True, each))(*drawn)
        penalty = sum(jnp.sum(weights**2) for weights, _ in layers)
        return jnp.mean((outputs - target[None]) ** 2) + decay * penalty

    def one(key, target):
        layers = start(key)

        def step(number, state):
            layers, moments = state
            slope = jax.grad(loss)(layers, target, jax.random.fold_in(key, number))
            # optax multiplies integers by floats.
            with jax.numpy_dtype_promotion("standard"):
                updates, moments = ADAM.update(slope, moments)
            pace = rate_at(number, steps, rate)
            layers = jax.tree.map(lambda value, each: value - pace * each, layers, updates)
            return layers, moments

        layers, _ = jax.lax.fori_loop(0, steps, step, (layers, ADAM.init(layers)))
        outputs = _run(layers, inputs, last_is_linear)
        return layers, jnp.mean((outputs - target) ** 2)

    return jax.vmap(one)(keys, targets)


def train_small(
    inputs: Any,
    targets: Any,
    hidden: Sequence[int] = (6,),
    *,
    key: KeyScalar,
    noise: float | int = 0.0,
    steps: int = 3000,
    learning_rate: float | int = 0.02,
    weight_decay: float | int = 1e-5,
    restarts: int = 4,
    signed: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SmallNetworks:
    """Train T small ReLU networks by Adam, each on targets of its own.

    Args:
        inputs: (N, i), of which each row is as likely.
        targets: (T, N, o), or (N, o) for a single network.
        hidden: neurons of the layers before the outputs.
        key: for starts and noise.
        noise: standard deviation of what is added to every neuron before its ReLU, in every step
            anew: of the size that the large network's noise has, it makes robust circuits.
        steps: of gradient descent, on all inputs.
        learning_rate: the largest; it warms up and decays.
        weight_decay: a factor of the sum of squared weights in the loss.
        restarts: networks for each task, of which the best is kept.
        signed: whether outputs may be negative; they come in two parts then, see `circuits.signed`.
        progress: called with restarts done and restarts in all.

    Returns:
        The networks.

    Raises:
        ValueError: for shapes that do not fit, or targets below 0 unless `signed`.
    """
    table, wanted = jnp.asarray(inputs, jnp.float32), jnp.asarray(targets, jnp.float32)
    wanted = wanted[None] if wanted.ndim == 2 else wanted
    check(table.ndim == 2 and table.size > 0, "inputs", "must have shape (N, i)", table.shape)
    fits = wanted.ndim == 3 and wanted.shape[1] == len(table) and wanted.size > 0
    check(fits, "targets", f"must have shape (T, {len(table)}, o)", wanted.shape)
    lowest = float(wanted.min())
    check(signed or lowest >= 0, "targets", "must not be negative", lowest, "pass signed=True")
    for width in hidden:
        check_index("hidden", width)
    check_index("steps", steps)
    check_index("restarts", restarts)
    for name, value in (("noise", noise), ("weight_decay", weight_decay)):
        check_single(name, value)
        check(value >= 0, name, "must not be negative", value)
    widths = (*hidden, wanted.shape[2])
    numbers = [jnp.asarray(v, jnp.float32) for v in (learning_rate, noise, weight_decay)]
    course = (jnp.asarray(steps, jnp.int32), *numbers)
    best: Any = None
    for number in range(restarts):
        keys = jax.random.split(jax.random.fold_in(key, number), len(wanted))
        found = _train(table, wanted, widths, course, signed, keys)
        best = found if best is None else _better(best, found)
        if progress is not None:
            progress(number + 1, restarts)
    layers, losses = best
    pairs = split_signs(layers) if signed else layers
    return SmallNetworks([(weights, biases) for weights, biases in pairs], np.asarray(losses))


def _better(one, other):
    """Return the networks of both with the smaller loss, task by task."""
    first = one[1] <= other[1]
    choose = lambda a, b: jnp.where(first.reshape(-1, *[1] * (a.ndim - 1)), a, b)
    return jax.tree.map(choose, one, other)
