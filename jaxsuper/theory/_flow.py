"""The recursion behind the errors of rotations: what a layer sends, what the next makes of it.

Every circuit its own successor, with the same z in every layer, is `rotation_errors`, whose docstring
has the formulas; with edges the numbers of active circuits, the senders and the receivers differ from
layer to layer. Per layer (`Stage`) and pair of layers (`Gap`), with V = E|x|^2 and K/S of inactive
circuits, a circuit that an edge opens has

    before the ReLU:   carried E + fan_in V + (own edges of inactive sources on its neurons) V
    direct overlap:    e ( (opened - 1) (power + G) + beside )
    gates:             G ( C from the other active circuits + openers E(K/S)^2 ),     G = 2(1+b)^2

"Beside" are vectors that active circuits give to such that stay off: they bring it to their neurons.
Active circuits whose gate is shut ("waiting": the indicator alone was switched on) hold alpha and no
vector, so that x = y - alpha of their neurons is -(1, 1). Source: ours; notes#edges.
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from ._cut import cut, Open, rectified_moments
from ._interaction import distinct_hits, Received
from ._validity import idle_neurons


# |x|^2 of a neuron that holds alpha = 1 and no vector: x = -(1, 1).
_HELD = 2.0
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

    def spread(self, share) -> "_Idle":
        """Return the same over other classes, of which these neurons may be any."""
        sums = {"first": share * self.first.sum(), "second": share * self.second.sum()}
        return self._replace(**sums)


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


class Stage(NamedTuple):
    """The circuits that are on in a layer, in one sample.

    Attributes:
        opened: with an open gate.
        waiting: with a gate that is shut.
        power: E|x|^2 of those that are open.
        beside: |x|^2 brought to circuits that are off, summed over them.
    """

    opened: int
    waiting: int = 0
    power: float = 1.0
    beside: float = 0.0

    @property
    def on(self) -> int:
        """All that are on."""
        return self.opened + self.waiting


class Gap(NamedTuple):
    """What lies between a layer and the next.

    Attributes:
        links: of edges that open, each in the place of a circuit.
        own: the edges whose source is off, each with the square of its share of the target's weights.
        carried: the same, summed over edges into an open circuit from sources that are on.
        fan_in: the same of sources that are off.
        openers: edges that open into an open circuit, from sources that are off.
        fed: the share of inactive circuits that some edge opens.
        returns: the share of circuits that are their own successors, here and before.
        same: whether senders and receivers are those of the gap before.
    """

    links: Received
    own: float
    carried: float = 1.0
    fan_in: float = 0.0
    openers: float = 0.0
    fed: float = 1.0
    returns: float = 0.0
    same: bool = False


class Network(NamedTuple):
    """What is the same in all layers.

    Attributes:
        T: circuits.
        S: redundancy.
        e: overlap rate, of sets that share one neuron at most.
        more: of what sets share beyond that.
        first: E_t (E_v |M_t ∩ M_v|/S)^2.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        rectified: whether there is a ReLU.
    """

    T: int
    S: int
    e: float
    more: float
    first: float
    lo: float
    hi: float
    b: float
    rectified: bool


def flow_errors(
    network: Network, stages: Sequence[Stage], gaps: Sequence[Gap]
) -> list[tuple[float, float, float]]:
    """Return E|dx|^2 of open circuits, E|x|^2 and E alpha^2 of inactive ones, layer by layer.

    Args:
        network: what is the same in all layers.
        stages: L of them.
        gaps: L - 1 of them, or one more, of which the first has the loads of layer 1.
    """
    T, S, e, more, b = network.T, network.S, network.e, network.more, network.b
    gate, P = 2 * (1 + b) ** 2, S**2 * e
    step = lambda h: np.clip((h - network.lo) / (network.hi - network.lo), 0, 1)
    stage, links = stages[0], gaps[0].links
    others = stage.opened - 1
    error = others * (e + more) * (stage.power + gate)
    error += others * (stage.opened - 2) * gate * network.first
    power, rho = np.full_like(links.meets, stage.power), 0.0
    nothing = np.zeros_like(links.meets)
    idle = _Idle(nothing, nothing, 0.0, 0.0)
    layers = []
    for number, stage in enumerate(stages):
        vector = _inactive_vector(network, stage, links, power, error) + idle.vector
        used = distinct_hits([stage.on], P, S)[0, 0]
        indicator = float(used @ np.arange(S + 1) ** 2) / S**2 + idle.indicator + stage.on * more
        layers.append((error, vector, indicator))
        if number == len(stages) - 1:
            break
        gap, after, before, links = gaps[number], stages[number + 1], stage, gaps[number].links
        senders, direct = before.on - 1, after.opened - 1
        returns = T * e**2 * (2 * P * (number > 0) + 2 * max(number - 1, 0) * P**2)
        returns *= gap.returns
        brought = gap.own * links.meets * vector
        error = gap.carried * error + gap.fan_in * vector
        opened = gate * gap.openers * indicator
        if not network.rectified:
            power = after.power + error + brought + gate * _neuron_noise(links, senders)
            error = error + float(links.share @ brought) / S + returns + opened
            error += gate * _circuit_noise(links, senders)
            error += (e + more) * (direct * (after.power + layers[-1][0]) + after.beside)
            continue
        if not gap.same:
            idle = idle.spread(links.share)
        noise = _noise(links, senders, idle, float(links.share @ brought) / 2)
        idle = _idle(gap, before.on, after, b, step, brought / 2, used)
        error, alone, rho = _cut(links, senders, after, b, step, noise, error, rho)
        error += returns + opened + direct * more * (after.power + layers[-1][0] + gate)
        power = np.maximum(alone + brought - links.share @ brought, 0.0)
    return layers


def _inactive_vector(network: Network, stage: Stage, links: Received, power, error: float) -> float:
    """Return E|x|^2 of an inactive circuit that active ones cause: what it reads of their neurons."""
    others, gate = stage.opened - 1, 2 * (1 + network.b) ** 2
    # The chance that another active circuit is on a neuron on which an active and an inactive one are.
    meet = np.maximum(links.loads - 2, 0) / max(links.n_circuits - 2, 1)
    crowded = 1 - (1 - np.minimum(meet, 1)) ** max(others, 0)
    once = power + crowded / 2 * (stage.power + error + gate - power)
    read = stage.opened / network.S * float(links.share @ (links.meets * once))
    return read + stage.waiting * network.e * _HELD + stage.on * network.more


def _circuit_noise(links: Received, others: int) -> float:
    """Return g, the mean square of what a circuit's gate receives of the other active circuits."""
    return _together(links, others, links.circuit, links.circuit_common, links.sender)


