"""The interaction of two circuits through the clipped mean matrix, derived from the loads.

The question that the published work leaves open: the second moment of <e_t, Ctilde e_v>/S^2 over
pairs t ≠ v, for C = min(1, sum_u e_u ⊗ e_u) and Ctilde = C - chi'·(1 - C). `received_by` has what
else the errors need: the same for single neurons, and what several senders have in common.

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

from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._chances import disjoint_probability, log_binomial


# The sum runs over quadruples of loads; more classes than this are merged into quantiles.
_CLASSES = 24


def _classes(set_loads):
    """Return distinct loads, their share of the slots, that of two slots of a set, and the index."""
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
    return values.astype(float), single, joint / max(joint.sum(), 1), index


class _Cells(NamedTuple):
    """Probabilities for the cells of the block that t and v cut out of C, by class of load.

    Attributes:
        loads: (C,), distinct loads.
        share: (C,), of the slots.
        joint: (C, C), of two slots of a set.
        index: (T, S), the class of every slot.
        zero: (C, C'), P0, axes n, m.
        row: (C, C', C'), the probability that two cells of a row are 1, axes n, m, m'.
        sent_loads: (C',), those of the layer before.
        sent_share: (C',), of its slots.
        sent_joint: (C', C'), of two slots of a set of it.
    """

    loads: Any
    share: Any
    joint: Any
    index: Any
    zero: Any
    row: Any
    sent_loads: Any
    sent_share: Any
    sent_joint: Any


def _cells(set_loads, sending=None, total: int | None = None) -> _Cells:
    """Return the cells of T circuits, or of so many edges between sets with other loads."""
    T, S = set_loads.shape
    T = T if total is None else total
    loads, share, joint, index = _classes(set_loads)
    sent = (loads, share, joint) if sending is None else _classes(sending)[:3]
    d, sent_d = loads - 1, sent[0] - 1
    a, sent_a = d / (T - 1), sent_d / (T - 1)
    zero = (1 - a)[:, None] * (1 - sent_a)[None]
    zero = zero * disjoint_probability(T - 2, d[:, None], sent_d[None])
    if S == 1:
        nothing = np.zeros((len(d), len(sent_d), len(sent_d)))
        return _Cells(loads, share, joint, index, zero, nothing, *sent)
    row = (1 - a)[:, None, None] * _none_of_two(sent_a)[None]
    both = sent_d[:, None] + sent_d[None]
    row = row * disjoint_probability(T - 2, d[:, None, None], both[None])
    row = 1 - zero[:, :, None] - zero[:, None, :] + row
    return _Cells(loads, share, joint, index, zero, row, *sent)


def _none_of_two(a):
    return np.maximum(1 - a[:, None] - a[None], 0)


def _second_moment(cells: _Cells, T: int, S: int, chi: float | None) -> tuple[float, float]:
    """Return E<.>^2/S^4 and chi'."""
    zero, single, sent = cells.zero, cells.share, cells.sent_share
    joint, sent_joint = cells.joint, cells.sent_joint
    mean = S**2 * (1 - single @ zero @ sent)
    square = mean
    if S > 1:
        d, sent_d = cells.loads - 1, cells.sent_loads - 1
        both, sent_both = _none_of_two(d / (T - 1)), _none_of_two(sent_d / (T - 1))
        rows = np.einsum("a,bc,abc->", single, sent_joint, cells.row)
        # Columns are like rows, where both layers have the same loads.
        columns = rows if sent is single else _columns(cells, T, both)
        square += S**2 * (S - 1) * (rows + columns)
        # Axes: n, n' of one layer, m, m' of the other.
        rest = both[:, :, None, None] * sent_both[None, None] * _both_zero(T, d, sent_d)
        rest = 1 - zero[:, None, :, None] - zero[None, :, None, :] + rest
        square += S**2 * (S - 1) ** 2 * np.einsum("ab,cd,abcd->", joint, sent_joint, rest)
    x = float(mean / (S**2 - mean)) if chi is None else chi
    moment = (1 + x) ** 2 * square - 2 * (1 + x) * x * S**2 * mean + x**2 * S**4
    return float(moment) / S**4, x


def _columns(cells: _Cells, T: int, both):
    """Return the probability that two cells of a column are 1."""
    d, sent_d, zero = cells.loads - 1, cells.sent_loads - 1, cells.zero
    none = (1 - sent_d / (T - 1))[:, None, None] * both[None]
    pair = (d[:, None] + d[None])[None]
    none = none * disjoint_probability(T - 2, sent_d[:, None, None], pair)
    column = 1 - zero.T[:, :, None] - zero.T[:, None, :] + none
    return np.einsum("a,bc,abc->", cells.sent_share, cells.joint, column)


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
    return _second_moment(_cells(set_loads), T, S, chi)[0]


def rademacher_interaction(T: int, e: float) -> float:
    """Return (T-2) e^2 + 2 e, the second moment of <e_t, sum_u s_u e_u e_u' e_v>/S^2 with signs s_u.

    What differences of random sign (Rademacher) bring from v to t ≠ v, whichever mean weights stand
    beside them: over third circuits, e for each of two layers, and directly where t and v meet in one
    of them. The source writes T rho^2 + 2 rho.

    Args:
        T: circuits, at least 2.
        e: overlap rate.

    Returns:
        The second moment, relative to 1 for t = v.

    Raises:
        ValueError: if T < 2.
    """
    check(T >= 2, "T", "must be at least 2", T)
    return (T - 2) * e**2 + 2 * e


def _both_zero(T, d, sent_d):
    """Return sum_k Q(k) H(T-2-d_n; d_n', d_m'-k), over axes n, n', m, m'."""
    dn, dn2 = d[:, None, None, None], d[None, :, None, None]
    dm, dm2 = sent_d[None, None, :, None], sent_d[None, None, None, :]
    total = 0.0
    for k in range(int(d.max()) + 1):
        rest = T - 2 - dm - dm2
        possible = (k <= dn) & (k <= dm2) & (dn - k <= rest)
        kept, drawn = np.where(possible, k, 0), np.where(possible, dn - k, 0)
        log_share = (
            log_binomial(dm2, kept)
            + log_binomial(np.where(possible, rest, 0), drawn)
            - log_binomial(T - 2.0, np.minimum(dn, T - 2))
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
    return max(mean_interaction(set_loads) - 2 * _overlap_rate(set_loads), 0.0)


def _overlap_rate(set_loads) -> float:
    """Return e: a neuron of load r fills r slots, and each of them meets r - 1 circuits."""
    T, S = set_loads.shape
    return float((set_loads - 1).sum()) / (T * (T - 1) * S**2)


class Received(NamedTuple):
    """What circuits and their neurons receive, unwanted, of others through the clipped matrix.

    With phi = (Ctilde e_v)_n/S what neuron n of t receives of v, and f the mean of phi over M_t.
    Neurons that t and v share in the layer before are left out of e_v: an indicator is cut at 1, so
    they hold no more than t's own. The means of f and phi over v are then -S e, and 0 with them.

    Attributes:
        n_circuits: T.
        redundancy: S.
        chi: chi'.
        overlap_rate: e.
        loads: (C,), distinct loads of neurons.
        share: (C,), of the slots of all circuits.
        meets: (C,), a = (r-1)/(T-1), the chance that v uses the receiving neuron itself.
        linked: (C,), the chance that a neuron of v is linked to the receiver.
        circuit: E f^2.
        circuit_common: E_t (E_v f)^2, what two senders have in common.
        neuron: (C,), E phi^2, if v does not use the receiver, times the chance of that.
        neuron_mean: (C,), E_v phi, with shared neurons of either layer.
        loads_variance: Var_t of the mean of `neuron_mean` over M_t.
        first: E_t (E_v |M_t ∩ M_v|/S)^2, what two senders have in common in layer 1.
        sender: E psi^2 of what t receives of one neuron of v, f = sum psi.
        n_fed: circuits that are fed, if `n_circuits` counts edges.
        fan_in: edges that open a circuit which is fed.
        mean: of f and phi, without what is left out; 0 if chi' is the one that makes it so.
    """

    n_circuits: int
    redundancy: int
    chi: float
    overlap_rate: float
    loads: Any
    share: Any
    meets: Any
    linked: Any
    circuit: float
    circuit_common: float
    neuron: Any
    neuron_mean: Any
    loads_variance: float
    first: float
    sender: float
    n_fed: int = 0
    fan_in: float = 1.0
    mean: float = 0.0


def received_by(
    set_loads,
    sending=None,
    n_edges: int | None = None,
    fan_in: float = 1.0,
    chi: float | None = None,
) -> Received:
    """Return the moments of what is received, from the loads alone.

    U_n, the expected input of neuron n of t from v, is S·q(r_n) with q the mean of 1 - P0 over the
    slots of v, so E_v phi_n = (1+chi') q - chi'. Of two senders v ≠ w the mean product is

        E_t (E_v f)^2 = Var_t[ mean over M_t of E_v phi_n ] + Var_t c_t + (S e)^2,

    c_t = sum over M_t of (r-1)/((T-1) S), the shared neurons of the layer before, whose loads are
    independent of the receivers'. Leaving them out takes (1/S)^2 + 2 (1/S) E[rest] off E f^2 where
    t and v share one (probability S^2 e); the rest are the cells of S - 1 columns, of mean mu:

        E f^2 = `mean_interaction` - e - 2 e (S-1) mu,      likewise E phi^2.

    Between layers with edges, every circuit that has one is a set, and its neurons' loads are counted
    in edges: one, and those of other circuits on them. Senders that t's own source, or v's targets,
    are not among are alike; what several edges of one circuit have in common is left out.

    Args:
        set_loads: (T, S), the loads of the neurons of every set; with edges, of those that are fed.
        sending: (T', S), those of the sets that feed others, if they are not the same.
        n_edges: T, if not as many as sets.
        fan_in: edges into a circuit that is fed.
        chi: chi'; by default the one that makes the mean of f, but for the last terms, vanish.

    Returns:
        The moments.

    Raises:
        ValueError: if there are fewer than three circuits, or edges.
    """
    set_loads = np.asarray(set_loads)
    n_fed, S = set_loads.shape
    T = n_fed if n_edges is None else n_edges
    check(T >= 3, "set_loads", "must hold at least 3 circuits", T)
    cells = _cells(set_loads, sending, T)
    share, joint, d = cells.share, cells.sent_joint, cells.loads - 1
    sent_d, sent = cells.sent_loads - 1, cells.sent_share
    a, sent_a = d / (T - 1), sent_d / (T - 1)
    e = float(share @ a) / S if n_edges is not None else _overlap_rate(set_loads)
    given, (moment, chi) = chi, _second_moment(cells, T, S, chi)
    linked = (1 - cells.zero) @ sent
    pairs = (S - 1) / S * np.einsum("bc,abc->a", joint, cells.row)
    neuron = (1 + chi) ** 2 * (linked / S + pairs) - 2 * (1 + chi) * chi * linked + chi**2
    # The other columns of a set that shares one of its neurons, more likely a crowded one.
    weights = sent_a @ joint
    weights = weights / weights.sum() if weights.sum() > 0 else sent
    unlinked = disjoint_probability(T - 2, d[:, None], sent_d[None]) @ weights
    # Of all receivers, and of those that v does not use.
    mu = (1 + chi) * (1 - share @ ((1 - a) * unlinked)) - chi
    mu_free = (1 + chi) * (1 - unlinked) - chi
    shared = e + 2 * e * (S - 1) * mu
    circuit = moment - shared
    means = (1 + chi) * linked - chi
    spread = float(means[cells.index].mean(axis=1).var())
    overlaps = (set_loads - 1).sum(axis=1) / ((T - 1) * S)
    first = float((overlaps**2).mean())
    neuron = neuron - a - (1 - a) * e * (1 + 2 * (S - 1) * mu_free)
    sender = float(share @ neuron) / S**2
    mean = 0.0 if given is None else float(share @ means)
    return Received(
        T,
        S,
        chi,
        e,
        cells.loads,
        share,
        a,
        linked,
        circuit,
        spread + first + mean * (mean - 2 * S * e),
        np.maximum(neuron, 0.0),
        means,
        spread,
        first,
        sender,
        n_fed,
        fan_in,
        mean,
    )


def common_interference(set_loads) -> tuple[float, float]:
    """Return what two other active circuits have in common at a receiver, in layer 1 and per later one.

    E_t (E_v |M_t ∩ M_v|/S)^2 and E_t (E_v f)^2 of `received_by`: both (S e)^2 for even loads. They
    enter errors with (z-1)(z-2).

    Args:
        set_loads: (T, S), the loads of the neurons of every set.

    Returns:
        The mean products; 0 if no two circuits overlap.
    """
    set_loads = np.asarray(set_loads)
    if set_loads.shape[0] < 3 or set_loads.max() <= 1:
        return 0.0, 0.0
    received = received_by(set_loads)
    return received.first, received.circuit_common
