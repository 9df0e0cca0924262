"""Who shares neurons with whom: the combinatorics of random wiring that state evolution draws from.

A receiver of load r carries a circuit t and d = r - 1 others. A source neuron of the layer before
carries r' circuits. They are connected if one of the receiver's circuits is among the source's, and
clipping counts the connection once. Layers are shuffled independently, so these are random subsets.
"""

import numpy as np

from ._interaction import disjoint_probability


def expected_inhibition(values, counts, T: int, S: int, source=None):
    """Return the expected chi' of the clipped matrix: the scalar, and one per receiving load.

    q(r, r') = 1 - H(T; r, r') is the probability of a connection, and U the mean of <e_t, C e_v>
    over pairs t ≠ v: U = (sum_nm r_n r_m q - T S^2)/(T (T-1)), chi' = U/(S^2 - U); per receiver
    U_n = (sum_m r_m q(r_n, r_m) - S)/(T-1), chi'_n = U_n/(S - U_n). With sources of another design,
    S' of them per circuit, S^2 becomes S S', and S' takes the place of S in the receiver's chi'.

    Args:
        values: distinct loads of the receivers.
        counts: how many neurons have them.
        T: circuits.
        S: redundancy of the receivers.
        source: (values, counts, S') of the sources; those of the receivers if left out.

    Returns:
        (chi', array of chi' for each of `values`).
    """
    sent, number, sends = source or (values, counts, S)
    received_by, sent_by = counts * values, number * sent
    connected = 1 - disjoint_probability(T, values[:, None], sent[None, :])
    mean = (received_by @ connected @ sent_by - T * S * sends) / (T * (T - 1.0))
    each = (connected @ sent_by - sends) / (T - 1.0)
    return mean / (S * sends - mean), each / (sends - each)


def occupancy(T: int, largest: int):
    """Split the connection of a source to a receiver's other circuits into a linear part and a rest.

    With c the circuits that source and receiver have in common besides t, p = P(c >= 1) and
    W = 1 - p (the regression of the indicator on c),

        1{c >= 1} = (p - W·E c) + W·c + rest,      Var rest = p (1-p) - W^2 Var c.

    The linear part keeps what a circuit's noise has in common at several receivers; clipping makes
    W smaller than 1. All tables are indexed [source load, receiver load].

    Args:
        T: circuits.
        largest: the largest load.

    Returns:
        (W, offset, variance of the rest, offset for a source in the receiver's own set, which is
        counted already).
    """
    source, receiver = np.arange(largest + 1.0)[:, None], np.arange(largest + 1.0)[None, :]
    d = np.maximum(receiver - 1, 0)
    mean = d * source / (T - 1)
    p = 1 - disjoint_probability(T - 1, source, d)
    slope = np.where(mean > 0, 1 - p, 0.0)
    offset = p - mean * slope
    variance = mean * (1 - source / (T - 1)) * np.maximum(1 - (d - 1) / (T - 2), 0)
    rest = np.maximum(p * (1 - p) - slope**2 * variance, 0)
    own = offset + np.maximum(source - 1, 0) * d / (T - 1) * slope
    return slope, offset, rest, own


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


def draw_meetings(rng, others, source_loads, vectors, T: int, S: int):
    """Draw which active source neurons are reached through a receiver's other, inactive circuits.

    For one active circuit v the r' - 1 circuits through each of its neurons are distinct, and so are
    the circuits of the S receivers of one set: a contingency table with both margins fixed. A
    circuit that meets v in one of its S neurons can meet the next active circuit only in another.

    Args:
        rng: a numpy generator.
        others: int (K, N, R), the other inactive circuits of each of the R receivers of a set.
        source_loads: int (K, z, S), loads of the active circuits' neurons.
        vectors: complex (K, z, S), what those neurons add to a vector that is read from them.
        T: circuits.
        S: redundancy of the sources.

    Returns:
        (covered, meetings, field): bool (K, N, R, z, S), int (K, N, R) and the complex (K, N, R)
        vector that the meetings bring, each randomly rotated by the circuit it comes through.
    """
    K, N, receivers = others.shape
    z = source_loads.shape[1]
    covered, meetings = np.zeros((K, N, receivers, z, S), bool), np.zeros_like(others, np.int64)
    field, gone = np.zeros(others.shape, complex), np.zeros((K, 1))
    for v in range(z):
        free = np.maximum(others - rng.binomial(meetings, 1.0 / S), 0) if v else others
        left = np.repeat((source_loads[:, v] - 1)[:, None], N, 1)
        pool = np.repeat(np.round(T - 1 - z - gone / S).astype(np.int64), N, 1)
        for slot in range(receivers):
            drawn = np.minimum(free[:, :, slot], pool)
            marked = np.minimum(left.sum(-1), pool)
            met = rng.hypergeometric(marked, pool - marked, drawn)
            pool = pool - drawn
            meetings[:, :, slot] += met
            for count in range(1, met.max() + 1):  # one meeting after the other: at which neuron?
                k, t = np.nonzero(met >= count)
                cumulated = left[k, t].cumsum(-1)
                draw = (rng.random(len(k)) * cumulated[:, -1]).astype(int)
                neuron = (draw[:, None] >= cumulated).sum(-1)
                left[k, t, neuron] -= 1
                covered[k, t, slot, v, neuron] = True
                turn = np.exp(2j * np.pi * rng.random(len(k)))
                field[k, t, slot] += vectors[k, v, neuron] / S * turn
        gone = gone + (source_loads[:, v] - 1).sum(1)[:, None]
    return covered, meetings, field
