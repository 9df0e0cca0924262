"""Where the closed forms hold: idle neurons may fire, but not because of each other."""

from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._chances import disjoint_probability, distinct_hits
from ._interaction import Received, received_by


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


class IdleNeurons(NamedTuple):
    """Neurons that no active circuit uses, and the links that reach them, by class of load.

    Attributes:
        number: (C,), how many.
        chances: (C, z S + 1), of k distinct links from the neurons of active circuits.
        field: (z S + 1,), h = ((1+chi') k - z S chi')/S.
    """

    number: Any
    chances: Any
    field: Any


def idle_neurons(links: Received, z: int, after: int | None = None) -> IdleNeurons:
    """Return the idle neurons and what reaches them of z active circuits.

    Each of a neuron's r circuits meets each active one with probability P = S^2 e, at a random one of
    its neurons, and every link counts once. With edges it is the sources of the r edges into its
    circuits.

    Args:
        links: see `Received`.
        z: active circuits of the layer before.
        after: of this layer, of those that are fed; z if left out.
    """
    T, S, loads = links.n_fed, links.redundancy, links.loads
    edges = np.round(loads - 1 + links.fan_in)
    chances = distinct_hits(edges * z, S**2 * links.overlap_rate, z * S)[:, 0]
    carried = 1 + (loads - 1) / links.fan_in
    idle = disjoint_probability(T, carried, z if after is None else min(after, T))
    number = links.share * S * T / carried * idle
    field = (1 + links.chi) * np.arange(z * S + 1) / S - z * links.chi
    return IdleNeurons(number, chances, field)


def idle_activity(set_loads, z: int, lo: float = 0.25, hi: float = 0.75) -> tuple[float, int]:
    """Return what neurons send at layer 2 that no active circuit uses, and what makes them fire.

    With alpha the step of an idle neuron's field, A = (sum over idle neurons of E alpha^2)/(z S)
    compares them with the z S neurons that should be active. Source: notes#seizure.

    Args:
        set_loads: (T, S), the loads of the neurons of every set; T S/n throughout for equal loads.
        z: active circuits.
        lo: lower threshold of the step.
        hi: upper threshold.

    Returns:
        A, and k0, the least number of links that makes a neuron fire.

    Raises:
        ValueError: if there are fewer than three circuits, or unless 1 <= z <= T.
    """
    set_loads = np.asarray(set_loads)
    T, S = set_loads.shape
    check(1 <= z <= T, "z", f"must lie in 1..{T}", z)
    number, chances, field = idle_neurons(received_by(set_loads), z)
    alpha = np.clip((field - lo) / (hi - lo), 0, 1)
    fires = np.flatnonzero(field > lo)
    first = int(fires[0]) if len(fires) else z * S + 1
    return float(number @ chances @ alpha**2) / (z * S), first


def in_working_regime(
    set_loads, z: int, lo: float = 0.25, hi: float = 0.75, share: float = 0.15
) -> bool:
    """Return whether k0·A <= share, so that idle neurons do not make others fire.

    `rotation_errors` counts what fires because of active neurons once. A neuron that fires needs k0
    links, so a share A more activity makes k0·A more of them fire, and that share of what idle
    neurons do is missed: a geometric series in k0·A over the layers. At constant T (d/D)^2 the sum
    grows with n and its tail does not shrink, so that no constant 0.004 decides: at S = 6,
    lo = 1/4, z = 1 the largest T (d/D)^2 is 0.005 at D = 500 and 0.0013 at D = 4000.

    Args:
        set_loads: (T, S), the loads of the neurons of every set; T S/n throughout for equal loads.
        z: active circuits.
        lo: lower threshold of the step.
        hi: upper threshold.
        share: the part of what idle neurons do that may be missed.

    Returns:
        Whether the closed forms hold as far as firing by mistake goes.

    Raises:
        ValueError: if there are fewer than three circuits, or unless 1 <= z <= T.
    """
    activity, first = idle_activity(set_loads, z, lo, hi)
    return first * activity <= share
