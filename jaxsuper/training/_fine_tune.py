"""Gradient descent from any start, in compiled stretches between held-out measurements.

Adam with a linear warm-up over the first twentieth of the steps and a cosine decay to 0. The batch
of step s depends on the key and s alone, so that a run that was stopped goes on as if it had not.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float

from .._errors import check
from .._types import KeyScalar
from ..circuits import AbstractCircuits
from ..simulation import sample_inputs
from ._checkpoint import fingerprint, load_checkpoint, save_checkpoint
from ._losses import batch_loss, measured_names, sample_measures, Task
from ._network import split, TrainableNetwork


# What the samples of a run are for: keys folded from its key.
_PURPOSES = {"train": 0, "validation": 1, "test": 2}
_WARM_UP = 0.05


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Attributes:
        n_active: z.
        steps: of gradient descent; 0 measures the start.
        batch_size: fresh samples of each step.
        learning_rate: the largest step of Adam, in any weight.
        evaluate_every: steps between held-out measurements.
        held_out: samples of each measurement.
        trained: the arrays that are trained: embedding, weights, biases, readout; by default all but
            the readout.
    """

    n_active: int = 1
    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    evaluate_every: int = 100
    held_out: int = 2048
    trained: tuple[str, ...] = ("embedding", "weights", "biases")

    def __post_init__(self):
        for name in ("n_active", "batch_size", "evaluate_every", "held_out"):
            check(getattr(self, name) >= 1, name, "must be at least 1", getattr(self, name))
        check(self.steps >= 0, "steps", "must be at least 0", self.steps)
        # Ids of samples are 32-bit integers.
        most = (2**31 - 1) // self.batch_size
        check(self.steps <= most, "steps", f"must be at most {most} at this batch size", self.steps)
        rate = self.learning_rate
        check(0 < rate < float("inf"), "learning_rate", "must be positive and finite", rate)


@dataclass(frozen=True)
class HeldOut:
    """Measurements on samples that were not trained on.

    Attributes:
        step: after how many steps.
        names: the loss and the mean squared errors of the last layer.
        mean: (M,).
        stderr: (M,), NaN for a single sample.
    """

    step: int
    names: tuple[str, ...]
    mean: Float[np.ndarray, " M"]
    stderr: Float[np.ndarray, " M"]

    def __getitem__(self, name: str) -> float:
        """Return the mean of a metric."""
        return float(self.mean[self.names.index(name)])

    def stderr_of(self, name: str) -> float:
        """Return the standard error of a metric."""
        return float(self.stderr[self.names.index(name)])


@dataclass(frozen=True)
class Tuned:
    """A trained network and how it got there.

    Attributes:
        network: after the last step.
        curve: measurements on the validation samples, step 0 included.
        test: the trained network on the test samples.
        start: the start on the test samples.
    """

    network: TrainableNetwork
    curve: tuple[HeldOut, ...]
    test: HeldOut
    start: HeldOut


def _rate(step, steps, learning_rate):
    """Return the learning rate of a step, 0..steps-1."""
    done = step.astype(jnp.float32)
    warm = jnp.maximum(_WARM_UP * steps.astype(jnp.float32), 1.0)
    decay = 0.5 * (1 + jnp.cos(jnp.pi * done / steps.astype(jnp.float32)))
    return learning_rate * jnp.minimum((done + 1) / warm, 1.0) * decay


_ADAM = optax.scale_by_adam()


@eqx.filter_jit
def _advance(free, fixed, moments, circuits, key, first, steps, learning_rate, count, batch, setup):
    """Take `count` steps; `setup` is (z, task)."""
    n_active, task = setup
    layers = eqx.combine(free, fixed).n_layers

    def loss_of(free, inputs):
        return batch_loss(eqx.combine(free, fixed), inputs, circuits.layout, task)

    def step(state, number):
        free, moments = state
        ids = number * batch + jnp.arange(batch, dtype=jnp.int32)
        inputs = sample_inputs(circuits, n_active, layers, ids, key=key)
        slope = jax.grad(loss_of)(free, inputs)
        # optax multiplies integers by floats.
        with jax.numpy_dtype_promotion("standard"):
            direction, moments = _ADAM.update(slope, moments)
        rate = _rate(number, steps, learning_rate)
        return (jax.tree.map(lambda p, u: p - rate * u, free, direction), moments), None

    numbers = first + jnp.arange(count, dtype=jnp.int32)
    return jax.lax.scan(step, (free, moments), numbers)[0]


@eqx.filter_jit
def _measure(network, circuits, key, first, batch, setup):
    n_active, task = setup
    ids = first + jnp.arange(batch, dtype=jnp.int32)
    inputs = sample_inputs(circuits, n_active, network.n_layers, ids, key=key)
    return sample_measures(network, inputs, circuits.layout, task)


