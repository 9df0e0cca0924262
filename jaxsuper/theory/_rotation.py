"""Errors of clipped rotations to second order: three circuits at once, the ReLU, idle neurons.

The first-order forms (`_closed_forms`) add up what comes from different circuits over one layer.
Here E = E|dx|^2 of active circuits and what their single neurons hold are carried from layer to
layer. With G = 2(1+b)^2, P = S^2 e and the moments of `received_by`,

    E_1 = (z-1) e (1+G) + (z-1)(z-2) G E c^2
    E_l = E_{l-1} + (T-z) e I + e (z-1)(1 + E_{l-1}) + G g + T e^2 ( 2P [l > 2] + 2(l-3) P^2 [l > 3] )
    g   = (z-1) E f^2 + (z-1)(z-2) E_t(E_v f)^2 - (z-1)(z-2)/2 P ( 3A + 4(S-1) B + 2(z-3) C/S )

* I is the mean square of an inactive circuit's vector: z a E|xi|^2/S, of neurons with *their* noise.
  A neuron that two active circuits use counts once, and holds 1 + G more.
* g: two senders have the receiver's loads in common, and count once a neuron that they share; A and
  B are E psi^2 and E psi psi', C is E_t(E_v f)^2.
* Last, what returns: u that meets the active t in layers l-1, l, l+1 brings R_u x_t twice, and since
  rotations of the plane commute the two add up in phase. It is all of the growth at z = 1.

The ReLU cuts y = 1 + x + noise at 0 where x is near -1. Of a neuron's noise, k distinct links to
other active circuits give (1+b)((1+chi')k/S - chi'(z-1)), which is skew and below 0 for most neurons;
what they bring of vectors is taken as normal, as is the error that all S neurons share. A cut is
always outward along x, so it leaves a mean error -rho x that later cuts find: E and rho are carried.

Idle neurons, of no active circuit, fire where k of the z S active neurons reach them such that
(1+chi')k/S - z chi' > lo. Their indicators and vectors are counted once: what fires because of them
is not. So all of it ends where k0·`idle_activity` is not small. Not in the sources.
"""

from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._closed_forms import rotation_active_mse
from ._cut import cut, Open, rectified_moments
from ._interaction import distinct_hits, Received, received_by
from ._overlap import overlap_rate_from_loads
from ._validity import idle_neurons


# Midpoints of a component of a turned unit vector.
_TURNS = np.cos((np.arange(12) + 0.5) * pi / 12)
# Numbers of links rarer than this are left out.
_RARE = 1e-12


class _Idle(NamedTuple):
    """What neurons send that no active circuit uses; by class of load, or by circuit.

    Attributes:
        first: (C,), the sum of their indicators.
        second: (C,), the sum of squares.
        indicator: what they add to E alpha^2 of an inactive circuit.
        vector: what they add to E|x|^2 of one.
    """

    first: Any
    second: Any
    indicator: float
    vector: float


class _Noise(NamedTuple):
    """Unwanted input of an active circuit's neurons, all per component and without direct overlap.

    Attributes:
        common: variance of the indicators' part that all S neurons share.
        own: of what they do not.
        vector: variance of the vectors that others bring to one neuron.
    """

    common: float
    own: float
    vector: float


