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
from math import exp, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from ._chances import distinct_hits
from ._decisions import Decided, decided, Decisions, Pull, shut_neighbours
from ._flow_noise import (
    circuit_noise,
    cut_noise,
    Gap,
    Idle,
    idle_of,
    Network,
    neuron_noise,
    noise_of,
    Stage,
)
from ._interaction import Received


# |x|^2 of a neuron that holds alpha = 1 and no vector: x = -(1, 1).
_HELD = 2.0
# Components of a vector turned any way.
_TURNS = np.cos((np.arange(12) + 0.5) * pi / 12)
_LEAST = 1e-12


class Errors(NamedTuple):
    """The errors of a layer.

    Attributes:
        opened: E|dx|^2 of open circuits.
        vector: E|x|^2 of inactive ones.
        indicator: E alpha^2 of them.
        opened_on: E(alpha - 1)^2 of open circuits.
        waiting: what becomes of the decisions that others are on by.
    """

    opened: float
    vector: float
    indicator: float
    opened_on: float = 0.0
    waiting: Decided = Decided(0.0, 0.0)


def flow_errors(network: Network, stages: Sequence[Stage], gaps: Sequence[Gap]) -> list[Errors]:
    """Return the errors, layer by layer.

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
    idle = Idle(nothing, nothing, 0.0, 0.0)
    squares = np.arange(S + 1) ** 2
    # Of the circuits that are meant to be on, those that a wrong decision left off for good.
    dead = 0.0
    layers, on, met = [], (0.0, Decided(0.0, 0.0)), Events(min(others * P, 1.0))
    for number, stage in enumerate(stages):
        vector = _inactive_vector(network, stage, links, power, error) + idle.vector
        used = distinct_hits([stage.on], P, S)[0, 0]
        indicator = float(used @ squares) / S**2 + idle.indicator + stage.on * more
        layers.append(Errors(error, vector, indicator, *on))
        if number == len(stages) - 1:
            break
        gap, after, before, links = gaps[number], stages[number + 1], stage, gaps[number].links
        senders, direct = before.on - 1, after.opened - 1 - gap.siblings
        returns = T * e**2 * (2 * P * (number > 0) + 2 * max(number - 1, 0) * P**2)
        returns *= gap.returns
        brought = gap.own * links.meets * vector
        error = gap.carried * error + gap.fan_in * vector
        opened = _opened(network, gap, senders, direct, used, indicator)
        if not network.rectified:
            power = after.power + error + brought + gate * neuron_noise(links, senders)
            error = error + float(links.share @ brought) / S + returns + opened
            error += gate * circuit_noise(links, senders)
            beside = after.beside + gap.siblings * after.power
            error += (e + more) * (direct * (after.power + layers[-1].opened) + beside)
            continue
        if not gap.same:
            idle = idle.spread(links.share)
        pull = None
        if gap.decisions is not None:
            pull = Pull(gap.decisions, S, e * S, before.on * P)
            on = _decided(network, gap, before, layers[-1].opened, idle, pull, met)
        else:
            on = 0.0, Decided(0.0, 0.0)
        # Of circuits that waited, some were not quite on.
        last = layers[-1].waiting
        waited = min(before.waiting / max(after.opened, 1), 1.0)
        now, then = on
        on = (
            min(now + dead + waited * last.next_square, 1.0),
            then._replace(square=dead + (1 - dead) * then.square),
        )
        dead += (1 - dead) * waited * last.wrong
        noise = noise_of(links, senders, idle, float(links.share @ brought) / 2)
        idle = idle_of(gap, before.on, after, network, brought / 2, used, pull)
        field = senders * (links.mean - 2 * S * e)
        met = met.older(before, gate, gap.carried, S)._replace(now=min(direct * P, 1), field=field)
        error, alone, rho = cut_noise(gap, senders, after, b, step, noise, error, rho)
        error += waited * last.lost
        error += returns + opened + direct * more * (after.power + layers[-1].opened + gate)
        power = np.maximum(alone + brought - links.share @ brought, 0.0)
    return layers


def _opened(
    network: Network, gap: Gap, senders: int, direct: float, used, indicator: float
) -> float:
    """Return what edges that open, from sources that are off, add to E|dx|^2 through the gate.

    Neurons that the source which is on shares with them are linked already, and open nothing more.
    What is left has a mean, as has the field of other active circuits.
    """
    if not gap.openers:
        return 0.0
    S, e, squares = network.S, network.e, np.arange(network.S + 1) ** 2
    others = distinct_hits([senders], S**2 * e, S)[0, 0]
    square = indicator - float((used - others) @ squares) / S**2
    field = senders * (gap.links.mean - 2 * S * e) + direct * S * e
    mean = float(others @ np.arange(S + 1)) / S
    return 2 * (1 + network.b) ** 2 * gap.openers * (square + 2 * mean * field)


class Events(NamedTuple):
    """Neurons that other open circuits share with one, which each bring much at once.

    Attributes:
        now: the chance of one in this layer.
        field: what other active circuits bring on average where there is none: less than 0, since the
            mean of all vanishes.
        before: how many there were in earlier layers.
        power: what those brought of E|dx|^2.
    """

    now: float
    field: float = 0.0
    before: float = 0.0
    power: float = 0.0

    def older(self, stage: Stage, gate: float, carried: float, S: int) -> "Events":
        """Return those that the next layer has behind it."""
        each = gate * (1 / S + self.field) ** 2 + stage.power / S**2
        return Events(0.0, 0.0, self.before + self.now, carried * (self.power + self.now * each))

    def outcomes(self, decisions: Decisions, S: int) -> list[tuple[Any, Any]]:
        """Return what decisions may be off by because of them, with chances."""
        count, mean = len(decisions.pushes), self.field * np.asarray(decisions.gates)
        values = np.concatenate([mean, np.asarray(decisions.pushes) / S + mean])
        chances = np.repeat([(1 - self.now) / count, self.now / count], count)
        # Several are taken for one, of the power of all.
        some = 1 - exp(-self.before)
        turned = sqrt(decisions.slope * self.power / max(some, _LEAST)) * _TURNS
        each = np.concatenate([[1 - some], np.full(len(_TURNS), some / len(_TURNS))])
        return [(chances, values), (each, np.concatenate([[0.0], turned]))]


def _decided(
    network: Network, gap: Gap, before: Stage, error: float, idle, pull: Pull, met: Events
) -> tuple[float, Decided]:
    """Return E(alpha - 1)^2 of open circuits beside shut ones, and what becomes of decisions."""
    S, e, links, decisions = network.S, network.e, gap.links, gap.decisions
    assert decisions is not None
    circuits = network.lo, network.hi, network.b
    rise = 1 / (network.hi - network.lo)
    noise = noise_of(links, before.on, idle, 0.0)
    events = met.outcomes(decisions, S)
    brought = sum(float(chances @ values**2) for chances, values in events)
    common = max(decisions.slope * error / 2 - brought, 0.0) + rise**2 * noise.common
    own = rise**2 * noise.own + pull.variance
    shift = pull.mean - rise * before.on * S * e
    waiting = decided(decisions.chosen, S, common, own, shift, events, circuits)
    return e * decisions.n_shut * shut_neighbours(decisions, network.lo, network.hi), waiting


def _inactive_vector(network: Network, stage: Stage, links: Received, power, error: float) -> float:
    """Return E|x|^2 of an inactive circuit that active ones cause: what it reads of their neurons."""
    others, gate = stage.opened - 1, 2 * (1 + network.b) ** 2
    # The chance that another active circuit is on a neuron on which an active and an inactive one are.
    meet = np.maximum(links.loads - 2, 0) / max(links.n_circuits - 2, 1)
    crowded = 1 - (1 - np.minimum(meet, 1)) ** max(others, 0)
    once = power + crowded / 2 * (stage.power + error + gate - power)
    read = stage.opened / network.S * float(links.share @ (links.meets * once))
    return read + stage.waiting * network.e * _HELD + stage.on * network.more
