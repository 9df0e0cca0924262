"""The interaction of two circuits through the clipped mean matrix, derived from the loads.

The question that the published work leaves open: the second moment of <e_t, Ctilde e_v>/S^2 over
pairs t ≠ v, for C = min(1, sum_u e_u ⊗ e_u) and Ctilde = C - chi'·(1 - C).

Derivation. N = <e_t, C e_v> counts the ones in the S x S block of C that t and v cut out, and
<e_t, Ctilde e_v> = (1 + chi') N - chi' S^2, so only E N and E N^2 are wanted. With chi' such that
the mean vanishes, E <.>^2 = Var N · S^4/(S^2 - E N)^2. E N^2 is a sum over pairs of cells of
P(both are 1) = 1 - P0 - P0' + P00, where P0 is the probability that a cell is 0: no circuit uses
both its neurons. Let neuron n carry d_n = r_n - 1 circuits besides t, neuron m of the layer before
d_m besides v; a = d/(T - 1); and H(T; x, y) = C(T-x, y)/C(T, y), the probability that random
subsets of x and y out of T are disjoint (layers are shuffled independently). Then

    P0 (n, m)                  = (1 - a_n)(1 - a_m) H(T-2; d_n, d_m)
    P00(n, m), (n, m')         = (1 - a_n)(1 - a_m - a_m') H(T-2; d_n, d_m + d_m')     one row
    P00(n, m), (n', m')        = (1 - a_n - a_n')(1 - a_m - a_m') ·
                                 sum_k Q(k) H(T-2-d_n; d_n', d_m' - k)                 neither

with Q(k) = C(d_m', k) C(T-2-d_m-d_m', d_n-k)/C(T-2, d_n): the circuits of n avoid those of m and
take k of those of m'. 1 - a_n is the probability that v does not use n itself (its row would be
full), and 1 - a_n - a_n' holds because t and v share at most one neuron. Columns are like rows.
"""

import numpy as np

from .._errors import check
from ._overlap import overlap_rate_from_loads


# The sum runs over quadruples of loads; more classes than this are merged into quantiles.
_CLASSES = 24


def disjoint_probability(total, first, second):
    """Return H = C(total-first, second)/C(total, second), elementwise.

    The probability that a subset of `first` and a random one of `second` out of `total` items are
    disjoint; 0 where they cannot be.
    """
    fits = total - first - second >= 0
    rest = np.where(fits, total - first, total)
    return np.where(fits, np.exp(_log_binomial(rest, second) - _log_binomial(total, second)), 0.0)


def _log_binomial(a, b):
    # Takes a sixth of a second to load, which nothing else here needs.
    from scipy.special import gammaln

    return gammaln(a + 1) - gammaln(b + 1) - gammaln(a - b + 1)


def _classes(set_loads):
    """Return distinct loads, their share of the slots, and the joint share of two slots of a set."""
    values, index = np.unique(set_loads, return_inverse=True)
    index = index.reshape(set_loads.shape)
    if len(values) > _CLASSES:
        counts = np.bincount(index.ravel())
        edges = np.cumsum(counts) - counts / 2
        group = np.minimum((edges / counts.sum() * _CLASSES).astype(int), _CLASSES - 1)
        group = np.unique(group, return_inverse=True)[1]
        sums = np.bincount(group, weights=values * counts)
        values = np.round(sums / np.bincount(group, weights=counts))
        index = group[index]
    slots, size = len(values), set_loads.shape[1]
    joint = np.zeros((slots, slots))
    for i in range(size):
        for j in range(size):
            if i != j:
                np.add.at(joint, (index[:, i], index[:, j]), 1)
    single = np.bincount(index.ravel(), minlength=slots) / index.size
    return values.astype(float), single, joint / max(joint.sum(), 1)


def mean_interaction(set_loads, chi: float | None = None) -> float:
    """Return E_{t≠v}[(<e_t, Ctilde e_v>/S^2)^2] of the clipped construction.

    The published approximation is T·rho^2 + 2·rho.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
        chi: chi'; by default the one that makes the mean vanish.

    Returns:
        The second moment, relative to the wanted <e_t, Ctilde e_t>/S^2 = 1.

    Raises:
        ValueError: if there are fewer than three circuits.
    """
    set_loads = np.asarray(set_loads)
    T, S = set_loads.shape
    check(T >= 3, "set_loads", "must hold at least 3 circuits", T)
    values, single, joint = _classes(set_loads)
    d = values - 1
    a = d / (T - 1)
    zero = (1 - a)[:, None] * (1 - a)[None] * disjoint_probability(T - 2, d[:, None], d[None])
    mean = S**2 * (1 - single @ zero @ single)
    square = mean
    if S > 1:
        both = np.maximum(1 - a[:, None] - a[None], 0)
        row = (1 - a)[:, None, None] * both[None]
        row = row * disjoint_probability(T - 2, d[:, None, None], (d[:, None] + d[None])[None])
        row = 1 - zero[:, :, None] - zero[:, None, :] + row
        square += 2 * S**2 * (S - 1) * np.einsum("a,bc,abc->", single, joint, row)
        # Axes: n, n' of one layer, m, m' of the other.
        rest = both[:, :, None, None] * both[None, None] * _both_zero(T, d)
        rest = 1 - zero[:, None, :, None] - zero[None, :, None, :] + rest
        square += S**2 * (S - 1) ** 2 * np.einsum("ab,cd,abcd->", joint, joint, rest)
    x = float(mean / (S**2 - mean)) if chi is None else chi
    moment = (1 + x) ** 2 * square - 2 * (1 + x) * x * S**2 * mean + x**2 * S**4
    return float(moment) / S**4


def _both_zero(T, d):
    """Return sum_k Q(k) H(T-2-d_n; d_n', d_m'-k), over axes n, n', m, m'."""
    dn, dn2 = d[:, None, None, None], d[None, :, None, None]
    dm, dm2 = d[None, None, :, None], d[None, None, None, :]
    total = 0.0
    for k in range(int(d.max()) + 1):
        possible = (k <= dn) & (k <= dm2)
        kept = np.where(possible, k, 0)
        log_share = (
            _log_binomial(dm2, kept)
            + _log_binomial(T - 2 - dm - dm2, dn - kept)
            - _log_binomial(T - 2.0, dn)
        )
        share = np.where(possible, np.exp(log_share), 0.0)
        total = total + share * disjoint_probability(T - 2 - dn, dm2 - kept, dn2)
    return total


def mean_interference(set_loads) -> float:
    """Return the part of `mean_interaction` that is not direct overlap: what replaces T·e^2.

    Two circuits that share a neuron in either layer interact directly, with second moment e each;
    the rest, E<.>^2 - 2e, reaches t through third circuits and uneven loads. It is 20 % below to
    40 % above the guess T·e^2 at S = 6.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.

    Returns:
        The second moment; 0 if no two circuits overlap.
    """
    set_loads = np.asarray(set_loads)
    T, S = set_loads.shape
    if T < 3 or set_loads.max() <= 1:
        return 0.0
    values, counts = np.unique(set_loads, return_counts=True)
    # A neuron of load r fills r slots.
    e = overlap_rate_from_loads(np.repeat(values, counts // values), S, T)
    return max(mean_interaction(set_loads) - 2 * e, 0.0)