def _neuron_noise(links: Received, others: int) -> float:
    """Return the same for a neuron that no other active circuit uses."""
    S, linked, share = links.redundancy, links.linked, links.share
    Se = S * links.overlap_rate
    common = (links.neuron_mean - links.meets - Se) ** 2 + max(links.first - Se**2, 0.0)
    sender = float(share @ (linked - links.meets + links.chi**2 * (1 - linked))) / S**2
    return _together(links, others, float(share @ links.neuron), float(share @ common), sender)


def _together(links: Received, others: int, one: float, common: float, sender: float) -> float:
    """Return E (sum over senders)^2, with neurons that two of them share counted once.

    Args:
        links: see `Received`.
        others: senders, z - 1.
        one: the mean square of one sender.
        common: the mean product of two.
        sender: A, the mean square of one of a sender's S neurons; B follows from one = S A + S(S-1) B.
    """
    S, P = links.redundancy, links.redundancy**2 * links.overlap_rate
    pairs = others * (others - 1)
    lost = 3 * sender + 4 * (one / S - sender) + 2 * (others - 2) * common / S
    return max(others * one + pairs * (common - P / 2 * lost), 0.0)


def _noise(links: Received, others: int, idle: _Idle, vector: float) -> _Noise:
    """Split the variance of a circuit's input into what its neurons share and the rest.

    Without direct overlap, which has the mean (z-1) S e, the mean is -2 (z-1) S e, z - 1 = `others`.
    """
    S, e, chi, linked = links.redundancy, links.overlap_rate, links.chi, links.linked
    Se = S * e
    circuit = _circuit_noise(links, others) - (others * Se) ** 2 - others * (e - Se**2)
    neuron = _neuron_noise(links, others) - (2 * others * Se) ** 2
    mean = (float(idle.first @ links.neuron_mean) / S) ** 2
    total = float(idle.first.sum()) / S
    circuit += float(idle.second @ links.neuron) / S**2 + mean + total**2 * links.loads_variance
    neuron += float(idle.second @ (linked + chi**2 * (1 - linked))) / S**2 + mean
    circuit, neuron = max(circuit, 0.0), max(neuron, 0.0)
    own = max(neuron - circuit, 0.0) * S / (S - 1) if S > 1 else 0.0
    return _Noise(max(circuit - own / S, 0.0), own, vector)


