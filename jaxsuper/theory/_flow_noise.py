"""What a layer receives that it should not, of a flow through circuits that may differ by layer.

What the numbers of a program are (`Stage`, `Gap`, `Network`), the noise of gates, the ReLU that cuts
it, and idle neurons. The docstring of `rotation_errors` has the formulas; source: ours, notes#edges.
"""

from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from ._chances import distinct_hits
from ._cut import cut, Open, rectified_moments
from ._decisions import Decisions, Pull
from ._interaction import Received
from ._validity import idle_neurons


# Midpoints of a component of a turned unit vector.
_TURNS = np.cos((np.arange(12) + 0.5) * pi / 12)
# Numbers of links rarer than this are left out.
_RARE = 1e-12


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
        siblings: other circuits that the same source opens: where they share a neuron, it is linked to the
            source once, and gets their vectors alone.
        returns: the share of circuits that are their own successors, here and before.
        same: whether senders and receivers are those of the gap before.
        decisions: the edges that decide, if there are any.
    """

    links: Received
    own: float
    carried: float = 1.0
    fan_in: float = 0.0
    openers: float = 0.0
    fed: float = 1.0
    siblings: float = 0.0
    returns: float = 0.0
    same: bool = False
    decisions: Decisions | None = None


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


class Idle(NamedTuple):
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

    def spread(self, share) -> "Idle":
        """Return the same over other classes, of which these neurons may be any."""
        sums = {"first": share * self.first.sum(), "second": share * self.second.sum()}
        return self._replace(**sums)


class Noise(NamedTuple):
    """Unwanted input of an active circuit's neurons, all per component and without direct overlap.

    Attributes:
        common: variance of the indicators' part that all S neurons share.
        own: of what they do not.
        vector: variance of the vectors that others bring to one neuron.
    """

    common: float
    own: float
    vector: float


def circuit_noise(links: Received, others: int) -> float:
    """Return g, the mean square of what a circuit's gate receives of the other active circuits."""
    return _together(links, others, links.circuit, links.circuit_common, links.sender)


def neuron_noise(links: Received, others: int) -> float:
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


def noise_of(links: Received, others: int, idle: Idle, vector: float) -> Noise:
    """Split the variance of a circuit's input into what its neurons share and the rest.

    Without direct overlap, which has the mean (z-1) S e, the mean is -2 (z-1) S e, z - 1 = `others`.
    """
    S, e, chi, linked = links.redundancy, links.overlap_rate, links.chi, links.linked
    Se = S * e
    circuit = circuit_noise(links, others) - (others * (links.mean - Se)) ** 2
    circuit -= others * (e - Se**2)
    neuron = neuron_noise(links, others) - (others * (links.mean - 2 * Se)) ** 2
    mean = (float(idle.first @ links.neuron_mean) / S) ** 2
    total = float(idle.first.sum()) / S
    circuit += float(idle.second @ links.neuron) / S**2 + mean + total**2 * links.loads_variance
    neuron += float(idle.second @ (linked + chi**2 * (1 - linked))) / S**2 + mean
    circuit, neuron = max(circuit, 0.0), max(neuron, 0.0)
    own = max(neuron - circuit, 0.0) * S / (S - 1) if S > 1 else 0.0
    return Noise(max(circuit - own / S, 0.0), own, vector)


def cut_noise(
    gap: Gap,
    others: int,
    after: Stage,
    b: float,
    step,
    noise: Noise,
    error: float,
    rho: float,
):
    """Return E, the power of a neuron alone and rho behind the ReLU, over numbers of links k."""
    links, direct = gap.links, after.opened - 1 - gap.siblings
    S, e, chi, loads = links.redundancy, links.overlap_rate, links.chi, links.loads
    Se = S * e
    boxes = others * S
    chances = links.share @ distinct_hits((loads - 1) * others, S**2 * e, boxes)[:, 0]
    k = np.flatnonzero(chances > _RARE)
    chances = chances[k] / chances[k].sum()
    field = (1 + chi) * k / S - chi * others
    field = field - chances @ field
    variance = float(chances @ field**2)
    # Where the links alone vary more or less than the loads say.
    scale = min(noise.own / variance, 1.0) if variance > 0 else 0.0
    field = field * sqrt(scale) + others * (links.mean - 2 * Se)
    rest = (1 + b) ** 2 * max(noise.own - scale * variance, 0.0)
    # Every link, to its own circuit's neurons too, brings a vector.
    own_links = S**2 * e * float(links.share @ (loads - 1))
    each = noise.vector / max(own_links + float(chances @ k), _RARE)
    sd = np.sqrt(each * (own_links + k) + rest)
    open_ = Open(chances, (1 + b) * field, sd, step(1 + field), (1 + b) ** 2 * noise.common)
    shared = direct * Se, Se * (after.beside + gap.siblings * after.power)
    total, power, shrunk = cut(open_, S, error, rho, shared, 1 + b, power=after.power)
    # Two circuits share no more than one neuron.
    return total - 2 * (1 + b) ** 2 * direct * Se**2 * (S - 1) / S, power, shrunk


