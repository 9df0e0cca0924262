"""The critical number of circuits: where erroneous activity runs away, or active circuits die."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..._errors import bad, check
from ._density import Activity, density_evolution
from ._links import Links
from ._loads import even_loads, LoadClasses


# The growth of inactive indicators' error over the layers above which a network is said to seize, and
# the error of active ones above which they are said to have died.
GROWTH, DEAD = 2.0, 0.1
# Layers after which a state that is still quiet counts as stationary, near a fold a slow approach.
_STATIONARY = 200
_PRECISION, _STRIDE = 0.002, 1.5


class Critical(NamedTuple):
    """The most circuits that stay quiet.

    Attributes:
        n_circuits: T, a real number.
        ends_by: "seizure", "dying" (of active circuits), or "sets" where the most circuits are quiet.
        load_share: T/n^2 = T (d/D)^2.
    """

    n_circuits: float
    ends_by: str
    load_share: float


def critical_circuits(
    block_width: float | int,
    redundancy: int,
    n_active: int,
    n_layers: int | None,
    lower_threshold: float | int = 0.25,
    upper_threshold: float | int = 0.75,
    growth: float | int = GROWTH,
    inhibition: str = "scalar",
    inhibition_factor: float | int = 1.0,
    loads_of: Callable[[float | int], LoadClasses] | None = None,
    most: float | int | None = None,
    precision: float = _PRECISION,
) -> Critical:
    """Return T at which inactive indicators' error has grown by a factor, or active ones have died.

    Milliseconds to seconds for n up to 10^9, where chances of 1/n are still told from rounding: nothing is
    simulated. Source: ours; notes#critical-load.

    Args:
        block_width: n.
        redundancy: S.
        n_active: z.
        n_layers: L; None for the fold, the T up to which a stationary quiet state exists.
        lower_threshold: lo.
        upper_threshold: hi.
        growth: from layer 1 to L; with L = None of the stationary state.
        inhibition: "scalar" or "receiver".
        inhibition_factor: factor on chi'.
        loads_of: from T to loads; by default `even_loads`.
        most: circuits that the sets hold; n^2 if left out.
        precision: relative, of T.

    Raises:
        ValueError: if not even the fewest circuits are quiet, n/S or z + 2.
    """
    S = redundancy
    check(growth > 1, "growth", "must be above 1", growth)

    def end(T: float) -> str:
        loads = even_loads(T, S, block_width) if loads_of is None else loads_of(T)
        links = Links.of(loads, n_active, inhibition, inhibition_factor)
        return _end(links, n_layers, lower_threshold, upper_threshold, growth)

    low, most = max(block_width / S, n_active + 2.0), most or float(block_width) ** 2
    if found := end(low):
        raise bad("redundancy", f"{low:.4g} circuits show {found} at any size", S)
    high = low
    while not (ends_by := end(high)):
        if high >= most:
            return Critical(most, "sets", most / float(block_width) ** 2)
        low, high = high, min(high * _STRIDE, most)
    while high > low * (1 + precision):
        middle = (low * high) ** 0.5
        if found := end(middle):
            high, ends_by = middle, found
        else:
            low = middle
    T = (low * high) ** 0.5
    return Critical(T, ends_by, T / float(block_width) ** 2)


def _end(links: Links, n_layers: int | None, lo: float, hi: float, growth: float) -> str:
    """Return what ends quiet work within so many layers: "seizure", "dying" or nothing."""
    activity = density_evolution(links, n_layers or _STATIONARY, lo, hi, until=growth)
    return ended(activity, growth)


def ended(activity: Activity, growth: float | int = GROWTH) -> str:
    """Return "seizure", "dying" of active circuits, or "" for quiet work."""
    if activity.growth > growth:
        return "seizure"
    return "dying" if activity.active.max() > DEAD else ""


def bare_critical_circuits(
    block_width: float | int, redundancy: int, n_active: int, lower_threshold: float | int
) -> float:
    """Return T with n q = z S, q = P(Bin(z S, p) >= h), h = floor(lo S) + 1, p = 1 - (1 - S^2/n^2)^T.

    The rule without inhibition, feedback or graded thresholds: of it remains the exponent
    T ~ n^(2 - 1/h).

    Args:
        block_width: n.
        redundancy: S.
        n_active: z.
        lower_threshold: lo.
    """
    from scipy.optimize import brentq
    from scipy.stats import binom

    n, S, z = block_width, redundancy, n_active
    h = int(lower_threshold * S) + 1
    excess = lambda p: n * binom.sf(h - 1, z * S, p) - z * S
    p = float(brentq(excess, 1e-300, 1 - 1e-12))  # pyrefly: ignore
    return float(np.log1p(-p) / np.log1p(-(S**2) / n**2))
