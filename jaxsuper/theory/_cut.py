"""What the ReLU makes of noise on open neurons: it cuts y = 1 + x + noise at 0.

A unit vector x of random direction is close to -1 in one of its components half of the time, where
noise below -(1 + x) is cut. The noise of a neuron is a mixture, given the number of links that bring
it, of normal distributions; a circuit reads the mean of S neurons, which have its error in common.
"""

from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np


# Nodes of the midpoint rule over directions and of Gauss-Hermite over the common error: twice as many
# change results by less than a thousandth.
_DIRECTIONS = np.cos((np.arange(24) + 0.5) * pi / 24)
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(12)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# Less noise than this counts as none.
LEAST_SD = 1e-12
# A vector as short as this has no direction.
_SMALL = 1e-12


class Open(NamedTuple):
    """The noise of one component on an open neuron, a mixture of K normal distributions.

    Attributes:
        chances: (K,), of each.
        mean: (K,), what gates add.
        sd: (K,), of what a neuron has for itself.
        alpha: (K,), the indicator, taken off what the neuron holds.
        common: variance of what the neurons of a circuit have in common, besides its error.
    """

    chances: Any
    mean: Any
    sd: Any
    alpha: Any
    common: float


def rectified_moments(mean, sd):
    """Return E max(0, mean + sd g) and its square's mean, g standard normal, elementwise."""
    # Takes a sixth of a second to load, which nothing else here needs.
    from scipy.special import ndtr

    t = mean / np.maximum(sd, LEAST_SD)
    tail, density = ndtr(t), np.exp(-t * t / 2) / sqrt(2 * pi)
    return mean * tail + sd * density, (mean**2 + sd**2) * tail + mean * sd * density


def cut(
    neuron: Open,
    S: int,
    error: float,
    rho: float,
    shared: float | tuple[float, float],
    gain: float,
    offset: float = 0.0,
    power: float = 1.0,
) -> tuple[float, float, float]:
    """Return the error of a circuit behind the ReLU, what a neuron holds, and the mean error along x.

    A component of a neuron holds max(0, 1 + (1-rho) u + noise) for 1 + u, u = cos of a uniform angle.
    With m and s the mean and mean square of its error given u and what its circuit has in common,

        E = 2 < m^2 + (s - m^2)/S >,      rho' = -2 < u m >.

    The circuit's error so far is normal around -rho x: a cut is outward along x, later cuts find less.

    Args:
        neuron: its noise, but for what another active circuit on the very neuron brings.
        S: neurons of a circuit.
        error: E of the layer before.
        rho: of the layer before.
        shared: the chance of another active circuit on the neuron, that brings x + gain (1, 1), which
            the ReLU does not cut; and the power of vectors alone that others bring, times their chance.
        gain: see `shared`.
        offset: added to both components behind the ReLU.
        power: |x|^2.

    Returns:
        E, E|y - alpha (1, 1)|^2 of a neuron that no other active circuit uses, and rho'.
    """
    met, beside = shared if isinstance(shared, tuple) else (shared, 0.0)
    spread = sqrt(max(error - rho**2 * power, 0.0) / 2 + neuron.common)
    # Axes: mixture, direction, common error.
    mean, sd, alpha = (each[:, None, None] for each in (neuron.mean, neuron.sd, neuron.alpha))
    u = sqrt(power) * _DIRECTIONS[:, None]
    first, second = rectified_moments(1 + (1 - rho) * u + spread * _NODES + mean, sd)
    over = lambda values: np.tensordot(neuron.chances, values, 1)
    average = lambda values: float((values @ _WEIGHTS).mean())
    held = 2 * average(over(second - 2 * alpha * first + alpha**2))
    true = alpha + u
    m, s = over(first - true), over(second - 2 * true * first + true**2)
    shrunk = -2 * average(u * m) / max(power, _SMALL)
    s = s + met * (gain**2 + (power + error) / 2 + 2 * gain * m) + beside / 2
    m = m + met * gain
    s, m = s + offset**2 + 2 * offset * m, m + offset
    return 2 * average(m**2 + (s - m**2) / S), held, shrunk
