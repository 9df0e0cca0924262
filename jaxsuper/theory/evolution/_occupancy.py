"""Who is connected to whom: the combinatorics of the clipped matrix, from the loads alone.

A receiver of load r carries a circuit t and d = r - 1 others. A source neuron of the layer before
carries r' circuits. They are connected if one of the receiver's circuits is among the source's, and
clipping counts the connection once. Layers are shuffled independently, so these are random subsets.
"""

from typing import Any, NamedTuple

import numpy as np

from .._chances import disjoint_probability


def expected_inhibition(values, counts, T: int, S: int, source):
    """Return the expected chi' of the clipped matrix: the scalar, and one per receiving load.

    q(r, r') = 1 - H(T; r, r') is the probability of a connection, and U the mean of <e_t, C e_v>
    over pairs t ≠ v: U = (sum_nm r_n r_m q - T S S')/(T (T-1)), chi' = U/(S S' - U); per receiver
    U_n = (sum_m r_m q(r_n, r_m) - S')/(T-1), chi'_n = U_n/(S' - U_n).

    Args:
        values: distinct loads of the receivers.
        counts: how many neurons have them.
        T: circuits.
        S: redundancy of the receivers.
        source: (values, counts, S') of the sources.

    Returns:
        (chi', array of chi' for each of `values`).
    """
    sent, number, sends = source
    received_by, sent_by = counts * values, number * sent
    connected = 1 - disjoint_probability(T, values[:, None], sent[None, :])
    mean = (received_by @ connected @ sent_by - T * S * sends) / (T * (T - 1.0))
    each = (connected @ sent_by - sends) / (T - 1.0)
    return mean / (S * sends - mean), each / (sends - each)


class Occupancy(NamedTuple):
    """Split of a connection into a linear part and a rest; all [source class, receiver class].

    Attributes:
        slope: W, the weight of the linear part.
        offset: p - W·E c.
        variance: of the rest.
        own_offset: the offset of a source in the receiver's own set, which is counted already.
    """

    slope: Any
    offset: Any
    variance: Any
    own_offset: Any


def occupancy(T: int, sent, received) -> Occupancy:
    """Split the connection of a source to a receiver's other circuits into a linear part and a rest.

    With c the circuits that source and receiver have in common besides t, p = P(c >= 1) and
    W = 1 - p (the regression of the indicator on c),

        1{c >= 1} = (p - W·E c) + W·c + rest,      Var rest = p (1-p) - W^2 Var c.

    The linear part keeps what a circuit's noise has in common at several receivers; clipping makes
    W smaller than 1.

    Args:
        T: circuits.
        sent: (C',), loads of the sources.
        received: (C,), loads of the receivers.

    Returns:
        The tables, each (C', C).
    """
    source, receiver = np.asarray(sent, float)[:, None], np.asarray(received, float)[None, :]
    d = np.maximum(receiver - 1, 0)
    mean = d * source / (T - 1)
    p = 1 - disjoint_probability(T - 1, source, d)
    slope = np.where(mean > 0, 1 - p, 0.0)
    offset = p - mean * slope
    variance = mean * (1 - source / (T - 1)) * np.maximum(1 - (d - 1) / (T - 2), 0)
    rest = np.maximum(p * (1 - p) - slope**2 * variance, 0)
    own = offset + np.maximum(source - 1, 0) * d / (T - 1) * slope
    return Occupancy(slope, offset, rest, own)
