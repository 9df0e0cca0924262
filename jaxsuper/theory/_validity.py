"""Where the closed forms hold: idle neurons may fire, but not because of each other."""

import numpy as np

from .._errors import check
from ._interaction import disjoint_probability, distinct_hits
from ._overlap import mean_overlap_even


# |dx|^2 of the guess x = 0, the mean of a unit vector of random direction: more error is useless.
USELESS_VECTOR_ERROR = 1.0


def correct_active_fraction(z: int, S: int, n: int) -> float:
    """Return z·S/n = z·S·d/D, the share of active neurons in a block without erroneous activation.

    An upper bound: active circuits that meet share a neuron, which happens to a share of order
    z·S/n of them.
    """
    return min(z * S / n, 1.0)


def interference_parameter(T: int, d: int, D: int) -> float:
    """Return T (d/D)^2, which has to be small: the load of neurons times the density of circuits."""
    return T * (d / D) ** 2


def idle_activity(
    n: int, T: int, S: int, z: int, lo: float = 0.25, hi: float = 0.75
) -> tuple[float, int]:
    """Return what neurons send at layer 2 that no active circuit uses, and what makes them fire.

    A neuron of r = T S/n circuits, all of them inactive, is reached by k of the z S active neurons:
    each of its circuits meets each active one with probability P, at a random one of its neurons,
    and every link counts once. Its field is h = ((1+chi') k - z S chi')/S, its indicator the step of
    it. With n_0 such neurons,

        A = n_0 E alpha^2 / (z S)

    compares them with the z S neurons that should be active. Even loads, with r between integers
    interpolated. Source: notes#seizure.

    Args:
        n: block width.
        T: circuits, at least 3.
        S: redundancy.
        z: active circuits.
        lo: lower threshold of the step.
        hi: upper threshold.

    Returns:
        A, and k0, the least k that makes a neuron fire.

    Raises:
        ValueError: if T < 3, or unless z >= 1.
    """
    check(T >= 3, "T", "must be at least 3", T)
    check(z >= 1, "z", "must be at least 1", z)
    load = T * S / n
    below = np.floor(load)
    loads = np.array([below, below + 1])
    weights = np.array([below + 1 - load, load - below])
    P, k = mean_overlap_even(n, S, T), np.arange(z * S + 1)
    chances = weights @ distinct_hits(loads * z, P, z * S)[:, 0]
    # U of the inhibition: the mean number of a circuit's neurons that reach one of another's.
    linked = 1 - disjoint_probability(T, load, load)
    unwanted = (n * load**2 * n * linked - T * S**2) / (T * (T - 1.0))
    chi = unwanted / (S**2 - unwanted)
    field = ((1 + chi) * k - z * S * chi) / S
    alpha = np.clip((field - lo) / (hi - lo), 0, 1)
    idle = n * float(disjoint_probability(T, load, z))
    first = int(np.argmax(field > lo)) if (field > lo).any() else z * S + 1
    return idle * float(chances @ alpha**2) / (z * S), first


def in_working_regime(
    n: int,
    T: int,
    S: int,
    z: int,
    lo: float = 0.25,
    hi: float = 0.75,
    share: float = 0.15,
) -> bool:
    """Return whether k0·A <= share, so that idle neurons do not make others fire.

    `rotation_errors` counts what fires because of active neurons once. A neuron that fires needs k0
    links, so a share A more activity makes k0·A more of them fire, and that share of what idle
    neurons do is missed: a geometric series in k0·A over the layers. The bound falls with the size
    at constant T (d/D)^2: n grows and the tail does not.

    Args:
        n: block width.
        T: circuits.
        S: redundancy.
        z: active circuits.
        lo: lower threshold of the step.
        hi: upper threshold.
        share: the part of what idle neurons do that may be missed.

    Returns:
        Whether the closed forms hold as far as firing by mistake goes.
    """
    activity, first = idle_activity(n, T, S, z, lo, hi)
    return first * activity <= share
