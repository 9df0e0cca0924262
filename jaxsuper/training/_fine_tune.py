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

from .._errors import check
from .._types import KeyScalar
from ..circuits import AbstractCircuits
from ..network import DenseNetwork
from ..simulation import check_active
from ._checkpoint import fingerprint, load_checkpoint, save_checkpoint
from ._held_out import held_out, HeldOut, PURPOSES
from ._losses import Task
from ._parts import split
from ._schedule import Schedule
from ._step import ADAM, Course, take_step


@dataclass(frozen=True)
class Trained:
    """A trained network and how it got there.

    Attributes:
        network: after the last step.
        curve: measurements on the validation samples, step 0 included.
        test: the trained network on the test samples.
        start: the start on the test samples.
    """

    network: DenseNetwork
    curve: tuple[HeldOut, ...]
    test: HeldOut
    start: HeldOut


class Stopped(Exception):
    """Raised by a run that was asked to stop; its checkpoint has all that was done."""


@eqx.filter_jit
def _advance(state, fixed, circuits, course, first, count):
    """Take `count` steps from step `first` on."""

    def step(state, number):
        return take_step(state, number, fixed, circuits, course), None

    numbers = first + jnp.arange(count, dtype=jnp.int32)
    return jax.lax.scan(step, state, numbers)[0]


def fine_tune(
    start: DenseNetwork,
    circuits: AbstractCircuits,
    task: Task,
    schedule: Schedule,
    *,
    key: KeyScalar,
    progress: Callable[[HeldOut, int], None] | None = None,
    checkpoint: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train a network on fresh samples of its circuits.

    Args:
        start: the network to start from, built or random.
        circuits: the small circuits, for inputs and truth.
        task: the loss.
        schedule: steps, batch, learning rate, held-out measurements.
        key: decides all samples; nothing else is random.
        progress: called with each measurement and the number of steps in all.
        checkpoint: a file to keep the state in; an existing one of the same run is resumed.
        stop: asked before every stretch between two measurements.

    Returns:
        The trained network with its curve; the same bit for bit if it was interrupted and resumed.

    Raises:
        ValueError: if z does not lie in 1..T, for a start without embedding and readout or of
            another number of circuits, or for a checkpoint of another run.
        Stopped: if it was asked to stop before the last step.
    """
    check_active(schedule.n_active, circuits.n_circuits)
    held = start.ends()[0].shape[0]
    check(held == circuits.n_circuits, "start", f"must hold {circuits.n_circuits} circuits", held)
    free, fixed = split(start, schedule.trained)
    moments: Any = ADAM.init(cast(Any, free))
    settings = {"task": asdict(task), "schedule": asdict(schedule)}
    identity = fingerprint((start, circuits, key), settings) if checkpoint is not None else ""
    curve: list[HeldOut] = []
    done = 0

    def measure(network, purpose, step):
        return held_out(network, circuits, task, schedule, key=key, purpose=purpose, step=step)

    def note(measured: HeldOut) -> None:
        curve.append(measured)
        if progress is not None:
            progress(measured, schedule.steps)

    saved = None
    if checkpoint is not None:
        saved = load_checkpoint(checkpoint, identity, (free, moments), schedule.steps)
    if saved is None:
        note(measure(start, "validation", 0))
    else:
        done, plain_curve, (free, moments) = saved
        for plain in plain_curve:
            note(HeldOut.from_plain(plain))
    course = Course.of(schedule, task, jax.random.fold_in(key, PURPOSES["train"]))
    while done < schedule.steps:
        if stop():
            raise Stopped(f"{done} of {schedule.steps} steps are done")
        count = min(schedule.evaluate_every, schedule.steps - done)
        first = jnp.asarray(done, jnp.int32)
        free, moments = _advance((free, moments), fixed, circuits, course, first, count)
        done += count
        note(measure(eqx.combine(free, fixed), "validation", done))
        if checkpoint is not None:
            plain_curve = [measured.to_plain() for measured in curve]
            save_checkpoint(checkpoint, identity, done, plain_curve, (free, moments))
    network = eqx.combine(free, fixed)
    test, before = measure(network, "test", done), measure(start, "test", 0)
    return Trained(network, tuple(curve), test, before)
