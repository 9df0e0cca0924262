"""Density evolution of indicators: erroneous activity by layer, without a random number.

What fires is decided by indicators alone, in any circuit with the standard step. The law of one
circuit's S indicators determines that of the next layer, since layers are shuffled independently
("density evolution", as for codes on sparse graphs). A neuron of an inactive circuit has

    S h = (1+chi') a c - chi' a z S  +  rho + e - chi' (A - e),     alpha' = step(h)

with a the indicator of active circuits, c the neurons of active ones that it is linked to (counted
once, the K that its own circuit uses among them), rho its own circuit's erroneous indicators, and e what
it is linked to of A, those of all others. An erroneous neuron that is linked excites by 1, not by
1+chi': it adds to the total that inhibits, whereas the z S neurons of active circuits are there whoever
is linked to them. Next layer: K' is drawn afresh, and rho' is the sum over the S - K' other neurons,
alike and independent given K and rho.

How many circuits fire varies less than a Poisson number: all circuits are placed somewhere, and of the
others on a neuron each makes one link at most.

State: the law of rho for each K, on a grid; mean and variance of A between inputs. Active circuits have
one more law, so that it is seen when they die. Left out: overlaps above 1, and T close to the loads.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._errors import check
from ._grid import (
    DUST,
    GRID,
    Law,
    normalised,
    numbers,
    power_of_two,
    response,
    scaled,
    shifted,
    summed,
    trimmed,
    values_of,
)
from ._links import Links


# Values of A that stand for its law, ten do as well; the least they differ by, relative to its mean;
# and the least shape of a gamma distribution whose quantiles do not vanish.
_QUANTILES, _STEP, _LEAST_SHAPE = 3, 0.1, 0.1
# Relative change of a layer that counts as none.
_SAME = 1e-4


class Activity(NamedTuple):
    """Erroneous activity by layer.

    Attributes:
        inactive: (L,), E alpha^2 of inactive circuits' indicators.
        active: (L,), E (alpha - 1)^2 of active ones.
        erroneous: (L,), A/(z S): what idle neurons send, beside the z S neurons that should be active.
    """

    inactive: Any
    active: Any
    erroneous: Any

    @property
    def growth(self) -> float:
        """The inactive indicators' error in the last layer beside that of the first."""
        return float(self.inactive[-1] / self.inactive[0]) if self.inactive[0] > 0 else np.nan


class _Laws(NamedTuple):
    """What a layer sends on.

    Attributes:
        rho: (z + 1, G), the law of an inactive circuit's erroneous indicators, given K.
        active: (G,), of an active circuit's indicators.
        idle: (C,), what idle neurons send, by class: A is their sum.
        spread: variance between inputs of what A is expected to be, given the layer before.
        chance: variance of A beyond that.
    """

    rho: Any
    active: Any
    idle: Any
    spread: float
    chance: float


def density_evolution(
    links: Links,
    n_layers: int,
    lower_threshold: float | int,
    upper_threshold: float | int,
    start: str = "quiet",
    until: float | int = np.inf,
) -> Activity:
    """Predict the indicators of the clipped construction layer by layer.

    Source: ours; notes#critical-load.

    Args:
        links: the laws of links.
        n_layers: L.
        lower_threshold: lo, of the step.
        upper_threshold: hi.
        start: "quiet", as a network starts, or "all on", to see which side of a fold is stable.
        until: no further layer once the inactive indicators' error has grown by so much, or once a
            layer is as the one before; the last value then stands for the layers that are left.

    Returns:
        The activity of layers 1..L.

    Raises:
        ValueError: for fewer than one layer, thresholds in disorder or another start.
    """
    check(n_layers >= 1, "n_layers", "must be at least 1", n_layers)
    fits = 0 <= lower_threshold < upper_threshold
    check(fits, "upper_threshold", f"must be above {lower_threshold}", upper_threshold)
    laws = _first(links, start)
    seen = [_seen(links, laws)]
    for _ in range(n_layers - 1):
        laws = _next(links, laws, lower_threshold, upper_threshold)
        seen.append(_seen(links, laws))
        if seen[-1][0] > until * seen[0][0] or np.allclose(seen[-1], seen[-2], _SAME, _SAME):
            break
    seen += seen[-1:] * (n_layers - len(seen))
    return Activity(*np.array(seen).T)