def rotation_errors(
    set_loads,
    z: int,
    L: int,
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    rectified: bool = True,
    overlap_rate: float | None = None,
) -> dict[str, list[float]]:
    """Return the errors of rotations (d = 4) in the clipped construction, as the module says.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
        z: active circuits.
        L: layers.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        rectified: whether there is a ReLU; the oracle has none, and its idle neurons are 0.
        overlap_rate: e, where sets share more than one neuron; that of the loads if left out.

    Returns:
        metric -> values of layers 1..L: `mse_x_active`, `mse_x_inactive`, `mse_on_inactive`.

    Raises:
        ValueError: unless L >= 1 and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(z >= 1, "z", "must be at least 1", z)
    if len(set_loads) < 3:
        return _without_third(set_loads, z, L, b, overlap_rate)
    links = received_by(set_loads)
    T, S, e, a = links.n_circuits, links.redundancy, links.overlap_rate, links.meets
    gate, P, others = 2 * (1 + b) ** 2, S**2 * e, z - 1
    # Pairs that share several neurons.
    more = 0.0 if overlap_rate is None else overlap_rate - e
    # The chance that another active circuit is on a neuron on which an active and an inactive one are.
    crowded = 1 - (1 - np.maximum(links.loads - 2, 0) / max(T - 2, 1)) ** others
    used = distinct_hits([z], P, S)[0, 0]
    step = lambda h: np.clip((h - lo) / (hi - lo), 0, 1)
    error = others * (e + more) * (1 + gate) + others * (z - 2) * gate * links.first
    power, rho = np.ones_like(a), 0.0
    nothing = np.zeros_like(a)
    idle = _Idle(nothing, nothing, 0.0, 0.0)
    layers = []
    for layer in range(1, L + 1):
        once = power + crowded / 2 * (1 + error + gate - power)
        vector = z / S * float(links.share @ (a * once)) + idle.vector + z * more
        indicator = float(used @ np.arange(S + 1) ** 2) / S**2 + idle.indicator + z * more
        layers.append((error, vector, indicator))
        if layer == L:
            break
        returns = T * e**2 * (2 * P * (layer > 1) + 2 * max(layer - 2, 0) * P**2)
        brought = (T - z) * a * vector
        if not rectified:
            power = 1 + error + brought + gate * _neuron_noise(links, z)
            error = error + float(links.share @ brought) / S + returns
            error += gate * _circuit_noise(links, z) + (e + more) * others * (1 + layers[-1][0])
            continue
        noise = _noise(links, z, idle, float(links.share @ brought) / 2)
        idle = _idle(links, z, b, step, brought / 2, used)
        error, alone, rho = _cut(links, z, b, step, noise, error, rho)
        error += returns + others * more * (1 + layers[-1][0] + gate)
        power = np.maximum(alone + brought - links.share @ brought, 0.0)
    names = ("mse_x_active", "mse_x_inactive", "mse_on_inactive")
    return dict(zip(names, map(list, zip(*layers, strict=True)), strict=True))


def _without_third(set_loads, z: int, L: int, b: float, overlap_rate: float | None):
    """Return the errors of one or two circuits: direct overlap alone."""
    T, S = np.shape(set_loads)
    e = overlap_rate if overlap_rate is not None else 0.0
    if overlap_rate is None and T == 2:
        e = overlap_rate_from_loads([2.0] * int((np.asarray(set_loads)[0] > 1).sum()), S, T)
    return {
        "mse_x_active": [rotation_active_mse(l, T, e, z, b, 0.0) for l in range(1, L + 1)],
        "mse_x_inactive": [z * e] * L,
        "mse_on_inactive": [z * e] * L,
    }


def _circuit_noise(links: Received, z: int) -> float:
    """Return g, the mean square of what a circuit's gate receives of the other active circuits."""
    return _together(links, z, links.circuit, links.circuit_common, links.sender)


def _neuron_noise(links: Received, z: int) -> float:
    """Return the same for a neuron that no other active circuit uses."""
    S, linked, share = links.redundancy, links.linked, links.share
    Se = S * links.overlap_rate
    common = (links.neuron_mean - links.meets - Se) ** 2 + max(links.first - Se**2, 0.0)
    sender = float(share @ (linked - links.meets + links.chi**2 * (1 - linked))) / S**2
    return _together(links, z, float(share @ links.neuron), float(share @ common), sender)


def _together(links: Received, z: int, one: float, common: float, sender: float) -> float:
    """Return E (sum over z - 1 senders)^2, with neurons that two of them share counted once.

    Args:
        links: see `Received`.
        z: active circuits.
        one: the mean square of one sender.
        common: the mean product of two.
        sender: A, the mean square of one of a sender's S neurons; B follows from one = S A + S(S-1) B.
    """
    S, P = links.redundancy, links.redundancy**2 * links.overlap_rate
    pairs = (z - 1) * (z - 2)
    lost = 3 * sender + 4 * (one / S - sender) + 2 * (z - 3) * common / S
    return max((z - 1) * one + pairs * (common - P / 2 * lost), 0.0)


