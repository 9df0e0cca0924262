"""The clipped construction and its oracle: closed forms, and state evolution of the clipped one."""

import jax
import numpy as np
from jaxtyping import Float

from ... import theory
from ..._arrays import root_key
from ...circuits import (
    AbstractCircuits,
    exact_channels,
    exact_trajectory,
    layer_of,
    mean_matrix,
    small_weights,
)
from ._prediction import CLOSED_FORM, Form, PUBLISHED, STATE_EVOLUTION
from ._subject import set_loads, Subject


_ASSUMES = "no inactive circuit switches on; active circuits do not amplify errors"
_ANY_ASSUMES = "no inactive circuit switches on; noise is normal and new in every layer"
_ENDS = "where inactive indicators cross the lower threshold: see state evolution"
_ROTATION_ASSUMES = "idle neurons fire because of active ones alone; active indicators stay 1"
_ROTATION_ENDS = "where idle neurons make others fire: see `theory.in_working_regime`"
_N_DRAWS = 2048
_LEVELS = {"levels2": 2, "levels4": 4, "levels8": 8}


def clipped(subject: Subject) -> Form | None:
    """Return the closed forms of the clipped weights, for any circuits."""
    if not subject.kind:
        circuits = subject.circuits
        values = None if circuits is None else _any_circuits(subject, circuits)
        return None if values is None else Form(CLOSED_FORM, values, _ANY_ASSUMES, _ENDS)
    if subject.kind == "rotation":
        return Form(CLOSED_FORM, _rotations(subject), _ROTATION_ASSUMES, _ROTATION_ENDS)
    return Form(CLOSED_FORM, _named_circuits(subject), _ASSUMES, _ENDS)


def _rotations(subject: Subject) -> dict[str, Float[np.ndarray, " L"]]:
    errors = theory.rotation_errors(
        set_loads(subject.allocation),
        subject.n_active,
        subject.n_layers,
        subject.parameters["lower_threshold"],
        subject.parameters["upper_threshold"],
        subject.parameters["gate_bias"],
        rectified=subject.construction != "oracle",
        overlap_rate=subject.overlap_rate,
    )
    return _named_circuits(subject) | {name: np.array(v) for name, v in errors.items()}


def _named_circuits(subject: Subject) -> dict[str, Float[np.ndarray, " L"]]:
    z, e, constant = subject.n_active, subject.overlap_rate, subject.constant
    allocation = subject.allocation
    share = theory.correct_active_fraction(z, allocation.redundancy, allocation.block_width)
    # Which stairs are on depends on the level; the indicator's blocks do not.
    blocks = 2 if subject.kind in _LEVELS else subject.layout.width
    values = {f"frac_active_neurons_block{block}": constant(share) for block in range(blocks)}
    values["mse_on_inactive"] = constant(theory.inactive_mse(z, e))
    if subject.kind in _LEVELS and z == 1 and subject.construction != "oracle":
        sizes = allocation.redundancy, allocation.n_circuits, allocation.block_width
        values["mse_x_active"] = theory.level_errors(
            _LEVELS[subject.kind], *sizes, subject.n_layers, e
        )
    if subject.kind in ("rotation", "step", *_LEVELS):
        values["mse_on_active"] = constant(0.0)
    if subject.kind == "rotation3":
        values["mse_x_inactive"] = constant(theory.inactive_mse(z, e))
    if subject.kind == "step":
        # An active step holds 1 / (hi - lo) times what its input exceeds a threshold by.
        low, high = (subject.parameters[f"{end}_threshold"] for end in ("lower", "upper"))
        for index, held in enumerate(((1 - low) / (high - low), (1 - high) / (high - low))):
            power = theory.inactive_mse(z, e, held**2)
            values[f"mse_a{index}_inactive"] = constant(power)
    return values


