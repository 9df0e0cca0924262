"""Decisions of branches: how often noise turns one round, and what they make of idle neurons.

A branch makes its target's indicator clip(u, 0, 1) with u = 1/2 + (w·x - theta)/(2m) and a source that
is on. With noise each of the target's S neurons holds clip(u + c + o_i, 0, 1): c is what the source's
vector is off by, w·dx/(2m), which all of them read alike; o_i is what reaches the neuron alone. The mean
over them is compared with 1/2,

    P(wrong) = E_u E_c Phi( (1/2 - A) sqrt(S)/sd ),    A, sd^2 = mean and variance of clip(u + c + o, 0, 1)

u over values outside of the margin: u >= 1 for the target that is meant. Both noises are normal, but
for neurons that other open circuits share with the source. Such a neuron brings (x_v + (1+b)(1,1))/S at
once, in the layer of the decision; what came so in earlier layers has been turned since, any way.

Edges of other branches disturb neurons that nobody uses: a source that is off but shares a neuron with
a circuit that is on reads 1/S of it, so that its targets receive (k lo + u_v)/S, k = 1/(hi - lo), which
counts against k lo. On a neuron these are rare events, their sum is carried as a law on a grid.
Source: ours; notes#edges.
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._cut import rectified_moments


# Steps of an indicator's rise, and how far sums of events go, in rises.
_GRID, _REACH = 32, 8
# A cut at 1/2 is sharp where neurons have no noise of their own: it takes many nodes.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(30)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_ANGLES = np.cos((np.arange(2000) + 0.5) * pi / 2000)
_LEAST = 1e-12
# Indicators at which what follows of them is worked out.
_LEVELS = np.linspace(0, 1, 101)


class Decisions(NamedTuple):
    """The edges of a gap that decide.

    Attributes:
        edges: those whose source is off.
        fed: the share of inactive circuits that one of them leads to.
        pulls: (A,), k lo + u of such edges for vectors of circuits that are on: equally likely values.
        pushes: (A,), w·(x_v + (1+b)(1,1))/(2m) of such edges and vectors.
        gates: (A,), the part of the gates in it.
        chosen: (B,), u of circuits that are on by it.
        shut: (B',), u of those that a source that is on keeps off.
        n_shut: how many of them there are in a sample.
        slope: |w|^2/(2m)^2, mean.
    """

    edges: float
    fed: float
    pulls: Any
    pushes: Any
    gates: Any
    chosen: Any
    shut: Any
    n_shut: float
    slope: float


class Decided(NamedTuple):
    """What becomes of decisions.

    Attributes:
        wrong: the share with the indicator on the other side of 1/2.
        square: E (alpha - 1)^2 of those that are meant to be on.
        next_square: the same a layer later, behind another step.
        lost: E|dx|^2 of the vector that is handed to them there, through a gate that alpha opens.
        shaky: the share with an indicator above 1/2, but below hi: on, with a vector that is cut.
    """

    wrong: float
    square: float
    next_square: float = 0.0
    lost: float = 0.0
    shaky: float = 0.0


def clipped_moments(mean: Any, sd: Any) -> tuple[Any, Any]:
    """Return E clip(v, 0, 1) and its square's mean for v = mean + sd g, g standard normal."""
    (low, low2), (high, high2) = rectified_moments(mean, sd), rectified_moments(mean - 1, sd)
    return low - high, low2 - high2 - 2 * high


def decided(
    values: Any,
    S: int,
    common: float,
    own: float,
    shift: float = 0.0,
    events: Sequence[tuple[Any, Any]] = (),
    circuits: tuple[float, float, float] = (0.25, 0.75, 1.0),
) -> Decided:
    """Return how decisions come out under noise.

    Args:
        values: (B,), u: above 1/2 for circuits that are meant to be on.
        S: redundancy.
        common: variance of c.
        own: variance of o.
        shift: its mean.
        events: independent of each other, with chances and what is then added to c.
        circuits: lo, hi and b, for what the next layer makes of it.
    """
    from scipy.special import ndtr

    extra, chances = np.zeros(1), np.ones(1)
    for likely, more in events:
        extra = (extra[:, None] + more).ravel()
        chances = (chances[:, None] * likely).ravel()
    # Axes: values, events, nodes of the common noise.
    mean = np.asarray(values, float)[:, None, None] + extra[:, None] + shift
    mean = mean + sqrt(max(common, 0.0)) * _NODES
    first, second = clipped_moments(mean, sqrt(max(own, 0.0)))
    variance = np.maximum(second - first**2, 0.0) / S
    sd = np.sqrt(np.maximum(variance, _LEAST))
    wrong, weak = ndtr((0.5 - first) / sd), ndtr((circuits[1] - first) / sd)
    square = (1 - first) ** 2 + variance
    average = lambda each: float((chances @ (each @ _WEIGHTS).T).mean())
    on, lost = _handed_on(*circuits)
    later, vector = (average(np.interp(first, _LEVELS, each)) for each in (on, lost))
    shaky = max(average(weak) - average(wrong), 0.0)
    return Decided(average(wrong), average(square), later, vector, shaky)


def _handed_on(lo: float, hi: float, b: float) -> tuple[Any, Any]:
    """Return (alpha' - 1)^2 and E|x' - x|^2 behind a step and a gate that `_LEVELS` open.

    x' = ReLU((1+b) alpha - b + x) - alpha', for unit vectors of any direction.
    """
    alpha = np.clip((_LEVELS - lo) / (hi - lo), 0, 1)
    x = _ANGLES[::40]
    held = np.maximum((1 + b) * _LEVELS[:, None] - b + x, 0) - alpha[:, None]
    return (alpha - 1) ** 2, 2 * ((held - x) ** 2).mean(axis=1)


def wrong_decisions(
    margin: float,
    error: float,
    S: int,
    own: float = 0.0,
    threshold: float = 0.0,
    length: float = 1.0,
    values: float | None = None,
) -> Decided:
    """Return how often a branch goes wrong whose source's vector has a given error.

    Args:
        margin: m.
        error: E|dx|^2 of the source.
        S: redundancy.
        own: variance of what reaches a neuron of the target alone, in units of its indicator.
        threshold: theta.
        length: |w| |x|: w·x = length cos phi, phi uniform where it is a margin away from theta.
        values: the margin that values keep, if it is not that of the branch.

    Raises:
        ValueError: unless some value lies outside of the margin.
    """
    check(margin > 0, "margin", "must be above 0", margin)
    away = length * _ANGLES - threshold
    kept = np.abs(away[np.abs(away) >= (margin if values is None else values)])
    check(len(kept) > 0, "margin", "must leave some value outside", margin)
    common = error * length**2 / (2 * (2 * margin) ** 2)
    return decided(0.5 + kept / (2 * margin), S, common, own)


def still_right(decisions: Sequence[Decided]) -> list[float]:
    """Return the chance that all decisions so far were right, after each of them.

    What went wrong stays wrong. A circuit that is on, but not quite, hands a vector on that is cut: the
    decision after it is as good as a coin's.

    Args:
        decisions: one after the other.
    """
    chances, right, shaky = [], 1.0, 0.0
    for one in decisions:
        right *= max(1 - one.wrong - shaky / 2, 0.0)
        shaky = one.shaky
        chances.append(right)
    return chances


class Pull:
    """The law of what other branches bring to a neuron, on a grid of 1/32 of an indicator's rise."""

    def __init__(self, decisions: Decisions, S: int, each: float, chance: float):
        """Work the law out.

        Args:
            decisions: of the gap.
            S: redundancy.
            each: the chance that a given edge's target uses the neuron.
            chance: that a source shares a neuron with circuits that are on.
        """
        size = 2 * _REACH * _GRID
        self.amplitudes = np.asarray(decisions.pulls, float) / S
        place = np.clip(np.round(self.amplitudes * _GRID), -size // 2, size // 2 - 1).astype(int)
        single = np.bincount(place % size, minlength=size) / len(place)
        rate = decisions.edges * each * chance
        law = np.fft.irfft(np.exp(rate * (np.fft.rfft(single) - 1)), size)
        self.law = np.fft.fftshift(np.maximum(law, 0.0))
        self.values = (np.arange(size) - size // 2) / _GRID
        self.mean = rate * float(self.amplitudes.mean())
        self.variance = rate * float((self.amplitudes**2).mean())

    def answers(self, rise: Any, own: float = 0.0) -> tuple[Any, Any]:
        """Return E alpha and E alpha^2 of neurons whose field alone is clip(rise, 0, 1).

        Args:
            rise: (K,), (h - lo)/(hi - lo).
            own: what the circuit's own edge brings.
        """
        alpha = np.clip(np.asarray(rise)[:, None] + own + self.values, 0, 1)
        return alpha @ self.law, alpha**2 @ self.law

    def own(self, most: int = 12) -> Any:
        """Return equally likely values of what a circuit's own edge brings, if it brings any."""
        return np.quantile(self.amplitudes, (np.arange(most) + 0.5) / most)


def shut_neighbours(decisions: Decisions, lo: float, hi: float) -> float:
    """Return E (alpha - 1)^2 of a neuron of an open circuit that a shut target shares."""
    if not len(decisions.shut):
        return 0.0
    held = (1 - lo) / (hi - lo) + lo / (hi - lo) + np.asarray(decisions.shut)
    return float((np.clip(1 - held, 0, 1) ** 2).mean())
