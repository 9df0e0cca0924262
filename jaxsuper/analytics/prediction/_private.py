"""Private links: closed forms of rotations, and of any circuits by what two of them do to each other."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ... import theory
from ..._arrays import root_key
from ...circuits import AbstractCircuits, exact_trajectory
from ._prediction import CLOSED_FORM, Form
from ._subject import loads_rate, Subject


_ASSUMES = "a known active set, closed gates stay closed"
_ENDS = "where the noise on a closed neuron exceeds the gate bias b"
_OWN = "; few active circuits share a neuron or a third one's link, and their errors add"
_OWN_ENDS = ", or errors that several others cause make each other grow"
# Circuits looked at, and others that each of them meets.
_N_DRAWS, _MET = 1024, 8


def private(subject: Subject) -> Form | None:
    """Return the closed forms of rotations, or of circuits of one's own, with private links."""
    if not subject.kind:
        return None if subject.circuits is None else _own(subject, subject.circuits)
    z, count, sets = subject.n_active, subject.n_circuits, subject.allocation
    n, size, e, constant = sets.block_width, sets.redundancy, loads_rate(sets), subject.constant
    values = _indicators(subject) | {
        "mse_x_inactive": constant(z * e),
        "mse_x_active": np.array(theory.private_active_mse(subject.n_layers, count, n, size, z, e)),
    }
    assumes = f"{_ASSUMES}, open neurons do not clip noise"
    return Form(CLOSED_FORM, values, assumes, _ENDS)


def _indicators(subject: Subject) -> dict[str, Float[np.ndarray, " L"]]:
    size, e = subject.allocation.redundancy, loads_rate(subject.allocation)
    # An indicator counts open neurons, once each, like that of the published first layer.
    on = theory.inactive_first_layer_mse(subject.n_active, size, e * size**2)
    return {"mse_on_active": subject.constant(0.0), "mse_on_inactive": subject.constant(on)}


def _own(subject: Subject, circuits: AbstractCircuits) -> Form:
    """Return the forms of any circuits, with expectations over random ones and their inputs."""
    n_layers, sets = subject.n_layers, subject.allocation
    z, n, S, e = subject.n_active, sets.block_width, sets.redundancy, loads_rate(sets)
    first, second, third = _drawn(circuits.n_circuits)
    layout, every = subject.layout, lambda stack: _every_layer(stack, n_layers)
    weights = every(circuits.difference_weights())
    take = lambda ids: weights[:, ids]
    v, w = (
        theory.Active(_values(circuits, ids, number, n_layers), take(ids))
        for number, ids in enumerate((first, second))
    )
    shared = (every(circuits.mean_weights())[:, :, 0] + every(circuits.biases()))[:, 1:]
    channels = np.asarray(layout.matrix, np.float64)
    read = channels[list(layout.difference_channels)]
    found = theory.pair_errors(v, w, take(third), shared, read, S)
    by_neuron, by_link = (each.reshape(n_layers, _N_DRAWS, _MET, -1) for each in found)
    errors = theory.private_pair_mse(by_neuron, by_link, subject.n_circuits, n, S, z, e)
    values = _indicators(subject)
    held = channels[:, 0] + w.values @ channels[:, 1:].T
    for name, used in layout.readouts:
        if name == "on":
            continue
        rows = [layout.channels[channel] for channel in used]
        power = (held[..., list(used)] ** 2).sum(axis=-1).mean(axis=-1)
        values[f"mse_{name}_inactive"] = theory.inactive_mse(z, e) * power
        # The alpha among a channel's coefficients is exact.
        neurons = [row.index(1, 1) for row in rows if sorted(row[1:])[-2:] in ([0, 1], [1])]
        if len(neurons) == len(rows):
            values[f"mse_{name}_active"] = errors[:, np.array(neurons) - 1].sum(axis=1)
    return Form(CLOSED_FORM, values, _ASSUMES + _OWN, _ENDS + _OWN_ENDS)


def _every_layer(stack: Any, n_layers: int) -> np.ndarray:
    """Return a stack over one or all layers as one over all, in double precision."""
    values = np.asarray(stack, np.float64)
    return np.broadcast_to(values, (n_layers, *values.shape[1:])) if len(values) == 1 else values


def _drawn(total: int) -> tuple[Any, Any, Any]:
    """Return circuits, each several times, and two others for each; all alike if there are too few."""
    rng = np.random.default_rng(0)
    size = _N_DRAWS * _MET
    first = np.repeat(rng.integers(0, total, _N_DRAWS), _MET)
    shift = rng.integers(1, max(total, 2), size)
    other = rng.integers(1, max(total - 1, 2), size)
    other = other + (other >= shift)
    return first, (first + shift) % total, (first + other) % total


def _values(circuits: AbstractCircuits, ids: Any, number: int, n_layers: int) -> Any:
    """Return (L, N, d - 1), values of circuits on their own; the first of all meet with one input."""
    key = jax.random.fold_in(root_key(0), number)
    count = _MET if number == 0 else 1
    keys = jnp.repeat(jax.random.split(key, len(ids) // count), count)
    inputs = jax.vmap(lambda draw: circuits.sample_input(key=draw))(keys)
    states = exact_trajectory(circuits, jnp.asarray(ids), inputs, n_layers)
    return np.asarray(states[1:, :, 1:], np.float64)
