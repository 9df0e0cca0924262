"""Measurements of a network on samples that it is never trained on."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._types import KeyScalar
from ..circuits import AbstractCircuits
from ..network import DenseNetwork
from ..simulation import sample_inputs
from ._losses import sample_metric_names, sample_metrics, Task
from ._schedule import Schedule


# What the samples of a run are for: keys folded from its key.
PURPOSES = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class HeldOut:
    """Measurements on samples that were not trained on.

    Attributes:
        step: after how many steps.
        names: the loss and the mean squared errors of the last layer.
        mean: (M,); those over inactive circuits are NaN if all circuits are active.
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

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that `from_plain` reads."""
        return {
            "step": self.step,
            "names": list(self.names),
            "mean": self.mean.tolist(),
            "stderr": self.stderr.tolist(),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "HeldOut":
        """Return what `to_plain` turned into plain data."""
        mean, stderr = (np.asarray(plain[name], np.float64) for name in ("mean", "stderr"))
        return cls(plain["step"], tuple(plain["names"]), mean, stderr)


@eqx.filter_jit
def _measure(network, circuits, key, first, batch, n_active, task):
    ids = first + jnp.arange(batch, dtype=jnp.int32)
    inputs = sample_inputs(circuits, n_active, network.n_layers, ids, key=key)
    return sample_metrics(network, inputs, circuits.layout, task)


def held_out(
    network: DenseNetwork,
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
        network: built or trained.
        circuits: the small circuits, for inputs and truth.
        task: the loss.
        schedule: for z and the number of samples.
        key: the key of the run.
        purpose: "validation" or "test".
        step: to note with the result.

    Returns:
        Means with standard errors over samples.
    """
    of_purpose = jax.random.fold_in(key, PURPOSES[purpose])
    size = min(schedule.batch_size, schedule.held_out)
    chunks = []
    for first in range(0, schedule.held_out, size):
        id_of_first = jnp.asarray(first, jnp.int32)
        chunk = _measure(network, circuits, of_purpose, id_of_first, size, schedule.n_active, task)
        chunks.append(np.asarray(chunk))
    # The last chunk is drawn in full, and cut, so that there is one shape to compile.
    values = np.concatenate(chunks, axis=1)[:, : schedule.held_out].astype(np.float64)
    count = values.shape[1]
    stderr = values.std(axis=1, ddof=1) / count**0.5 if count > 1 else np.full(len(values), np.nan)
    return HeldOut(step, sample_metric_names(circuits.layout), values.mean(axis=1), stderr)