def _cut(
    links: Received,
    others: int,
    after: Stage,
    b: float,
    step,
    noise: _Noise,
    error: float,
    rho: float,
):
    """Return E, the power of a neuron alone and rho behind the ReLU, over numbers of links k."""
    S, e, chi, loads = links.redundancy, links.overlap_rate, links.chi, links.loads
    Se, direct = S * e, after.opened - 1
    boxes = others * S
    chances = links.share @ distinct_hits((loads - 1) * others, S**2 * e, boxes)[:, 0]
    k = np.flatnonzero(chances > _RARE)
    chances = chances[k] / chances[k].sum()
    field = (1 + chi) * k / S - chi * others
    field = field - chances @ field
    variance = float(chances @ field**2)
    # Where the links alone vary more or less than the loads say.
    scale = min(noise.own / variance, 1.0) if variance > 0 else 0.0
    field = field * sqrt(scale) - (others + direct) * Se
    rest = (1 + b) ** 2 * max(noise.own - scale * variance, 0.0)
    # Every link, to its own circuit's neurons too, brings a vector.
    own_links = S**2 * e * float(links.share @ (loads - 1))
    each = noise.vector / max(own_links + float(chances @ k), _RARE)
    sd = np.sqrt(each * (own_links + k) + rest)
    open_ = Open(chances, (1 + b) * field, sd, step(1 + field), (1 + b) ** 2 * noise.common)
    shared = direct * Se, Se * after.beside
    total, power, shrunk = cut(open_, S, error, rho, shared, 1 + b, power=after.power)
    # Two circuits share no more than one neuron.
    return total - 2 * (1 + b) ** 2 * direct * Se**2 * (S - 1) / S, power, shrunk


def _idle(gap: Gap, z: int, after: Stage, b: float, step, brought, used) -> _Idle:
    """Return what idle neurons send.

    Those of one circuit go together: the j active neurons that it has in the layer before reach all
    of them, and bring the vector that it believes to have, turned; the circuits on each of them bring
    k - j more links and their own vectors.

    Args:
        gap: see `Gap`.
        z: circuits that were on.
        after: those that are now.
        b: gate bias.
        step: the indicator of a field.
        brought: (C,), the variance per component of vectors on a neuron.
        used: (S+1,), the distribution of a circuit's active neurons.
    """
    links = gap.links
    S, P = links.redundancy, links.redundancy**2 * links.overlap_rate
    number, chances, field = idle_neurons(links, z, after.on)
    alpha, k = step(field), np.arange(z * S + 1)
    given = distinct_hits((links.loads - 1) * z, P, z * S, S)
    # Those that no edge opens have no links of their own; those that several do have more.
    own_used = used if links.fan_in == 1 else _several(used, links.fan_in)
    if gap.fed < 1:
        own_used = gap.fed * own_used + (1 - gap.fed) * (np.arange(S + 1) == 0)
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
    here = used if after.on == z else distinct_hits([after.on], P, S)[0, 0]
    free, pairs, both = (
        here @ (S - now),
        here @ ((S - now) * (S - now - 1)),
        here @ (now * (S - now)),
    )
    indicator = own_used @ (2 * both * on + free * on2 + pairs * on**2) / S**2
    vector = 2 * own_used @ (free * power + pairs * content**2).mean(axis=1) / S**2
    return _Idle(
        number * (chances @ alpha), number * (chances @ alpha**2), float(indicator), float(vector)
    )


def _several(used, fan_in: float):
    """Return the law of the active neurons that so many sources share, up to those of one."""
    law, S = used, len(used) - 1
    for _ in range(round(fan_in) - 1):
        law = np.convolve(law, used)
    law[S] += law[S + 1 :].sum()
    return law[: S + 1]
