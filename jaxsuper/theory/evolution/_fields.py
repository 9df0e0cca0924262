"""The fields of a layer: what reaches its neurons from the layer before."""

from typing import Any, NamedTuple

import numpy as np

from ._erroneous import erroneous, Noise, noise_of
from ._meetings import counted_once, draw_meetings, leads_of
from ._placement import Placement
from ._population import Population
from ._state import mean_of, State


class Sent(NamedTuple):
    """What the neurons of a layer send to those of the next.

    Attributes:
        placement: the indicator neurons.
        leads: int (K, z, S'), inactive circuits on each neuron of the active circuits.
        alpha: (K, N, S'), their indicators.
        vector: complex (K, z, S'), what the active circuits' neurons add to a vector read there.
        noise: what inactive circuits send.
        total: (K,), A, the sum of all indicators.
    """

    placement: Placement
    leads: Any
    alpha: Any
    vector: Any
    noise: Noise
    total: Any


def sent_by(population: Population, state: State) -> Sent:
    """Return what a layer sends on, where indicators and vectors are on the same neurons."""
    z, placement = population.z, state.placement
    noise = noise_of(population, placement, state.alpha, state.vector)
    counted = state.alpha[:, :z] * ~placement.duplicate
    total = counted.sum((1, 2)) + noise.neurons * noise.mean
    leads = leads_of(population, placement)
    return Sent(placement, leads, state.alpha, state.vector[:, :z], noise, total)


def first_field(placement: Placement):
    """Return h of layer 1, an exact embedding: the number of active circuits on each neuron."""
    h = placement.hit.sum(-1).astype(np.float32)
    h[:, : placement.hit.shape[3]] += 1
    return h


def later_field(
    population: Population, placement: Placement, sent: Sent, mean_rotation, rng
) -> tuple[Any, ...]:
    """Return the fields that the layer before causes, but for the vectors of the circuit's own.

    Args:
        population: of the receivers.
        placement: the receivers.
        sent: what the layer before sent.
        mean_rotation: complex (K,), Rbar.
        rng: a numpy generator.

    Returns:
        (h, g, others): (K, N, R), complex (K, N, R), and int (K, N, R), the other inactive
        circuits on each receiver.
    """
    z, (sends, loads) = population.z, (sent.alpha.shape[2], population.loads[placement.kind])
    others = np.maximum(loads - 1 - placement.hit.sum(-1), 0)
    met = draw_meetings(rng, others, sent.leads, sent.vector, population.T, mean_rotation)
    covered = counted_once(met.covered, placement, sent.placement)
    K, N, R = others.shape
    active = sent.alpha[:, :z].reshape(K, z * sends, 1)
    inputs = (sends * mean_of(sent.alpha))[:, :, None]
    inputs = inputs + (covered.reshape(K, N * R, z * sends).astype(np.float32) @ active).reshape(
        K, N, R
    )
    noise, vector = erroneous(population, placement, sent.noise, others, met, mean_rotation, rng)
    chi = population.chi.astype(np.float32)[placement.kind]
    h = (
        (1 + chi) * (inputs + noise) - chi * sent.total.astype(np.float32)[:, None, None]
    ) / np.float32(sends)
    return h, vector, others