def _first(links: Links, start: str) -> _Laws:
    loads = links.loads
    S, classes = loads.redundancy, len(loads.values)
    check(start in ("quiet", "all on"), "start", "must be quiet or all on", start)
    quiet = start == "quiet"
    rho, active = np.zeros((len(links.shared), S * GRID + 1)), np.zeros(S * GRID + 1)
    for k, law in enumerate(rho):
        law[0 if quiet else max(S - k, 0) * GRID] = 1
    active[-1] = 1
    return _Laws(rho, active, _idle(links, np.full(classes, 0.0 if quiet else 1.0)), 0.0, 0.0)


def _idle(links: Links, each: Any) -> Any:
    """Return the sum over the idle neurons of each class, if each of them sends so much."""
    loads, shared = links.loads, np.arange(len(links.shared))
    unused = float(links.shared @ np.maximum(loads.redundancy - shared, 0))
    return loads.n_circuits * unused * loads.slots / loads.values * each


def _seen(links: Links, laws: _Laws) -> tuple[float, float, float]:
    S, values = links.loads.redundancy, values_of(laws.active)
    shared = np.arange(len(links.shared))[:, None]
    inactive = float(links.shared @ (laws.rho * (values + shared) ** 2).sum(1)) / S**2
    active = float(laws.active @ (values / S - 1) ** 2)
    return inactive, active, float(laws.idle.sum()) / (links.n_active * S)


def _next(links: Links, laws: _Laws, lo: float, hi: float) -> _Laws:
    S, z, slots = links.loads.redundancy, links.n_active, links.loads.slots
    level = _level(laws)
    step = lambda field: np.clip((field / S - lo) / (hi - lo), 0, 1)

    def by_class(fields: Any, inhibiting: float) -> Any:
        """Return the law of alpha' by class and its circuit's own indicators: (C, G, g + 1)."""
        fields = [f.moved(-x * inhibiting) for f, x in zip(fields, links.inhibition, strict=True)]
        return np.array([response(field, len(laws.active), step) for field in fields])

    mean, square, own = np.zeros((3, 0, len(slots)))
    total_idle = float(laws.idle.sum())
    # Never a point, so that it shows how what follows depends on it.
    expected = _quantiles(total_idle, max(laws.spread, (_STEP * total_idle) ** 2))
    rho = np.zeros_like(laws.rho)
    for total in expected.tolist():
        seen = np.zeros((len(slots), GRID + 1))
        given = np.zeros(len(slots))
        for k in np.flatnonzero(links.shared > DUST).tolist():
            fields = [_field(links, laws, index, k, total) for index in range(len(slots))]
            laws_of_alpha = by_class(fields, z * S * level)
            single = np.tensordot(slots, laws_of_alpha, 1)
            for after in range(len(rho)):
                rho[after] += links.shared[k] * summed(laws.rho[k], single, S - after)
            seen += links.shared[k] * (laws.rho[k] @ laws_of_alpha)
            given += links.shared[k] * ((laws_of_alpha @ values_of(seen)) ** 2 @ laws.rho[k])
        own = np.vstack([own, given])
        mean = np.vstack([mean, seen @ values_of(seen)])
        square = np.vstack([square, seen @ values_of(seen) ** 2])
    idle = np.array([_idle(links, each) for each in mean])
    spread = _spread(expected, idle.sum(1), laws.chance)
    # What each circuit brings to its neurons is given, and all circuits are placed: left to chance is
    # which of them meet, so that A varies less than a sum of independent neurons.
    own = links.loads.values * (own - mean**2)
    chance = float(_idle(links, np.maximum(square - mean**2 - own, 0).mean(0)).sum())
    # Neurons of an active circuit have the inhibition by A in common. Another active circuit
    # inhibits; its own neurons excite by 1 + chi' and inhibit by chi'.
    active = np.zeros_like(laws.active)
    for total in _quantiles(total_idle, laws.spread + laws.chance, 4 * _QUANTILES).tolist():
        fields = [_field_of_active(links, laws, index, total) for index in range(len(slots))]
        single = np.tensordot(slots, by_class(fields, (z - 1) * S * level + total), 1)
        active += summed(laws.active, single, S)
    cleaned = np.array([normalised(law) for law in rho])
    return _Laws(cleaned, normalised(active), idle.mean(0), spread, chance)


def _quantiles(mean: float, variance: float, count: int = _QUANTILES) -> Any:
    """Return equally likely values of a gamma distribution, which sums of rare events have."""
    if variance <= DUST * mean**2 or mean < DUST:
        return np.array([mean])
    from scipy.special import gammaincinv

    values = gammaincinv(max(mean**2 / variance, _LEAST_SHAPE), (np.arange(count) + 0.5) / count)
    return values * (mean / values.mean())