def _any_circuits(
    subject: Subject, circuits: AbstractCircuits
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return the general forms, with their expectations taken over random circuits and inputs.

    Of readouts that are neurons by themselves; indicators are exact while nothing seizes.
    """
    key, total, n_layers = root_key(0), circuits.n_circuits, subject.n_layers
    senders = jax.random.randint(jax.random.fold_in(key, 0), (_N_DRAWS,), 0, total)
    # Receivers differ from senders: a shift by 1..T-1.
    shift = jax.random.randint(jax.random.fold_in(key, 1), (_N_DRAWS,), 1, max(total, 2))
    receivers = (senders + shift) % total
    keys = jax.random.split(jax.random.fold_in(key, 2), _N_DRAWS)
    inputs = jax.vmap(lambda draw: circuits.sample_input(key=draw))(keys)
    trajectory = exact_trajectory(circuits, senders, inputs, n_layers)
    states = np.asarray(trajectory)
    z, e, count = subject.n_active, subject.overlap_rate, subject.n_circuits
    loads = set_loads(subject.allocation)
    interference = theory.mean_interference(loads)
    layout, S = subject.layout, subject.allocation.redundancy

    def image(matrices, vectors):
        return np.einsum("bij,bj->bi", matrices, vectors)

    before, weights, noise = [], [], []
    for layer in range(n_layers):
        matrices = np.asarray(small_weights(circuits, layer))
        mean = np.asarray(mean_matrix(circuits, layer))
        bias = np.asarray(layer_of(circuits.biases(), layer))
        own = image(matrices[senders], states[layer])
        written = (
            own,
            image(matrices[receivers] - mean, states[layer]),
            states[layer] @ mean.T,
        )
        noise.append(theory.layer_noise(layer + 1, count, S, e, z, interference, *written))
        before.append(own + bias)
        weights.append(matrices[senders])
    errors = theory.propagated_errors(np.stack(before), np.stack(weights), noise, S)
    values, held = {}, np.asarray(exact_channels(circuits, trajectory[1:]))
    for name, channels in layout.readouts:
        rows = [layout.channels[channel] for channel in channels]
        power = (held[..., list(channels)] ** 2).sum(axis=-1).mean(axis=-1)
        values[f"mse_{name}_inactive"] = theory.inactive_mse(z, e) * power
        neurons = [neuron for neuron in map(_neuron_of, rows) if neuron is not None]
        if len(neurons) == len(rows):
            values[f"mse_{name}_active"] = errors[:, np.array(neurons)].sum(axis=1)
        elif name == "on":
            values["mse_on_active"] = subject.constant(0.0)
    share = theory.correct_active_fraction(z, S, subject.allocation.block_width)
    for block, on in enumerate((states[1:] > 0).mean(axis=1).T):
        values[f"frac_active_neurons_block{block}"] = share * on
    return values


def _neuron_of(row: tuple[int, ...]) -> int | None:
    """Return the neuron that a channel is, or None if it is a combination of several."""
    there = [index for index, coefficient in enumerate(row) if coefficient]
    return there[0] if len(there) == 1 and row[there[0]] == 1 else None


def as_published(subject: Subject) -> Form | None:
    """Return the published closed forms, where they were stated: rotations (d = 4) with b = 1."""
    if subject.kind != "rotation" or subject.parameters["gate_bias"] != 1:
        return None
    sets = subject.allocation
    width = subject.layout.width * sets.block_width
    errors = theory.rotation_errors_published(
        width, sets.n_circuits, sets.redundancy, subject.n_active, subject.n_layers
    )
    share = theory.correct_active_fraction(subject.n_active, sets.redundancy, sets.block_width)
    values = {name: np.array(each) for name, each in errors.items()} | {
        f"frac_active_neurons_block{block}": subject.constant(share)
        for block in range(subject.layout.width)
    }
    assumes = "rho for the overlap rate, T rho^2 for what mean weights do; nothing fires by mistake"
    return Form(
        PUBLISHED, values, assumes, "where the closed form, which corrects it, says something else"
    )


def clipped_evolution(subject: Subject) -> Form | None:
    """Return the state evolution of rotations (d = 4) with clipped weights, collapse included."""
    if subject.kind != "rotation":
        return None
    values = theory.state_evolution(
        set_loads(subject.allocation),
        subject.allocation.block_width,
        subject.n_active,
        subject.n_layers,
        lo=subject.parameters["lower_threshold"],
        hi=subject.parameters["upper_threshold"],
        b=subject.parameters["gate_bias"],
        chi_factor=subject.parameters["inhibition_factor"],
        inhibition=subject.inhibition,
        mean_rotation=subject.mean_rotation,
    )
    assumes = "sets that share at most one neuron, independent shuffles, T large against the loads"
    ends = "where single networks differ: by a third in layer 6 at the published size"
    return Form(STATE_EVOLUTION, dict(values), assumes, ends, values.stderr, values.network_sd)
