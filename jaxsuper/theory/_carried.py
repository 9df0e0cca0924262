"""Errors of circuits whose indicators are carried in superposition, on neurons of their own."""

from math import erfc, exp, pi, sqrt

from .._errors import check
from ._overlap import overlap_rate_lower_bound


def carried_active_mse(
    L: int, T: int, n_a: int, S_a: int, n_x: int, S_x: int, z: int, b: float
) -> list[float]:
    """Return E|dx|^2 of an active rotation with carried indicators, layers 1..L.

    e_a and e_x are the overlap rates of indicator and payload sets. What an inactive circuit reads
    of an active one is 1/S_x (x + 1) through the payload and -1/S_a through the indicator; since
    their sets differ, the offsets do not cancel. So per layer

    * through others: T e_x z (3 e_x + 2 e_a)
    * the gates' clipped sum: 2(1+b)^2 (z-1) k/((1-k) S_a S_x), k = 1 - exp(-(T S_x/n_x - 1) S_a/n_a)
      the chance that a neuron of one of the other circuits' indicators is linked to a gate
    * payload neurons shared with another active circuit: e_x (z-1) (1 + 2(1+b)^2)
    * indicator neurons shared with one: the gate gains (1+b)/S_a and the offset 1/S_a: 2 b^2 e_a (z-1)

    and in layer 1 (z-1)(3 e_x + 2 e_a). Assumes even loads, closed gates of inactive circuits and no
    clipping of noise by the ReLU; that makes it 10 to 30 % too high where gates hold, and twice
    too high at z = 5 in layer 10, where errors exceed 1. Where gates do not hold (D = 1000, T = 1700,
    b = 0.5: 3 to 7 times too low) errors feed themselves, which is outside this theory: see
    `carried_leak`. An early guess is the same as the truth for z < S_a. Not in the sources.

    Args:
        L: layers.
        T: circuits.
        n_a: indicator neurons.
        S_a: redundancy of the indicators.
        n_x: payload neurons of a block.
        S_x: redundancy of the payload.
        z: active circuits.
        b: gate bias.

    Returns:
        The mean squared norm of the error by layer.

    Raises:
        ValueError: unless L >= 1 and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(z >= 1, "z", "must be at least 1", z)
    e_a = overlap_rate_lower_bound(n_a, S_a, T)
    e_x = overlap_rate_lower_bound(n_x, S_x, T)
    leak = 3 * e_x + 2 * e_a
    k = 1 - exp(-max(T * S_x / n_x - 1, 0.0) * S_a / n_a)
    gate = 2 * (1 + b) ** 2
    others = gate * k / ((1 - k) * S_a * S_x) + e_x * (1 + gate) + 2 * b**2 * e_a
    per_layer = T * e_x * z * leak + (z - 1) * others
    return [(z - 1) * leak + layer * per_layer for layer in range(L)]


# Leaks above this share feed each other over the layers, and the closed form falls behind.
CARRIED_LEAK_LIMIT = 0.1


def carried_leak(T: int, n_a: int, S_a: int, n_x: int, S_x: int, z: int, b: float) -> float:
    """Return what closed gates let through, as a share of what inactive circuits read anyway.

    A payload neuron of inactive circuits receives from each of its r = T S_x/n_x circuits a vector
    of power v = z (3 e_x + 2 e_a) that they only believe to have, s^2 = r v/2 in all, against -b:

        leak = (2/S_x) E max(0, s g - b)^2 / v,    g standard normal.

    `carried_active_mse` leaves it out. Not in the sources.

    Args:
        T: circuits.
        n_a: indicator neurons.
        S_a: redundancy of the indicators.
        n_x: payload neurons of a block.
        S_x: redundancy of the payload.
        z: active circuits.
        b: gate bias.

    Returns:
        The share; above `CARRIED_LEAK_LIMIT` the closed form is outside its regime.

    Raises:
        ValueError: unless z >= 1.
    """
    check(z >= 1, "z", "must be at least 1", z)
    v = z * (3 * overlap_rate_lower_bound(n_x, S_x, T) + 2 * overlap_rate_lower_bound(n_a, S_a, T))
    if v <= 0:
        return 0.0
    spread = sqrt(T * S_x / n_x * v / 2)
    t = b / spread
    tail, density = erfc(t / sqrt(2)) / 2, exp(-t * t / 2) / sqrt(2 * pi)
    return 2 / S_x * spread**2 * ((1 + t * t) * tail - t * density) / v
