"""Which active source neurons a receiver reaches through its other circuits, each counted once."""

from typing import Any, NamedTuple

import numpy as np

from ._placement import Placement
from ._population import Population
from ._rotations import turns


class Meetings(NamedTuple):
    """What the receivers of N circuits meet of z active circuits with S' source neurons each.

    Attributes:
        covered: bool (K, N, R, z, S'), whether the source neuron is reached.
        number: int (K, N, R), circuits on the receiver through which one is reached.
        receiver: int (E,), where each of these circuits is, of all K·N·R receivers.
        brought: complex (E,), the vector that it has from the active neuron.
        turn: complex (E,), its rotation.
    """

    covered: Any
    number: Any
    receiver: Any
    brought: Any
    turn: Any

    def added(self, values):
        """Return the sums of values (E,) over the circuits on each receiver, (K, N, R)."""
        sums = np.bincount(self.receiver, values, self.number.size)
        return sums.reshape(self.number.shape).astype(np.float32)

    def turned(self, vectors):
        """Return the sums of vectors (E,), each rotated by its circuit."""
        values = vectors * self.turn
        return self.added(values.real) + 1j * self.added(values.imag)


def leads_of(population: Population, placement: Placement):
    """Return the inactive circuits through each neuron of the active ones, int (K, z, S').

    A neuron that two active circuits share is one neuron: it has them at its owner, and none at the
    other, or its vector, the largest there is, would be brought twice.
    """
    z = population.z
    others = population.loads[placement.kind[:, :z]] - 1 - placement.hit[:, :z].sum(-1)
    return np.where(placement.duplicate, 0, np.maximum(others, 0))


def draw_meetings(rng, others, leads, vectors, T: int, mean_rotation) -> Meetings:
    """Draw which active source neurons are reached through a receiver's other, inactive circuits.

    For one active circuit v the inactive circuits through each of its neurons are distinct, and so are
    the circuits of the R receivers of one set: a contingency table with both margins fixed. How
    many circuits are on both sides is hypergeometric; which ones they are is a random matching. A
    circuit that meets v in one of its S' neurons can meet the next active circuit only in another.

    Args:
        rng: a numpy generator.
        others: int (K, N, R), the other inactive circuits of each of the R receivers of a set.
        leads: int (K, z, S'), inactive circuits on each neuron of an active circuit (`leads_of`).
        vectors: complex (K, z, S'), what those neurons add to a vector that is read from them.
        T: circuits.
        mean_rotation: complex (K,), Rbar.

    Returns:
        The meetings.
    """
    K, N, R = others.shape
    z, sends = leads.shape[1:]
    covered, number = np.zeros((K, N, R, z, sends), bool), np.zeros(others.shape, np.int64)
    receivers, brought, rotations, used = [], [], [], np.zeros(K)
    group = np.arange(K * N)
    for v in range(z):
        free = np.maximum(others - rng.binomial(number, 1.0 / sends), 0) if v else others
        marks = leads[:, v]
        n_marks = marks.sum(1)
        pool = np.maximum(np.round(T - 1 - z - used / sends).astype(np.int64), n_marks)
        last_free = free.cumsum(2).reshape(-1, R)
        n_free = np.minimum(last_free[:, -1], pool.repeat(N))
        met = rng.hypergeometric(n_marks.repeat(N), (pool - n_marks).repeat(N), n_free)
        at = group.repeat(met)
        receiver = at * R + _bin(distinct(rng, met, n_free), last_free, at)
        neuron = _marked(rng, marks, met)
        covered.reshape(-1, z, sends)[receiver, v, neuron] = True
        number += np.bincount(receiver, minlength=others.size).reshape(others.shape)
        receivers.append(receiver)
        brought.append(
            (vectors[:, v] / sends).astype(np.complex64).ravel()[at // N * sends + neuron]
        )
        rotations.append(turns(rng, mean_rotation[at // N]))
        used = used + n_marks
    listed = (np.concatenate(parts) for parts in (receivers, brought, rotations))
    return Meetings(covered, number, *listed)


def distinct(rng, counts, sizes):
    """Draw counts[g] numbers in 0..sizes[g]-1 for each group g, no two equal in one group.

    Those that drew a number that is taken draw again; by symmetry every arrangement is equally
    likely.

    Args:
        rng: a numpy generator.
        counts: int (G,).
        sizes: int (G,), at least `counts`.

    Returns:
        int (E,), the numbers of all groups one after the other.
    """
    start = (sizes.cumsum() - sizes).astype(np.int32).repeat(counts)
    size = sizes.astype(np.float32).repeat(counts)
    number = _below(rng, size)
    holder = np.full(sizes.sum(), -1, np.int32)
    entry = np.arange(len(size), dtype=np.int32)
    wanted = start + number
    holder[wanted] = entry
    waiting = np.flatnonzero(holder[wanted] != entry)
    while len(waiting):
        number[waiting] = _below(rng, size[waiting])
        wanted = start[waiting] + number[waiting]
        empty = holder[wanted] < 0
        holder[wanted[empty]] = waiting[empty]
        waiting = waiting[holder[wanted] != waiting]
    return number


def _below(rng, size):
    """Draw int32 below each size (float32, at most 2^16, so that none is reached by rounding)."""
    return np.minimum((rng.random(len(size), np.float32) * size).astype(np.int32), size - 1).astype(
        np.int32
    )


def _marked(rng, marks, met):
    """Return the source neurons through which circuits are met: met[k, n] of marks[k], in any order.

    All receivers of a sample go through the circuits of v in one random order, each from a start
    of its own.
    """
    K, sends = marks.shape
    last, longest = marks.cumsum(1), int(marks.sum(1).max())
    turn = rng.random((K, longest))
    turn[np.arange(longest) >= last[:, -1:]] = 2  # beyond the last mark
    order = np.argsort(turn, 1)
    neuron = sum((order >= edge[:, None]).astype(np.int64) for edge in last.T[:-1])
    neuron = np.asarray(neuron) + np.zeros_like(order)
    size = last[:, -1].repeat(len(met) // K)
    place = np.arange(met.sum()) - (met.cumsum() - met).repeat(met)
    place += (rng.random(len(met)) * size).astype(np.int64).repeat(met)
    size = size.repeat(met)
    place -= size * (place >= size)
    place += (np.arange(K) * longest).repeat(len(met) // K).repeat(met)
    return neuron.ravel()[place]


def _bin(number, last, row):
    """Return in which bin each number lies, for bins that end at last[row] (all but the last bin)."""
    index = np.zeros(len(number), np.int64)
    for edge in last.T[:-1]:
        index += number >= np.ascontiguousarray(edge)[row]
    return index


def counted_once(covered, here: Placement, before: Placement):
    """Count each active source neuron once, whichever circuits lead to it.

    Args:
        covered: bool (K, N, R, z, S'), reached through other inactive circuits; overwritten.
        here: the receivers.
        before: the sources.

    Returns:
        The same without what the receiver's own circuit reaches already, and with what its other
        active circuits reach.
    """
    # A neuron of two active circuits is counted at its owner.
    covered &= ~before.duplicate[:, None, None]
    covered |= here.hit[..., None]
    label = before.label.copy()
    for k, u, i, v, j in before.coincident:
        for part in (covered.transpose(0, 3, 4, 1, 2), label.transpose(0, 2, 3, 1)):
            part[k, u, i] |= part[k, v, j]
            part[k, v, j] = False
    covered &= ~label[:, :, None]
    active = np.arange(label.shape[2])
    covered[:, active, :, active] = False
    return covered
