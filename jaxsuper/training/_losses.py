"""The task losses: how far the estimated circuits are from what the small circuits compute.

| loss  | of a circuit with the errors e of its readouts                         |
|-------|------------------------------------------------------------------------|
| `mse` | |e_x|^2 + w·e_on^2                                                     |
| `l4`  | sum_i e_x,i^4 + w·e_on^4                                               |

Averaged over the z active circuits, or over all T, where an inactive circuit's target is 0; then
over the layers that are read out. w is the weight of the indicator.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._arrays import sum_of
from .._errors import check, lookup
from .._types import Scalar
from ..circuits import Layout
from ..simulation import Inputs
from ._network import TrainableNetwork


_POWERS = {"mse": 2, "l4": 4}
_CIRCUITS = {"active": None, "all": None}


@dataclass(frozen=True)
class Task:
    """What is asked of the network.

    Attributes:
        loss: "mse" or "l4".
        circuits: whose errors count: the "active" ones, or "all".
        indicator_weight: w, of the indicator's error beside that of the other readouts.
    """

    loss: str = "mse"
    circuits: str = "active"
    indicator_weight: float = 1.0

    def __post_init__(self):
        lookup(_POWERS, self.loss, "loss")
        lookup(_CIRCUITS, self.circuits, "circuits")
        weight = self.indicator_weight
        check(0 <= weight < float("inf"), "indicator_weight", "must be finite, at least 0", weight)


def _per_circuit(
    errors: Float[Array, "R k m B"], layout: Layout, task: Task
) -> Float[Array, "R m B"]:
    power = _POWERS[task.loss]
    terms = [
        (task.indicator_weight if name == "on" else 1.0) * errors[:, channel] ** power
        for name, channels in layout.readouts
        for channel in channels
    ]
    return sum_of(terms)


def all_errors(
    network: TrainableNetwork, activations: Float[Array, "R D B"], inputs: Inputs
) -> Float[Array, "R k T B"]:
    """Return the errors of all circuits; an inactive one should be estimated as 0."""
    estimates = network.estimates(activations)
    samples = jnp.arange(inputs.active.shape[1])[None, :]
    truth = inputs.truth[-estimates.shape[0] :]
    # Indices apart from slices put their axes first: (z, B, R, k).
    return estimates.at[:, :, inputs.active, samples].add(-truth)


def sample_losses(
    network: TrainableNetwork, inputs: Inputs, layout: Layout, task: Task
) -> Float[Array, " B"]:
    """Return the loss of each sample; nothing of size batch x circuits x neurons is made.

    Args:
        network: the network.
        inputs: the batch.
        layout: of the circuits, for the names of their readouts.
        task: the loss.

    Returns:
        (B,).
    """
    activations = network.activations(inputs.active, inputs.inputs)
    if task.circuits == "active":
        truth = inputs.truth[-activations.shape[0] :]
        errors = network.estimates_of(activations, inputs.active) - truth
    else:
        errors = all_errors(network, activations, inputs)
    return _per_circuit(errors, layout, task).mean(axis=(0, 1))


def batch_loss(network: TrainableNetwork, inputs: Inputs, layout: Layout, task: Task) -> Scalar:
    """Return the mean loss of a batch; arguments as in `sample_losses`."""
    return sample_losses(network, inputs, layout, task).mean()


def measured_names(layout: Layout) -> tuple[str, ...]:
    """Return the names of what `sample_measures` measures, the loss first."""
    names = [f"mse_{name}_{kind}" for name, _ in layout.readouts for kind in ("active", "inactive")]
    return ("loss", *names)


def sample_measures(
    network: TrainableNetwork, inputs: Inputs, layout: Layout, task: Task
) -> Float[Array, "metrics B"]:
    """Return the loss and the mean squared errors of the last layer, sample by sample.

    Args:
        network: the network.
        inputs: the batch.
        layout: of the circuits.
        task: the loss.

    Returns:
        In the order of `measured_names`, as `simulation` measures them; those of inactive circuits
        are 0 if there are none.
    """
    activations = network.activations(inputs.active, inputs.inputs)
    errors = all_errors(network, activations, inputs)
    samples = jnp.arange(inputs.active.shape[1])[None, :]
    ours = errors[:, :, inputs.active, samples]
    chosen = ours if task.circuits == "active" else errors
    rows = [_per_circuit(chosen, layout, task).mean(axis=(0, 1))]
    n_active, idle = inputs.active.shape[0], max(errors.shape[2] - inputs.active.shape[0], 1)
    for _, channels in layout.readouts:
        active = sum_of([ours[-1, channel] ** 2 for channel in channels]).sum(axis=0)
        everything = sum_of([errors[-1, channel] ** 2 for channel in channels]).sum(axis=0)
        rows += [active / n_active, jnp.maximum(everything - active, 0.0) / idle]
    return jnp.stack(rows)
