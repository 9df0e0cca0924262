"""Circuits of one's own: the noise that their weights carry on, and the state evolution of their step.

What fires is decided by indicators alone, whatever a circuit computes: where the on-indicator is the
step of two ReLUs, density evolution (`theory.seizure`) says by layer how much of it does so by mistake.
"""

from collections.abc import Sequence
from typing import NamedTuple

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
from ...theory.seizure import density_evolution, Links, load_classes
from ._prediction import CLOSED_FORM, Form, STATE_EVOLUTION
from ._subject import loads_rate, set_loads, Subject


_ASSUMES = "no inactive circuit switches on; noise is normal and new in every layer"
_ENDS = "where inactive indicators cross the lower threshold: see state evolution"
_EVOLVED_ASSUMES = (
    "sets that share at most one neuron, independent shuffles, T large against the loads"
)
_EVOLVED_ENDS = "once most active circuits have died; it says nothing of what is computed"
_N_DRAWS = 2048
_ON_NEURONS = 2
_STEP = ("lower_threshold", "upper_threshold")


class _Sample(NamedTuple):
    """Random circuits on their own, with random inputs.

    Attributes:
        states: (L + 1, N, d), activations, the input first.
        held: (L, N, k), their channels.
        written: (L, N, d), what their weights make of the states.
        before: (L, N, d), the same with the biases.
        weights: (L, N, d, d), of the circuits.
        by_others: (L, N, d), what differences of other circuits make of the states.
        by_means: (L, N, d), what the mean weights make of them.
        others_on, means_on: (L, N, d), the part of both that comes from the two indicator neurons.
    """

    states: Float[np.ndarray, "layers N d"]
    held: Float[np.ndarray, "L N k"]
    written: Float[np.ndarray, "L N d"]
    before: Float[np.ndarray, "L N d"]
    weights: Float[np.ndarray, "L N d d"]
    by_others: Float[np.ndarray, "L N d"]
    by_means: Float[np.ndarray, "L N d"]
    others_on: Float[np.ndarray, "L N d"]
    means_on: Float[np.ndarray, "L N d"]


def own_form(subject: Subject) -> Form | None:
    """Return the closed form of circuits of one's own, None where they are not known."""
    if subject.circuits is None:
        return None
    values = _values(subject, _sample(subject, subject.circuits))
    return Form(CLOSED_FORM, values, _ASSUMES, _ENDS)


def own_evolution(subject: Subject) -> Form | None:
    """Return the state evolution of the indicators of circuits of one's own; None without the step.

    The same where indicators have neurons of their own: the rest of a circuit never drives them.
    """
    if subject.circuits is None or not has_step(subject.circuits):
        return None
    given, allocation = subject.parameters, subject.indicators or subject.allocation
    loads = load_classes(set_loads(allocation))
    links = Links.of(loads, subject.n_active, subject.inhibition, given["inhibition_factor"])
    low, high = (given[name] for name in _STEP)
    found = density_evolution(links, subject.n_layers, low, high)
    values = {"mse_on_inactive": found.inactive, "mse_on_active": found.active}
    return Form(STATE_EVOLUTION, values, _EVOLVED_ASSUMES, _EVOLVED_ENDS)


def has_step(circuits: AbstractCircuits) -> bool:
    """Return whether an on-indicator, the difference of two neurons, passes through the step."""
    first = circuits.layout.channels[0]
    on = dict(circuits.layout.readouts).get("on") == (0,)
    return on and first[:2] == (1, -1) and all(name in circuits.parameters for name in _STEP)


def _sample(subject: Subject, circuits: AbstractCircuits) -> _Sample:
    key, total, n_layers = root_key(0), circuits.n_circuits, subject.n_layers
    senders = jax.random.randint(jax.random.fold_in(key, 0), (_N_DRAWS,), 0, total)
    # Receivers differ from senders: a shift by 1..T-1.
    shift = jax.random.randint(jax.random.fold_in(key, 1), (_N_DRAWS,), 1, max(total, 2))
    receivers = (senders + shift) % total
    keys = jax.random.split(jax.random.fold_in(key, 2), _N_DRAWS)
    inputs = jax.vmap(lambda draw: circuits.sample_input(key=draw))(keys)
    trajectory = exact_trajectory(circuits, senders, inputs, n_layers)
    states = np.asarray(trajectory)

    def image(matrices, vectors):
        return np.einsum("bij,bj->bi", matrices, vectors)

    rows = []
    for layer in range(n_layers):
        matrices = np.asarray(small_weights(circuits, layer))
        mean = np.asarray(mean_matrix(circuits, layer))
        bias = np.asarray(layer_of(circuits.biases(), layer))
        own, state = matrices[senders], states[layer]
        differs, written = matrices[receivers] - mean, image(own, state)
        on = state * (np.arange(state.shape[1]) < _ON_NEURONS)
        parts = [made for seen in (state, on) for made in (image(differs, seen), seen @ mean.T)]
        rows.append((written, written + bias, own, *parts))
    held = np.asarray(exact_channels(circuits, trajectory[1:]), np.float64)
    return _Sample(states, held, *(np.stack(part) for part in zip(*rows, strict=True)))


