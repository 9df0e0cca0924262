"""The neurons of one layer: their loads, and which of them active circuits share."""

from typing import Any, NamedTuple

import numpy as np

from ._population import Population


class Coincidence(NamedTuple):
    """Neurons that active circuits u < v share: neuron i of u IS neuron j of v, in sample k."""

    k: Any
    u: int
    i: Any
    v: int
    j: Any


class Placement(NamedTuple):
    """Who uses the neurons of K samples with N = z + P circuits, the active first.

    Attributes:
        kind: int (K, N, S), load class of each neuron.
        hit: bool (K, N, S, z), whether an active circuit, not its own, uses it too.
        shared: bool (K, N, S), whether any does.
        label: bool (K, N, z, S), which neurons of the active circuits a circuit shares.
        duplicate: bool (K, z, S), neurons of active circuits that are counted at an earlier one.
        coincident: the neurons that two active circuits share, pair by pair.
    """

    kind: Any
    hit: Any
    shared: Any
    label: Any
    duplicate: Any
    coincident: tuple[Coincidence, ...]


def place(population: Population, rng) -> Placement:
    """Draw the neurons of a layer, independently of the layer before."""
    (K, N), S, z = population.circuits, population.S, population.z
    active = population.draw_sets(rng, 1, K * z).reshape(K, z, S)
    kind = np.concatenate([active, population.draw_sets(rng, K, N - z)], 1)
    hit = draw_sharing(rng, population.loads[kind], population.T, z)
    slot = rng.integers(0, S, (K, N, z))  # which neuron of the active circuit it is
    hit[:, np.arange(z), :, np.arange(z)] = False
    duplicate, coincident = np.zeros((K, z, S), bool), []
    for u in range(z):
        for v in range(u + 1, z):  # a neuron that two active circuits share is ONE neuron
            k, i = np.nonzero(hit[:, u, :, v])
            j = slot[k, u, v]
            hit[:, v, :, u] = False
            hit[k, v, j, u], slot[k, v, u] = True, i
            kind[k, v, j] = kind[k, u, i]
            duplicate[k, v, j] = True
            coincident.append(Coincidence(k, u, i, v, j))
    label = hit.any(2)[..., None] & (slot[..., None] == np.arange(S))
    return Placement(kind, hit, hit.any(-1), label, duplicate, tuple(coincident))


def draw_sharing(rng, loads, T: int, z: int):
    """Draw which neurons of a circuit each active circuit also uses: at most one of each pair.

    Args:
        rng: a numpy generator.
        loads: (K, N, S), loads of the neurons; each is used with probability (r - 1)/(T - 1).
        T: circuits.
        z: active circuits.

    Returns:
        bool (K, N, S, z).
    """
    probability = (loads - 1) / (T - 1)
    upper = np.cumsum(probability, -1)
    draw = rng.random((*loads.shape[:2], 1, z))
    return (draw < upper[..., None]) & (draw >= (upper - probability)[..., None])


def same_on_shared(placement: Placement, field):
    """Give both copies of a neuron that active circuits share the same field (K, N, S)."""
    field = field.copy()
    for k, u, i, v, j in placement.coincident:
        field[k, v, j] = field[k, u, i]
    return field