def idle_of(
    gap: Gap, z: int, after: Stage, network: Network, brought, used, pull: Pull | None = None
) -> Idle:
    """Return what idle neurons send.

    Those of one circuit go together: the j active neurons that it has in the layer before reach all
    of them, and bring the vector that it believes to have, turned; the circuits on each of them bring
    k - j more links and their own vectors.

    Args:
        gap: see `Gap`.
        z: circuits that were on.
        after: those that are now.
        network: for the step and the gate.
        brought: (C,), the variance per component of vectors on a neuron.
        used: (S+1,), the distribution of a circuit's active neurons.
        pull: what branches bring.
    """
    links, b = gap.links, network.b
    S, P = links.redundancy, links.redundancy**2 * links.overlap_rate
    number, chances, field = idle_neurons(links, z, after.on)
    rise, k = (field - network.lo) / (network.hi - network.lo), np.arange(z * S + 1)
    given = distinct_hits((links.loads - 1) * z, P, z * S, S)
    # Those that no edge opens have no links of their own; those that several do have more.
    own_used = used if links.fan_in == 1 else _several(used, links.fan_in)
    if gap.fed < 1:
        own_used = gap.fed * own_used + (1 - gap.fed) * (np.arange(S + 1) == 0)
    # Axes: own links j, links k.
    weights = np.einsum("c,cjk->jk", links.share, given)
    # The variance that one link brings, the same for all loads.
    each = float(links.share @ (brought / np.maximum(chances @ k, _RARE)))
    kept = np.flatnonzero(weights.max(axis=0) > _RARE)
    own = np.arange(S + 1)[:, None, None]
    # Axes: own links, turn, links.
    turned = np.sqrt(2 * each * own) * _TURNS[:, None]
    sd = np.sqrt(each * np.maximum(k[kept] - own, 0))
    first, second = rectified_moments(turned + (1 + b) * field[kept] - b, sd)
    over = lambda values: np.einsum("jk,jtk->jt", weights[:, kept], values)
    now = np.arange(S + 1)
    here = used if after.on == z else distinct_hits([after.on], P, S)[0, 0]
    free, pairs, both = (
        here @ (S - now),
        here @ ((S - now) * (S - now - 1)),
        here @ (now * (S - now)),
    )
    indicator = vector = 0.0
    answers = _answers(rise, gap, pull, z * P)
    for chance, alpha, square in answers:
        on, on2 = weights @ alpha, weights @ square
        content = over(first - alpha[kept])
        power = over(second - 2 * alpha[kept] * first + square[kept])
        indicator += chance * own_used @ (2 * both * on + free * on2 + pairs * on**2) / S**2
        each = (free * power + pairs * content**2).mean(axis=1)
        # Neurons of circuits that wait hold -1, as those that fire by mistake hold -alpha.
        each = each - 2 * both * after.waiting / after.on * content.mean(axis=1)
        vector += chance * 2 * own_used @ each / S**2
    # Of a neuron, whichever circuits it has.
    _, alpha, square = answers[0]
    sums = number * (chances @ alpha), number * (chances @ square)
    return Idle(*sums, float(indicator), float(vector))


def _answers(rise, gap: Gap, pull: Pull | None, chance: float):
    """Return kinds of inactive circuits: how likely, and E alpha and E alpha^2 by links k."""
    if pull is None or gap.decisions is None:
        alpha = np.clip(rise, 0, 1)
        return [(1.0, alpha, alpha**2)]
    own, some = pull.own(), gap.decisions.fed * min(chance, 1.0)
    return [(1 - some, *pull.answers(rise))] + [
        (some / len(own), *pull.answers(rise, each)) for each in own
    ]


def _several(used, fan_in: float):
    """Return the law of the active neurons that so many sources share, up to those of one."""
    law, S = used, len(used) - 1
    for _ in range(round(fan_in) - 1):
        law = np.convolve(law, used)
    law[S] += law[S + 1 :].sum()
    return law[: S + 1]
