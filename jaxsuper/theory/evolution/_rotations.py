"""The rotations of the circuits, and what all their vectors have in common after them.

The angles of a network are quenched: the same for all inputs and in all layers. Once most circuits
fire, all vectors have a common part c, and although it meets T different rotations it does not
average out: its mean after them is Rbar c, with the mean rotation Rbar = (1/T) sum_t exp(i theta_t),
of size T^(-1/2). A neuron of load r receives r Rbar c, in every layer with the same phase.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from ..._errors import check


class Rotations(NamedTuple):
    """The rotations of the circuits that are tracked.

    Attributes:
        turn: complex (K, N), exp(i theta) of each circuit.
        mean: complex (K,), Rbar of the network that a sample belongs to.
    """

    turn: Any
    mean: Any


def phases(rng, shape):
    """Return random complex64 numbers of size 1."""
    angle = np.float32(2 * np.pi) * rng.random(shape, np.float32)
    turn = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turn.real)
    np.sin(angle, out=turn.imag)
    return turn


def turns(rng, mean):
    """Return random complex64 numbers of size 1 with the given means.

    For a uniform phase w, (w + m)/(1 + conj(m) w) has size 1 and mean m.

    Args:
        rng: a numpy generator.
        mean: complex, of any shape.
    """
    mean = np.asarray(mean, np.complex64)
    uniform = phases(rng, mean.shape)
    return (uniform + mean) / (1 + mean.conj() * uniform)


def draw_rotations(
    mean_rotation: Any, shape: tuple[int, int], T: int, L: int, rng
) -> list[Rotations]:
    """Draw the rotations of K samples with N circuits each, layer by layer.

    Args:
        mean_rotation: Rbar of a network, for all layers or (L,) for each; None for the ensemble of
            networks with uniform angles, where each sample belongs to a network of its own.
        shape: (K, N).
        T: circuits.
        L: layers.
        rng: a numpy generator.

    Returns:
        Those of layers 1..L; one and the same if all layers have the same angles.

    Raises:
        ValueError: for a mean of more than 1, or another number of them than L.
    """

    def of(mean) -> Rotations:
        return Rotations(turns(rng, np.broadcast_to(mean[:, None], shape)), mean)

    if mean_rotation is None:
        return [of(mean_rotations(rng, shape[0], T))] * L
    means = np.atleast_1d(np.asarray(mean_rotation, np.complex128))
    fits = means.shape in ((1,), (L,))
    check(fits, "mean_rotation", f"must be one number or {L}, one for each layer", means.shape)
    largest = float(np.abs(means).max())
    check(largest <= 1 + 1e-6, "mean_rotation", "must be at most 1 in size", largest)
    layers = [of(np.full(shape[0], mean)) for mean in means]
    return layers * (L // len(layers))


def mean_rotations(rng, number: int, T: int):
    """Draw the mean rotations of networks with T uniform angles: both parts have variance 1/(2T)."""
    place = (np.arange(number) + rng.random((2, number))) / number
    real, imaginary = ndtri(rng.permuted(place, axis=1)) / np.sqrt(2 * T)
    return real + 1j * imaginary
