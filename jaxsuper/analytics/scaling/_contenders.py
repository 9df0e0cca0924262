"""The designs of the headline figure, and the T at which theory sees each pass an error target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Any, NamedTuple

import numpy as np

from ... import theory
from ..._errors import lookup
from ..._settings import Configuration
from ...circuits import width_of
from ...simulation import Recipe
from ...theory.seizure import critical_circuits
from ..prediction import predict
from ._designs import fixed_design, scaling_design, ScalingDesign


METRIC = "mse_x_active"
# Ratio of T at which a crossing by theory is narrow enough, and how far to step for one.
_CLOSE, _STEP = 1.02, 1.25
# S*(n) of `theory.seizure.best_redundancy` for n = 200 to 6400, and thresholds near its own.
_GROWTH, _LEAST, _GROWING = 0.6, 3, {"lower_threshold": 0.76, "upper_threshold": 0.89}
_SET = "active set known"


@dataclass(frozen=True)
class Contender:
    """A design with what theory says of how it grows.

    Attributes:
        design: its settings by width.
        assumes: what must be given besides the weights, or nothing.
        limit: (k, c) of T ~ n^k/ln^c n as n grows without end; c = 0 if there is no logarithm, and
            None where no closed form says.
        closed: from settings to the error at layer L; by default that of `predict`.
        steps: whether a seizure may end it: it recomputes its indicators.
    """

    design: ScalingDesign
    assumes: str
    limit: tuple[float, float] | None
    steps: bool = True
    closed: Callable[[Configuration], float | None] | None = None

    @property
    def name(self) -> str:
        """Name of the design."""
        return self.design.name


class Expected(NamedTuple):
    """The most circuits that theory sees under an error target.

    Attributes:
        n_circuits: T.
        ends_by: "payload" (the closed form's error), "seizure", "dying", or "sets" if all they hold fit.
        source: the theory that T is of.
    """

    n_circuits: float
    ends_by: str
    source: str


def _private_error(one: Configuration) -> float:
    n, z = one.network_width // width_of(one.circuit), one.n_active
    return theory.private_active_mse(one.n_layers, one.n_circuits, n, one.redundancy, z)[-1]


def _links(h: int) -> tuple[float, float]:
    """Return the power of a design in which h links fire a neuron."""
    return (2 - 1 / h, 0.0)


def _design(name: str, says: str, redundancy: int, **settings: Any) -> ScalingDesign:
    return ScalingDesign(name, says, lambda n: redundancy, {"allocation": "transversal"} | settings)


# The best of 300 by the closed form at D = 800 to 25,600, z = 1, L = 5 and an error of .3, or close to it.
_CARRIED: dict[str, Any] = {"circuit": "rotation3", "indicator": "carried", "gate_bias": 4.0}
_CARRIED |= {"indicator_redundancy": 5, "indicator_share": 0.3}
# Behind gates of b = 1 it steps from .76 on, see `_seizes`.
_CLEANED = {"construction": "cleaned", "lower_threshold": 0.63, "upper_threshold": 0.89}
# Closes the gates of z = 1 and 2 with room to spare: they receive z S/(S-1) vectors of length 1.
_PRIVATE: dict[str, Any] = {"construction": "private", "circuit": "rotation3", "gate_bias": 10.0}
_CONTENDERS = {
    one.name: one
    for one in (
        Contender(scaling_design("published"), "", _links(2)),
        Contender(
            fixed_design("even-loads", "lines, S = 6, .25/.75", 6, 0.25, 0.75), "", _links(2)
        ),
        Contender(
            fixed_design(
                "thresholds", "prime steps, S = 6, .51/.9", 6, 0.51, 0.9, allocation="prime-steps"
            ),
            "",
            _links(4),
        ),
        Contender(fixed_design("tuned", "lines, S = 4, .55/.9", 4, 0.55, 0.9), "", _links(3)),
        Contender(
            ScalingDesign(
                "log-redundancy",
                "lines, S = 0.6 ln n, .76/.89",
                lambda n: max(_LEAST, round(_GROWTH * log(n))),
                {"allocation": "transversal", **_GROWING},
            ),
            "",
            (2.0, 2.0),
        ),
        Contender(
            _design("cleaned", "clean-up layers, lines, S = 4, .63/.89", 4, **_CLEANED),
            "2L layers",
            _links(4),
        ),
        Contender(
            _design("carried", "carried indicators, lines, S = 5/2", 2, **_CARRIED),
            _SET,
            None,
            steps=False,
        ),
        Contender(
            _design("private", "private links, lines, S = 2", 2, **_PRIVATE),
            _SET,
            (2.0, 0.0),
            steps=False,
            closed=_private_error,
        ),
    )
}
CONTENDERS = tuple(_CONTENDERS)


def contender(name: str) -> Contender:
    """Return a contender by name.

    Raises:
        ValueError: for an unknown name.
    """
    return lookup(_CONTENDERS, name, "design")


def expected(
    one: Contender, network_width: int, target: float | int, settings: Mapping[str, Any]
) -> Expected:
    """Return the most circuits that theory sees under an error target.

    The smaller of two: where the closed form of the error passes the target, and where density evolution
    sees the seizure. Where there is a state evolution, which has both and what lies between them, T is
    that one's: the error passes .3 some way into the seizure.

    Args:
        one: the design.
        network_width: D.
        target: for E|x_est - x|^2 of active circuits at layer L.
        settings: z, L and what else differs from the design's own.

    Returns:
        T; with the fewest circuits if not even they are under the target.
    """
    at = lambda count: one.design.at(network_width, count, **settings)
    first = at(1)
    fewest, held = first.n_active + 2, one.design.held(network_width)
    quiet, ends = float(held), "sets"
    if one.steps:
        quiet, ends = _seizes(one, first, network_width, held)
    top, ends_by = quiet, ends
    source = "closed form" if ends == "sets" else "density evolution"
    closed = one.closed or _closed_form
    error = cache(lambda count: _or_infinite(closed(at(count))))
    count = max(int(top), fewest)
    if error(count) > target:
        below = _crossing(error, target, fewest, count, count)
        top, ends_by, source = below, "payload", "closed form"
    if Recipe.of(first).construction == "clipped":
        evolved = cache(lambda count: _or_infinite(_state_evolution(at(count))))
        top = _crossing(evolved, target, fewest, held, round(top))
        ends_by = "sets" if top == held else "payload" if top < quiet else ends
        source = "state evolution"
    return Expected(top, ends_by, source)


def _seizes(one: Contender, first: Configuration, width: int, held: int) -> tuple[float, str]:
    """Return the critical number of circuits and what ends it.

    A clean-up layer's indicators open what they gate above b/(1+b) of their step only, and the layer
    that is gated hands on what is open: together they are one step from lo + (hi - lo) b/(1+b) to hi.
    """
    lo, hi, b = first.lower_threshold, first.upper_threshold, first.gate_bias
    if first.construction == "cleaned":
        lo += (hi - lo) * b / (1 + b)
    try:
        found = critical_circuits(
            width // width_of(first.circuit),
            first.redundancy,
            first.n_active,
            first.n_layers,
            lo,
            hi,
            loads_of=one.design.loads(width),
            most=held,
        )
    except ValueError:  # not even the fewest circuits are quiet
        return first.n_active + 2.0, "seizure"
    return found.n_circuits, found.ends_by


def _closed_form(one: Configuration) -> float | None:
    form = predict(one, state_evolution=False).closed_form
    return None if form is None or METRIC not in form.values else float(form.values[METRIC][-1])


def _state_evolution(one: Configuration) -> float | None:
    form = predict(one).state_evolution
    return None if form is None else float(form.values[METRIC][-1])


def _or_infinite(error: float | None) -> float:
    """Return an error; where a closed form has ended it is above any target."""
    return float("inf") if error is None or np.isnan(error) else error


def _crossing(
    error: Callable[[int], float], target: float | int, fewest: int, most: int, start: int
) -> float:
    """Return T at which a rising error passes a target, `most` or `fewest` if it lies beyond."""
    low = high = min(max(start, fewest), most)
    while error(high) <= target:
        if high == most:
            return float(most)
        low, high = high, min(max(round(high * _STEP), high + 1), most)
    while error(low) > target:
        if low == fewest:
            return float(fewest)
        low, high = max(min(round(low / _STEP), low - 1), fewest), low
    while high > low * _CLOSE and high > low + 1:
        middle = round((low * high) ** 0.5)
        middle = min(max(middle, low + 1), high - 1)
        low, high = (middle, high) if error(middle) <= target else (low, middle)
    levels = np.log([error(low), error(high)]) - np.log(target)
    if not np.isfinite(levels).all() or levels[1] <= levels[0]:
        return float(low)
    share = -levels[0] / (levels[1] - levels[0])
    return float(np.exp(np.log(low) + share * (np.log(high) - np.log(low))))