def held_out(
    network: TrainableNetwork,
    circuits: AbstractCircuits,
    task: Task,
    schedule: Schedule,
    *,
    key: KeyScalar,
    purpose: str = "test",
    step: int = 0,
) -> HeldOut:
    """Measure a network on samples that are never trained on.

    Args:
        network: the network.
        circuits: the small circuits.
        task: the loss.
        schedule: for z and the number of samples.
        key: the key of the run.
        purpose: "validation" or "test".
        step: to note with the result.

    Returns:
        Means with standard errors over samples.
    """
    from_key = jax.random.fold_in(key, _PURPOSES[purpose])
    setup, size = (schedule.n_active, task), min(schedule.batch_size, schedule.held_out)
    parts = []
    for first in range(0, schedule.held_out, size):
        start = jnp.asarray(first, jnp.int32)
        parts.append(np.asarray(_measure(network, circuits, from_key, start, size, setup)))
    # The last chunk is drawn in full, and cut, so that there is one shape to compile.
    values = np.concatenate(parts, axis=1)[:, : schedule.held_out].astype(np.float64)
    count = values.shape[1]
    error = values.std(axis=1, ddof=1) / count**0.5 if count > 1 else np.full(len(values), np.nan)
    return HeldOut(step, measured_names(circuits.layout), values.mean(axis=1), error)


def fine_tune(
    start: TrainableNetwork,
    circuits: AbstractCircuits,
    task: Task,
    schedule: Schedule,
    *,
    key: KeyScalar,
    progress: Callable[[HeldOut, int], None] | None = None,
    checkpoint: Path | None = None,
) -> Tuned:
    """Train a network on fresh samples of its circuits.

    Args:
        start: the network to start from, built or random.
        circuits: the small circuits, for inputs and truth.
        task: the loss.
        schedule: steps, batch, learning rate, held-out measurements.
        key: decides all samples; nothing else is random.
        progress: called with each measurement and the number of steps in all.
        checkpoint: a file to keep the state in; an existing one of the same run is resumed.

    Returns:
        The trained network with its curve; the same bit for bit if it was interrupted and resumed.

    Raises:
        ValueError: if z does not lie in 1..T, or for a checkpoint of another run.
    """
    limit = circuits.n_circuits
    rule = f"must lie in 1..{limit}, the number of circuits"
    check(1 <= schedule.n_active <= limit, "n_active", rule, schedule.n_active)
    check(
        start.embedding.shape[0] == limit,
        "start",
        f"must hold {limit} circuits",
        start.embedding.shape[0],
    )
    free, fixed = split(start, schedule.trained)
    moments: Any = _ADAM.init(cast(Any, free))
    plain = {"task": asdict(task), "schedule": asdict(schedule)}
    identity = fingerprint((start, circuits, key), plain) if checkpoint is not None else ""
    measured: list[HeldOut] = []
    done = 0

    def measure(network, purpose, step):
        return held_out(network, circuits, task, schedule, key=key, purpose=purpose, step=step)

    def note(now: HeldOut) -> None:
        measured.append(now)
        if progress is not None:
            progress(now, schedule.steps)

    if checkpoint is not None:
        found = load_checkpoint(checkpoint, identity, (free, moments))
        if found is not None:
            done, curve, (free, moments) = found
            for one in curve:
                note(_from_plain(one))
    if not measured:
        note(measure(start, "validation", 0))
    train = jax.random.fold_in(key, _PURPOSES["train"])
    rate = jnp.asarray(schedule.learning_rate, jnp.float32)
    total = jnp.asarray(max(schedule.steps, 1), jnp.int32)
    setup = (schedule.n_active, task)
    while done < schedule.steps:
        count = min(schedule.evaluate_every, schedule.steps - done)
        first = jnp.asarray(done, jnp.int32)
        free, moments = _advance(
            free, fixed, moments, circuits, train, first, total, rate, count,
            schedule.batch_size, setup,
        )  # fmt: skip
        done += count
        note(measure(eqx.combine(free, fixed), "validation", done))
        if checkpoint is not None:
            save_checkpoint(
                checkpoint, identity, done, [_to_plain(one) for one in measured], (free, moments)
            )
    trained = eqx.combine(free, fixed)
    test, before = measure(trained, "test", done), measure(start, "test", 0)
    return Tuned(trained, tuple(measured), test, before)


def _to_plain(one: HeldOut) -> dict[str, Any]:
    return {
        "step": one.step,
        "names": list(one.names),
        "mean": one.mean.tolist(),
        "stderr": one.stderr.tolist(),
    }


def _from_plain(one: dict[str, Any]) -> HeldOut:
    mean, stderr = np.asarray(one["mean"], np.float64), np.asarray(one["stderr"], np.float64)
    return HeldOut(one["step"], tuple(one["names"]), mean, stderr)