def _values(subject: Subject, sample: _Sample) -> dict[str, Float[np.ndarray, " L"]]:
    """Return the general forms, with their expectations taken over random circuits and inputs.

    Of readouts that are neurons by themselves; indicators are exact while nothing seizes.
    """
    z, e, count = subject.n_active, subject.overlap_rate, subject.n_circuits
    layout, S = subject.layout, subject.allocation.redundancy
    interference = theory.mean_interference(set_loads(subject.allocation))
    if subject.indicators is None:
        noise = [
            theory.layer_noise(
                layer + 1,
                count,
                S,
                e,
                z,
                interference,
                sample.written[layer],
                sample.by_others[layer],
                sample.by_means[layer],
            )
            for layer in range(subject.n_layers)
        ]
    else:
        noise = _apart(subject, sample, interference)
    errors = theory.propagated_errors(sample.before, sample.weights, noise, S)
    values = {}
    for name, channels in layout.readouts:
        rows = [layout.channels[channel] for channel in channels]
        power = (sample.held[..., list(channels)] ** 2).sum(axis=-1).mean(axis=-1)
        apart = subject.indicators is not None and name == "on"
        rate = loads_rate(subject.indicators) if apart and subject.indicators else e
        values[f"mse_{name}_inactive"] = theory.inactive_mse(z, rate) * power
        neurons = [neuron for neuron in map(_neuron_of, rows) if neuron is not None]
        if len(neurons) == len(rows):
            values[f"mse_{name}_active"] = errors[:, np.array(neurons)].sum(axis=1)
        elif name == "on":
            values["mse_on_active"] = subject.constant(0.0)
    if subject.indicators is not None:
        return values
    share = theory.correct_active_fraction(z, S, subject.allocation.block_width)
    for block, on in enumerate((sample.states[1:] > 0).mean(axis=1).T):
        values[f"frac_active_neurons_block{block}"] = share * on
    return values


def _apart(subject: Subject, sample: _Sample, interference: float) -> list[theory.Noise]:
    """Return the noise of payloads whose indicators have neurons of their own; indicators have none.

    Third circuits bring payloads and indicators from sets that overlap independently, F = z T e_x
    (e_x E(dw_u y_v)^2 + e_a E(db_u alpha_v)^2), and mean weights reach payloads from either part; for that
    from indicators, J is the geometric mean of the two, as it is T e_x e_a to leading order.
    """
    own = subject.indicators
    assert own is not None
    z, e, S = subject.n_active, subject.overlap_rate, subject.allocation.redundancy
    gates = (interference * theory.mean_interference(set_loads(own))) ** 0.5
    chance, payload = (z - 1) * S * e, np.arange(subject.layout.width) >= _ON_NEURONS
    square = lambda vectors: (vectors * payload).T @ (vectors * payload) / len(vectors)
    noise = []
    for layer in range(subject.n_layers):
        others, means = sample.by_others[layer], sample.by_means[layer]
        others_on, means_on = sample.others_on[layer], sample.means_on[layer]
        third = e * square(others - others_on) + loads_rate(own) * square(others_on)
        direct = interference * square(means - means_on) + gates * square(means_on)
        fresh = z * subject.n_circuits * e * third + (z - 1) * direct
        balance = chance * means.mean(axis=0) * payload
        first = float(layer > 0)
        shared = sample.written[layer] * payload
        noise.append(theory.Noise(first * fresh, shared, chance, z - 1, first * balance))
    return noise


def _neuron_of(row: Sequence[int]) -> int | None:
    """Return the neuron that a channel is, or None if it is a combination of several."""
    there = [index for index, coefficient in enumerate(row) if coefficient]
    return there[0] if len(there) == 1 and row[there[0]] == 1 else None
