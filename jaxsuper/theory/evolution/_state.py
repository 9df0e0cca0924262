"""What a layer sends on: the state, and the response of neurons to their fields."""

from typing import Any, NamedTuple

import numpy as np

from ._placement import Placement, same_on_shared
from ._population import Population
from ._rotations import phases, Rotations


class State(NamedTuple):
    """What K samples of N = z + P circuits, the active first, send on to the next layer.

    Attributes:
        truth: complex (K, z), the vectors that the active circuits should have.
        estimate: complex (K, N), the vectors that are read out.
        placement: the neurons of the layer.
        alpha: (K, N, S'), the indicator of each indicator neuron.
        vector: complex (K, N, S), what each neuron adds to the vector that is read from it.
    """

    truth: Any
    estimate: Any
    placement: Placement
    alpha: Any
    vector: Any


class Fields(NamedTuple):
    """What reaches the neurons of a layer, and the vectors that ought to be there.

    Attributes:
        truth: complex (K, z).
        h: (K, N, S), the field that drives indicators and gates.
        g: complex (K, N, S), the rotated part.
    """

    truth: Any
    h: Any
    g: Any


METRICS = ("mse_on_active", "mse_on_inactive", "mse_x_active", "mse_x_inactive")


def start(population: Population, rng) -> tuple[Any, Any]:
    """Return (truth, estimate) of the inputs: unit vectors, embedded exactly."""
    truth = phases(rng, (population.samples, population.z))
    return truth, np.pad(truth, ((0, 0), (0, population.kept)))


def turned(placement: Placement, rotations: Rotations, truth, estimate) -> tuple[Any, Any]:
    """Rotate all circuits; return the truth and what estimates bring to a circuit's own neurons.

    Args:
        placement: the receivers.
        rotations: of the circuits.
        truth: complex (K, z), of the layer before.
        estimate: complex (K, N), of the layer before.

    Returns:
        (truth, g): complex (K, z) and (K, N, S), where g has the vector of the circuit itself and of
        the active circuits on the neuron.
    """
    z = truth.shape[1]
    own = estimate * rotations.turn
    on_neuron = np.matmul(placement.hit.astype(np.float32), own[:, None, :z, None])[..., 0]
    return truth * rotations.turn[:, :z], own[:, :, None] + on_neuron


def respond(placement: Placement, fields: Fields, lo: float, hi: float, b: float) -> State:
    """Apply the nonlinearities and read out: indicators and vectors on the same neurons."""
    h, g = (same_on_shared(placement, field) for field in (fields.h, fields.g))
    alpha = np.clip((h - lo) / (hi - lo), 0, 1)
    vector = rectified(h, g, b) - alpha * np.complex64(1 + 1j)
    return State(fields.truth, mean_of(vector), placement, alpha, vector)


def rectified(h, g, b: float):
    """Return y' = ReLU((1+b) h - b + g) of both vector neurons, as a complex number."""
    gate = (1 + b) * h - b
    output = np.empty(g.shape, g.dtype)
    np.maximum(gate + g.real, 0, out=output.real)
    np.maximum(gate + g.imag, 0, out=output.imag)
    return output


def mean_of(values):
    """Return the mean over the S neurons of each circuit: (K, N, S) to (K, N)."""
    S = values.shape[2]
    return values @ np.full(S, 1 / S, np.float32)


def errors(state: State):
    """Return the mean squared errors of a layer, sample by sample: (metric, K), as `METRICS`."""
    z, on = state.truth.shape[1], mean_of(state.alpha)
    squares = (
        (on[:, :z] - 1) ** 2,
        on[:, z:] ** 2,
        np.abs(state.estimate[:, :z] - state.truth) ** 2,
        np.abs(state.estimate[:, z:]) ** 2,
    )
    return np.stack([square.mean(1, dtype=float) for square in squares])