def _spread(before: Any, after: Any, chance: float) -> float:
    """Return the variance of what A is expected to be: it follows A, not only what that was to be."""
    centred = before - before.mean()
    power = float(centred @ centred)
    slope = float(centred @ after) / power if power > 0 else 0.0
    return float(np.var(after)) + slope**2 * chance


def _field(links: Links, laws: _Laws, index: int, shared: int, total: float) -> Law:
    """Return the law of what reaches a neuron of an inactive circuit, times S, but for its own rho.

    Circuits that fire excite by 1 where they are linked and inhibit by chi' where they are not. Links
    to active neurons take up places of the other circuits, (r - 1) S in all: the more of them, the
    fewer are left for erroneous neurons.
    """
    S, chi, met = links.loads.redundancy, links.inhibition[index], links.met[index, shared]
    cluster, clusters, linked = _clusters(links, laws, index, total)
    values = values_of(cluster)
    step = (1 + chi) * _level(laws) * GRID
    there = np.flatnonzero(met > DUST)
    if clusters <= 0:
        return shifted(np.ones((len(there), 1)), step * there, met[there])
    places = (links.loads.values[index] - 1) * S - (np.arange(len(met)) - shared)
    linked = linked * np.maximum(places, 0) / float(met @ places)
    against = scaled(cluster, chi)
    most = min(linked.max(), 1.0)
    reach = [
        _reach(cluster, clusters * most, S),
        int(_reach(cluster, clusters * (1 - linked.min()), 0) * chi) + (4 * S + 1) * GRID,
    ]
    size = power_of_two(sum(reach))
    mirrored = np.zeros(size)
    mirrored[-int(against.start) - np.arange(len(against.chances))] = against.chances
    excites, inhibits = np.fft.rfft(cluster, size), np.fft.rfft(mirrored)
    hit = linked[there, None]
    less = 1 - laws.chance * float(cluster @ values) / float(laws.idle.sum() * cluster @ values**2)
    apart = hit * (less + max(clusters - less, 0) * _apart(hit, links.loads.values[index] - 1))
    transforms = numbers(clusters * hit, apart, excites)
    transforms *= numbers(clusters * (1 - hit), less * (1 - hit), inhibits)
    noises = np.roll(np.fft.irfft(transforms, size), reach[1], 1)
    return shifted(noises, step * there, met[there], -reach[1])


def _apart(linked: Any, others: float) -> Any:
    """Return how much less likely two neurons are both linked than if links were independent.

    Each of the other circuits of a neuron makes one link at most.
    """
    single = -np.expm1(np.log1p(-linked) / others)
    both_missed = np.maximum(1 - 2 * single, 0) ** others
    there = np.maximum(linked, DUST)
    return np.where(linked > DUST, (1 - linked) ** 2 - both_missed, 0) / there**2


def _field_of_active(links: Links, laws: _Laws, index: int, total: float) -> Law:
    """Return the law of what excites a neuron of an active circuit, times S, for a given A."""
    chi = links.inhibition[index]
    counts, step = links.met_by_active[index], (1 + chi) * _level(laws) * GRID
    met = shifted(np.ones((len(counts), 1)), step * np.arange(len(counts)), counts)
    cluster, clusters, linked = _clusters(links, laws, index, total)
    if clusters <= 0:
        return met
    size = power_of_two(_reach(cluster, clusters * linked, links.loads.redundancy))
    sums = np.fft.irfft(numbers(clusters * linked, linked, np.fft.rfft(cluster, size)), size)
    return met.plus(scaled(trimmed(sums, 0).chances, 1 + chi))


def _level(laws: _Laws) -> float:
    """Return the mean indicator of an active circuit."""
    return float(laws.active @ np.linspace(0, 1, len(laws.active)))


def _reach(law: Any, count: float, margin: int) -> int:
    """Return how many steps a sum of a Poisson number of such variables can be."""
    values = values_of(law)
    spread = np.sqrt(count * float(law @ values**2))
    return int((count * float(law @ values) + 12 * spread + 4 * margin) * GRID)


def _clusters(links: Links, laws: _Laws, index: int, total: float) -> tuple[Any, float, float]:
    """Return the law of what a circuit that fires sends, how many there are, and how likely a link is."""
    law, mean = links.shared @ laws.rho, float(laws.idle.sum())
    fires = 1 - law[0]
    if fires < DUST or mean < DUST or total <= 0 or links.loads.values[index] <= 1:
        return law, 0.0, 0.0
    cluster = law.copy()
    cluster[0] = 0
    cluster /= fires
    linked = float(links.linked[index] @ laws.idle) / mean
    return cluster, total / float(cluster @ values_of(cluster)), linked
