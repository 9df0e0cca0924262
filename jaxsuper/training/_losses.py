"""The task losses: how far the estimated circuits are from what the small circuits compute.

| loss  | of a circuit with the errors e of its readouts                         |
|-------|------------------------------------------------------------------------|
| `mse` | |e_x|^2 + w·e_on^2                                                     |
| `l3`  | sum_i |e_x,i|^3 + w·|e_on|^3                                           |
| `l4`  | sum_i e_x,i^4 + w·e_on^4                                               |

Averaged over the z active circuits, or over all T, where an inactive circuit's target is 0; then
over the layers that are read out. w is the weight of the indicator.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._arrays import sum_of
from .._errors import check, lookup, one_of
from .._limits import check_number
from .._types import Scalar
from ..circuits import Layout
from ..network import DenseNetwork, Disturb
from ..simulation import Inputs, layer_metrics, LayerView, metric_names


_POWERS = {"mse": 2, "l3": 3, "l4": 4}
_CIRCUITS = ("active", "all")


@dataclass(frozen=True)
class Task:
    """What is asked of the network.

    Attributes:
        loss: "mse", "l3" or "l4".
        circuits: whose errors count: the "active" ones, or "all".
        indicator_weight: w, of the indicator's error beside that of the other readouts.
    """

    loss: str = "mse"
    circuits: str = "active"
    indicator_weight: float = 1.0

    def __post_init__(self):
        lookup(_POWERS, self.loss, "loss")
        one_of(_CIRCUITS, self.circuits, "circuits")
        weight = self.indicator_weight
        check_number("indicator_weight", weight)
        check(0 <= weight < float("inf"), "indicator_weight", "must be finite, at least 0", weight)


def _per_circuit(
    errors: Float[Array, "R k m B"], layout: Layout, task: Task
) -> Float[Array, "R m B"]:
    power = _POWERS[task.loss]
    terms = [
        (task.indicator_weight if name == "on" else 1.0) * jnp.abs(errors[:, channel]) ** power
        for name, channels in layout.readouts
        for channel in channels
    ]
    return sum_of(terms)


def _errors(
    estimates: Float[Array, "R k T B"], inputs: Inputs, task: Task
) -> Float[Array, "R k m B"]:
    """Return the errors of the circuits that count, an inactive one's being its estimate."""
    layers = estimates.shape[0]
    samples = jnp.arange(inputs.truth.shape[-1])[None, :]

    def layer(estimates, active, truth):
        if task.circuits == "active":
            return estimates[:, active, samples] - truth
        return estimates.at[:, active, samples].add(-truth)

    # A set that stays the same is not copied for every layer.
    constant = inputs.active.shape[0] == 1
    active = inputs.active[0] if constant else inputs.active[-layers:]
    by_layer = jax.vmap(layer, in_axes=(0, None if constant else 0, 0))
    return by_layer(estimates, active, inputs.truth[-layers:])


def sample_losses(
    network: DenseNetwork,
    inputs: Inputs,
    layout: Layout,
    task: Task,
    disturb: Disturb | None = None,
) -> Float[Array, " B"]:
    """Return the loss of each sample; nothing of size batch x circuits x neurons is made.

    Args:
        network: with embedding and readout.
        inputs: the batch.
        layout: of the circuits, for the names of their readouts.
        task: the loss.
        disturb: as of `DenseNetwork.activations`.

    Returns:
        (B,).
    """
    activations = network.activations(inputs.active_at(0), inputs.inputs, disturb)
    if task.circuits == "active":
        layers = activations.shape[0]
        estimates = network.estimates_of(activations, inputs.active[-layers:])
        errors = estimates - inputs.truth[-layers:]
    else:
        errors = _errors(network.estimates(activations), inputs, task)
    return _per_circuit(errors, layout, task).mean(axis=(0, 1))


def batch_loss(
    network: DenseNetwork,
    inputs: Inputs,
    layout: Layout,
    task: Task,
    disturb: Disturb | None = None,
) -> Scalar:
    """Return the mean loss of a batch; arguments as in `sample_losses`."""
    return sample_losses(network, inputs, layout, task, disturb).mean()


def sample_metric_names(layout: Layout) -> tuple[str, ...]:
    """Return the names of what `sample_metrics` gives: the loss and mean squared errors."""
    averaged, _ = metric_names(layout)
    return ("loss", *(name for name in averaged if name.startswith("mse_")))


def sample_metrics(
    network: DenseNetwork, inputs: Inputs, layout: Layout, task: Task
) -> Float[Array, "metrics B"]:
    """Return the loss and the mean squared errors of the last layer, sample by sample.

    Args:
        network: with embedding and readout.
        inputs: the batch.
        layout: of the circuits.
        task: the loss.

    Returns:
        In the order of `sample_metric_names`; the errors by the rule of `simulation.layer_metrics`,
        so that those of inactive circuits are NaN if there are none.
    """
    activations = network.activations(inputs.active_at(0), inputs.inputs)
    estimates = network.estimates(activations)
    losses = _per_circuit(_errors(estimates, inputs, task), layout, task).mean(axis=(0, 1))
    # Matrices have no blocks: their neurons are shown as those of a single one.
    last = network.n_layers - 1
    view = LayerView(activations[-1:], estimates[-1], inputs.active_at(last), inputs.truth[-1])
    averaged, _ = layer_metrics(layout, view)
    names, _ = metric_names(layout)
    errors = [averaged[names.index(name)] for name in sample_metric_names(layout)[1:]]
    return jnp.stack([losses, *errors])
