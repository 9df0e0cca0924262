"""The closed forms of a given network, metric by metric, beside its measurement."""

from typing import NotRequired, TypedDict

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .. import theory
from .._types import KeyScalar
from ..allocation import Allocation
from ..circuits import (
    AbstractCircuits,
    exact_trajectory,
    MLP,
    Rotation,
    Rotation3,
    small_weights,
    Step,
)
from ..simulation import Measurement


class Row(TypedDict):
    """One line of a result: a metric of a layer, measured and predicted.

    `predicted` is the closed form without erroneous activation, `state_evolution` the theory with it
    (see `with_evolution`).
    """

    n_active: int
    layer: int
    metric: str
    value: float | None
    stderr: float | None
    predicted: float | None
    state_evolution: NotRequired[float | None]


def predict(
    circuits: AbstractCircuits, allocation: Allocation, n_active: int, n_layers: int
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return what the closed forms of the clipped construction say, by metric and layer.

    Args:
        circuits: the small circuits.
        allocation: the design, for its exact overlap rate e.
        n_active: z.
        n_layers: L.

    Returns:
        metric -> (L,); metrics without a closed form are left out.
    """
    z, e, n_circuits = n_active, allocation.overlap_rate, allocation.n_circuits
    layers = range(1, n_layers + 1)
    constant = np.ones(n_layers)
    inactive = theory.inactive_mse(z, e) * constant
    # The derived interference of the clipped mean weights, where the source has the guess T e^2.
    interference = theory.mean_interference(allocation.loads[allocation.sets])
    if isinstance(circuits, MLP):
        return _predict_mlp(circuits, z, e, interference, n_layers)
    fraction = theory.correct_active_fraction(z, allocation.redundancy, allocation.block_width)
    predicted = {
        f"frac_active_neurons_block{block}": fraction * constant for block in range(circuits.width)
    }
    predicted["mse_on_inactive"] = inactive
    if isinstance(circuits, Rotation):
        b = float(circuits.gate_bias)
        predicted["mse_on_active"] = 0 * constant
        predicted["mse_x_inactive"] = inactive
        predicted["mse_x_active"] = np.array(
            [theory.rotation_active_mse(l, n_circuits, e, z, b, interference) for l in layers]
        )
    elif isinstance(circuits, Rotation3):
        predicted["mse_x_inactive"] = inactive
    elif isinstance(circuits, Step):
        predicted["mse_on_active"] = 0 * constant
        on = np.asarray(circuits.sample_input(key=jax.random.key(0)))
        for index, power in enumerate(on**2):
            predicted[f"mse_a{index}_inactive"] = theory.inactive_mse(z, e, float(power)) * constant
    return predicted


def _predict_mlp(
    circuits: MLP, z: int, e: float, interference: float, n_layers: int, n_draws: int = 4096
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return the general forms, with their expectations taken over random circuits and inputs."""
    key, total = jax.random.key(0), circuits.n_circuits
    senders = jax.random.randint(jax.random.fold_in(key, 0), (n_draws,), 0, total)
    # Receivers differ from senders: a shift by 1..T-1.
    shift = jax.random.randint(jax.random.fold_in(key, 1), (n_draws,), 1, max(total, 2))
    receivers = (senders + shift) % total
    inputs = _draw_inputs(circuits, jax.random.fold_in(key, 2), n_draws)
    states = exact_trajectory(circuits, senders, inputs, n_layers)

    def power(matrices, vectors):
        image = jnp.einsum("bij,bj->bi", matrices, vectors, precision="highest")
        return float(jnp.mean(jnp.sum(image**2, axis=1)))

    silent = [theory.inactive_mse(z, e, float((a**2).sum(axis=1).mean())) for a in states[1:]]
    active = []
    means = circuits.mean_weights()
    for layer in range(n_layers):
        weights = small_weights(circuits, layer)
        mean = jnp.broadcast_to(means[layer if means.shape[0] > 1 else 0], weights.shape)
        powers = (
            power((weights - mean)[receivers], states[layer]),
            power(mean[senders], states[layer]),
            power(weights[senders], states[layer]),
        )
        active.append(theory.active_mse(layer + 1, total, e, z, *powers, interference))
    return {"mse_a_inactive": np.array(silent), "mse_a_active": np.array(active)}


def _draw_inputs(circuits: AbstractCircuits, key: KeyScalar, count: int):
    return jax.vmap(lambda k: circuits.sample_input(key=k))(jax.random.split(key, count))


def comparison_rows(
    measurement: Measurement, predicted: dict[str, Float[np.ndarray, " L"]], n_active: int
) -> list[Row]:
    """Join measurement and prediction; what is not finite becomes None.

    Args:
        measurement: what was measured.
        predicted: from `predict`, or empty.
        n_active: z, repeated in every row.

    Returns:
        Rows ordered by layer, then metric; worst cases come last, without standard error.
    """

    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    rows: list[Row] = []
    for layer in range(measurement.mean.shape[0]):
        for name in measurement.names + measurement.worst_names:
            averaged = name in measurement.names
            error = measurement.stderr_of(name)[layer] if averaged else np.nan
            closed = predicted.get(name)
            rows.append(
                Row(
                    n_active=n_active,
                    layer=layer + 1,
                    metric=name,
                    value=number(measurement[name][layer]),
                    stderr=number(error),
                    predicted=None if closed is None else number(closed[layer]),
                )
            )
    return rows