def _noise(links: Received, z: int, idle: _Idle, vector: float) -> _Noise:
    """Split the variance of a circuit's input into what its neurons share and the rest.

    Without direct overlap, which has the mean (z-1) S e, the mean is -2 (z-1) S e.
    """
    S, e, chi, linked = links.redundancy, links.overlap_rate, links.chi, links.linked
    Se, others = S * e, z - 1
    circuit = _circuit_noise(links, z) - (others * Se) ** 2 - others * (e - Se**2)
    neuron = _neuron_noise(links, z) - (2 * others * Se) ** 2
    mean = (float(idle.first @ links.neuron_mean) / S) ** 2
    total = float(idle.first.sum()) / S
    circuit += float(idle.second @ links.neuron) / S**2 + mean + total**2 * links.loads_variance
    neuron += float(idle.second @ (linked + chi**2 * (1 - linked))) / S**2 + mean
    circuit, neuron = max(circuit, 0.0), max(neuron, 0.0)
    own = max(neuron - circuit, 0.0) * S / (S - 1) if S > 1 else 0.0
    return _Noise(max(circuit - own / S, 0.0), own, vector)


def _cut(links: Received, z: int, b: float, step, noise: _Noise, error: float, rho: float):
    """Return E, the power of a neuron alone and rho behind the ReLU, over numbers of links k."""
    S, e, chi, loads = links.redundancy, links.overlap_rate, links.chi, links.loads
    Se, others = S * e, z - 1
    boxes = others * S
    chances = links.share @ distinct_hits((loads - 1) * others, S**2 * e, boxes)[:, 0]
    k = np.flatnonzero(chances > _RARE)
    chances = chances[k] / chances[k].sum()
    field = (1 + chi) * k / S - chi * others
    field = field - chances @ field
    variance = float(chances @ field**2)
    # Where the links alone vary more or less than the loads say.
    scale = min(noise.own / variance, 1.0) if variance > 0 else 0.0
    field = field * sqrt(scale) - 2 * others * Se
    rest = (1 + b) ** 2 * max(noise.own - scale * variance, 0.0)
    # Every link, to its own circuit's neurons too, brings a vector.
    own_links = S**2 * e * float(links.share @ (loads - 1))
    each = noise.vector / max(own_links + float(chances @ k), _RARE)
    sd = np.sqrt(each * (own_links + k) + rest)
    open_ = Open(chances, (1 + b) * field, sd, step(1 + field), (1 + b) ** 2 * noise.common)
    total, power, shrunk = cut(open_, S, error, rho, others * Se, 1 + b)
    # Two circuits share no more than one neuron.
    return total - 2 * (1 + b) ** 2 * others * Se**2 * (S - 1) / S, power, shrunk


def _idle(links: Received, z: int, b: float, step, brought, used) -> _Idle:
    """Return what idle neurons send.

    Those of one circuit go together: the j active neurons that it has in the layer before reach all
    of them, and bring the vector that it believes to have, turned; the circuits on each of them bring
    k - j more links and their own vectors.

    Args:
        links: see `Received`.
        z: active circuits.
        b: gate bias.
        step: the indicator of a field.
        brought: (C,), the variance per component of vectors on a neuron.
        used: (S+1,), the distribution of a circuit's active neurons.
    """
    S, P = links.redundancy, links.redundancy**2 * links.overlap_rate
    number, chances, field = idle_neurons(links, z)
    alpha, k = step(field), np.arange(z * S + 1)
    given = distinct_hits((links.loads - 1) * z, P, z * S, S)
    # Axes: own links j, links k.
    weights = np.einsum("c,cjk->jk", links.share, given)
    on, on2 = weights @ alpha, weights @ alpha**2
    # The variance that one link brings, the same for all loads.
    each = float(links.share @ (brought / np.maximum(chances @ k, _RARE)))
    kept = np.flatnonzero(weights.max(axis=0) > _RARE)
    own = np.arange(S + 1)[:, None, None]
    # Axes: own links, turn, links.
    turned = np.sqrt(2 * each * own) * _TURNS[:, None]
    sd = np.sqrt(each * np.maximum(k[kept] - own, 0))
    first, second = rectified_moments(turned + (1 + b) * field[kept] - b, sd)
    over = lambda values: np.einsum("jk,jtk->jt", weights[:, kept], values)
    content = over(first - alpha[kept])
    power = over(second - 2 * alpha[kept] * first + alpha[kept] ** 2)
    now = np.arange(S + 1)
    free, pairs, both = (
        used @ (S - now),
        used @ ((S - now) * (S - now - 1)),
        used @ (now * (S - now)),
    )
    indicator = used @ (2 * both * on + free * on2 + pairs * on**2) / S**2
    vector = 2 * used @ (free * power + pairs * content**2).mean(axis=1) / S**2
    return _Idle(
        number * (chances @ alpha), number * (chances @ alpha**2), float(indicator), float(vector)
    )
