"""How much two circuits of an allocation overlap."""

from collections.abc import Iterable
from typing import SupportsFloat


def mean_overlap_naive(n: int, S: int) -> float:
    """Return S^2/n, the mean overlap of two independent uniform S-subsets of n neurons."""
    return S * S / n


def mean_overlap_even(n: int, S: int, T: int) -> float:
    """Return the mean overlap of two circuits when every neuron carries the same load.

    P = S (T S/n - 1)/(T - 1), and 0 if T S <= n. With overlaps of 0 or 1 it is the probability
    that two circuits meet. Each of the S neurons of a circuit carries T S/n - 1 other circuits, out
    of T - 1. Source: notes#allocations.

    Args:
        n: block width.
        S: redundancy.
        T: circuits, at least 2 for overlap.

    Returns:
        Neurons.
    """
    if T * S <= n or T < 2:
        return 0.0
    return S * (T * S / n - 1) / (T - 1)


def overlap_rate_published(d: int, D: int, S: int, T: int) -> float:
    """Return rho = d/D - 1/(S T), and 0 if T S <= D/d: the published approximation of e.

    Source: "Rotations in Superposition" (2025), eq. 6.3; notes#allocations.
    """
    return max(d / D - 1 / (S * T), 0.0)


def overlap_rate_lower_bound(n: int, S: int, T: int) -> float:
    """Return (T S/n - 1)/((T - 1) S), the overlap rate e of an allocation with equal loads.

    No allocation with overlaps 0 or 1 has less: sum r_i^2 is least for equal loads r_i = T S/n.

    Args:
        n: block width.
        S: redundancy.
        T: circuits.

    Returns:
        e, as a fraction; 0 if T S <= n.
    """
    return mean_overlap_even(n, S, T) / S**2


def overlap_rate_from_loads(loads: Iterable[SupportsFloat], S: int, T: int) -> float:
    """Return e = sum_i r_i (r_i - 1) / (T (T - 1) S^2), exact for overlaps of 0 or 1.

    A pair of circuits that meets contributes (1/S)^2, and neuron i makes r_i (r_i - 1) ordered
    pairs meet. Source: notes#allocations.

    Args:
        loads: r_i, the circuits on each neuron.
        S: redundancy.
        T: circuits.

    Returns:
        e, as a fraction; 0 for a single circuit.
    """
    if T < 2:
        return 0.0
    return sum(float(r) * (float(r) - 1) for r in loads) / (T * (T - 1) * S**2)
