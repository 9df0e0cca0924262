"""Erroneously active neurons: what inactive circuits send, and what reaches a receiver of it."""

from typing import Any, NamedTuple

import numpy as np

from ._meetings import Meetings
from ._placement import Placement
from ._population import Population
from ._rotations import phases


# Samples that draw together: their tables fit a processor's cache.
_BLOCK = 64


class Noise(NamedTuple):
    """What the neurons of inactive circuits send that no active circuit uses.

    Attributes:
        by_kind: (K, P, C'), a circuit's indicators summed by the load class of the neuron.
        squares: (K, P, C'), the same of their squares.
        weights: (K,), sum over circuits of 1/r', the number of neurons among the representatives.
        gaps: int (K, P), neurons of each circuit that active ones use.
        loads: int (C',).
        vector: complex (K, P), what a circuit's neurons add to the vector read there.
        neurons: (K,), neurons that no active circuit uses, of all n.
        mean: (K,), their mean indicator.
        own: the share of the noise that a sample has for itself; the rest is that of all samples.
        redundancy: S'.
    """

    by_kind: Any
    squares: Any
    weights: Any
    gaps: Any
    loads: Any
    vector: Any
    neurons: Any
    mean: Any
    own: float
    redundancy: int


def noise_of(population: Population, placement: Placement, alpha, vector) -> Noise:
    """Collect the noise of a layer.

    Args:
        population: of the senders.
        placement: their neurons.
        alpha: (K, N, S), their indicators.
        vector: complex (K, N, S), what they add to the vector read from them.
    """
    z, (K, _), P = population.z, population.circuits, population.kept
    classes = len(population.loads)
    free, kind = ~placement.shared[:, z:], placement.kind[:, z:]
    noise = alpha[:, z:] * free
    row = np.arange(K * P).reshape(K, P, 1) * classes + kind
    by_kind, squares = (
        np.bincount(row.ravel(), sent.ravel(), K * P * classes).reshape(K, P, classes)
        for sent in (noise, noise**2)
    )
    weights = (free / population.loads[kind]).sum((1, 2))
    mean = (by_kind / population.loads).sum((1, 2)) / weights
    neurons = population.n_used - (~placement.duplicate).sum((1, 2))
    per_circuit = (by_kind / population.loads).sum(2) * (P / weights[:, None])
    own = own_share(population, per_circuit)
    return Noise(
        by_kind,
        squares,
        weights,
        (~free).sum(-1),
        population.loads,
        (vector[:, z:] * free).sum(-1) / population.S,
        neurons,
        own * mean + (1 - own) * mean.mean(),
        own,
        population.S,
    )


def own_share(population: Population, activity) -> float:
    """Return the share of a sample's activity that must be its own, to fluctuate as n neurons do.

    The mean over P representatives varies between samples by V = common + individual/P; over n/S
    of them it would vary by common + individual/(n/S). A mixture c·own + (1-c)·all varies by c^2 V.
    """
    P = population.kept
    if P == population.crowd:
        return 1.0
    between = activity.mean(1).var(ddof=1)
    chance = activity.var(1, ddof=1).mean() / P
    common = max(between - chance, 0.0)
    if between == 0:
        return 1.0
    return min(float(np.sqrt((common + chance * P / population.crowd) / between)), 1.0)


def erroneous(
    population: Population,
    placement: Placement,
    noise: Noise,
    others,
    met: Meetings,
    mean_rotation,
    rng,
):
    """Return what erroneously active neurons add to h (times S'), and what all others add to g.

    A circuit that leads to an active neuron has a vector from there and one from its other neurons,
    and both get its one rotation.

    Args:
        population: of the receivers.
        placement: the receivers.
        noise: what inactive circuits send.
        others: int (K, N, R), other inactive circuits on each receiver.
        met: those of them that lead to neurons of active circuits.
        mean_rotation: complex (K,), Rbar.
        rng: a numpy generator.

    Returns:
        (K, N, R) and complex (K, N, R).
    """
    if not noise.by_kind.any() and not noise.vector.any():
        return np.float32(0), met.turned(met.brought)
    table, kind, z = population.occupancy, placement.kind, population.z
    K, P, classes = *noise.by_kind.shape[:2], len(population.loads)
    sends = noise.redundancy
    mixed = lambda own: noise.own * own + (1 - noise.own) * own.mean(0)
    # Linear part: a sum over drawn inactive circuits, by load of the receiver. Neurons that
    # are shared with active circuits carry no noise; their loss is put back on average and
    # taken off again for each meeting.
    linear = noise.by_kind @ table.slope
    n_free = P * sends - noise.gaps.sum(1)
    linear += noise.gaps[..., None] * (linear.sum(1) / n_free[:, None])[:, None]
    unmet = np.maximum(others - met.number, 0)
    first, carried = _drawn(linear, noise, kind, unmet, rng)
    partner = _mixed_samples(rng, noise, met.receiver // others[0].size)
    first += met.added(linear.reshape(-1, classes)[partner, kind.ravel()[met.receiver]])
    with_active = met.turned(met.brought + noise.vector.ravel()[partner])
    by_sample = np.arange(K)[:, None, None] * classes + kind
    mean = mixed(linear.mean(1)).ravel()[by_sample]
    drawn = others.sum(-1)  # without replacement, from T circuits
    shortfall = (1 - np.sqrt(np.maximum(1 - drawn / population.T, 0))) / np.maximum(drawn, 1)
    surplus = (first - others * mean).sum(-1) * shortfall
    total = first - others * surplus[..., None] - met.number * mean / sends
    # Mean and variance of the rest: sums over source neurons outside the circuit's own set.
    scale = (noise.neurons / noise.weights)[:, None]
    offset = mixed(scale * ((noise.by_kind / noise.loads).sum(1) @ table.offset))
    rest = mixed(scale * ((noise.squares / noise.loads).sum(1) @ table.variance))
    total += offset.ravel()[by_sample]
    variance = rest.ravel()[by_sample]
    by_circuit = np.arange(K * P).reshape(K, P, 1) * classes + kind[:, z:]
    total[:, z:] -= (noise.by_kind @ table.own_offset).ravel()[by_circuit]
    variance[:, z:] -= (noise.squares @ table.variance).ravel()[by_circuit]
    total += np.sqrt(np.maximum(variance, 0)) * rng.standard_normal(kind.shape, np.float32)
    # Vectors: all T have a mean that every neuron gets, a common part turned by Rbar and a random
    # rest; what is drawn beyond it is the smaller for that.
    power, common = mixed((np.abs(noise.vector) ** 2).mean(1)), mixed(noise.vector.mean(1))
    rest = np.maximum(power - np.abs(common) ** 2, 0) / (2 * population.T)
    chance = np.sqrt(rest) * rng.standard_normal((2, K))
    coherent = mean_rotation * common + chance[0] + 1j * chance[1]
    beyond = np.maximum(1 - np.abs(coherent) ** 2 / np.maximum(power, 1e-30), 0)
    carried *= np.sqrt(beyond)[:, None, None]
    carried -= others * (carried.sum(-1) * shortfall)[..., None]
    carried += unmet * coherent[:, None, None]
    return total.astype(np.float32), (carried + with_active).astype(np.complex64)


def _mixed_samples(rng, noise: Noise, sample):
    """Return a random circuit for each sample of a list, of all K·P; some of other samples."""
    K, P = noise.vector.shape
    circuit = sample * P + rng.integers(0, P, len(sample))
    if noise.own < 1:
        elsewhere = np.flatnonzero(rng.random(len(sample), np.float32) >= noise.own)
        circuit[elsewhere] = rng.integers(0, K * P, len(elsewhere))
    return circuit


def _drawn(linear, noise: Noise, kind, others, rng):
    """Sum noise and vectors of as many random inactive circuits as each receiver has `others`.

    Each circuit's vector is drawn in four directions.
    """
    K, P, classes = linear.shape
    quarters = noise.vector[..., None] * (1j ** np.arange(4)) * phases(rng, (K, P, 1))
    quarters = quarters.astype(np.complex64).ravel()
    linear = linear.astype(np.float32).ravel()
    first, carried = np.empty(kind.shape, np.float32), np.empty(kind.shape, np.complex64)
    for start in range(0, K, _BLOCK):
        block = slice(start, start + _BLOCK)
        # Receivers in descending order of their others: the j-th draw is made by the first of them.
        number = others[block].ravel()
        order = np.argsort(-number.astype(np.int16), kind="stable")
        base = (start + order // kind[0].size) * (4 * P)
        receiver = kind[block].ravel()[order]
        total, vector = np.zeros(len(order), np.float32), np.zeros(len(order), np.complex64)
        for count in np.bincount(number)[::-1].cumsum()[::-1][1:]:
            code = base[:count] + rng.integers(0, 4 * P, count, np.uint16)
            if noise.own < 1:
                elsewhere = np.flatnonzero(rng.random(count, np.float32) >= noise.own)
                code[elsewhere] = rng.integers(0, 4 * P * K, len(elsewhere))
            vector[:count] += quarters[code]
            code >>= 2
            code *= classes
            code += receiver[:count]
            total[:count] += linear[code]
        first[block].reshape(-1)[order], carried[block].reshape(-1)[order] = total, vector
    return first, carried
