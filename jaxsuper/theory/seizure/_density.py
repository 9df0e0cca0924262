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

State: the law of rho for each K, on a grid; mean and variance of A between inputs. Active circuits have
one more law, so that it is seen when they die. Left out: overlaps above 1, and T close to the loads.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._errors import check
from ._links import Links


# Steps of an indicator. Twice as many change growth by less than a hundredth.
_GRID = 16
# Laws are cut where less than this is left of them, and FFTs leave dust of about this size.
_DUST = 1e-13
# Values of A that stand for its law, ten do as well; the least they differ by, relative to its mean;
# and the least shape of a gamma distribution whose quantiles do not vanish.
_QUANTILES, _STEP, _LEAST_SHAPE = 3, 0.1, 0.1
# Relative change of a layer that counts as none.
_SAME = 1e-4
# The largest sum over a neuron's circuits that is told apart, in indicators.
_LARGEST = 2**14


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


class _Law(NamedTuple):
    """A law on the grid.

    Attributes:
        chances: (V,), of values start, start + 1, ... steps.
        start: a real number of steps.
    """

    chances: Any
    start: float

    def plus(self, other: "_Law") -> "_Law":
        """Return the law of a sum of independent variables."""
        return _Law(np.convolve(self.chances, other.chances), self.start + other.start)

    def moved(self, by: float) -> "_Law":
        """Return the law of the same plus a number."""
        return self._replace(start=self.start + by * _GRID)


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
    rho, active = np.zeros((len(links.shared), S * _GRID + 1)), np.zeros(S * _GRID + 1)
    for k, law in enumerate(rho):
        law[0 if quiet else max(S - k, 0) * _GRID] = 1
    active[-1] = 1
    return _Laws(rho, active, _idle(links, np.full(classes, 0.0 if quiet else 1.0)), 0.0, 0.0)


def _idle(links: Links, each: Any) -> Any:
    """Return the sum over the idle neurons of each class, if each of them sends so much."""
    loads, shared = links.loads, np.arange(len(links.shared))
    unused = float(links.shared @ np.maximum(loads.redundancy - shared, 0))
    return loads.n_circuits * unused * loads.slots / loads.values * each


def _values(law: Any) -> Any:
    return np.arange(law.shape[-1]) / _GRID


def _seen(links: Links, laws: _Laws) -> tuple[float, float, float]:
    S, values = links.loads.redundancy, _values(laws.active)
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
        return np.array([_response(field, len(laws.active), step) for field in fields])

    mean, square = np.zeros((2, 0, len(slots)))
    total_idle = float(laws.idle.sum())
    # Never a point, so that it shows how what follows depends on it.
    expected = _quantiles(total_idle, max(laws.spread, (_STEP * total_idle) ** 2))
    rho = np.zeros_like(laws.rho)
    for total in expected.tolist():
        seen = np.zeros((len(slots), _GRID + 1))
        for k in np.flatnonzero(links.shared > _DUST).tolist():
            fields = [_field(links, laws, index, k, total) for index in range(len(slots))]
            laws_of_alpha = by_class(fields, z * S * level)
            single = np.tensordot(slots, laws_of_alpha, 1)
            for after in range(len(rho)):
                rho[after] += links.shared[k] * _summed(laws.rho[k], single, S - after)
            seen += links.shared[k] * (laws.rho[k] @ laws_of_alpha)
        mean = np.vstack([mean, seen @ _values(seen)])
        square = np.vstack([square, seen @ _values(seen) ** 2])
    idle = np.array([_idle(links, each) for each in mean])
    spread = _spread(expected, idle.sum(1), laws.chance)
    chance = float(_idle(links, (square - mean**2).mean(0)).sum())
    # Neurons of an active circuit have the inhibition by A in common. Another active circuit
    # inhibits; its own neurons excite by 1 + chi' and inhibit by chi'.
    active = np.zeros_like(laws.active)
    for total in _quantiles(total_idle, laws.spread + laws.chance, 4 * _QUANTILES).tolist():
        fields = [_field_of_active(links, laws, index, total) for index in range(len(slots))]
        single = np.tensordot(slots, by_class(fields, (z - 1) * S * level + total), 1)
        active += _summed(laws.active, single, S)
    cleaned = np.array([_clean(law) for law in rho])
    return _Laws(cleaned, _clean(active), idle.mean(0), spread, chance)


def _quantiles(mean: float, variance: float, count: int = _QUANTILES) -> Any:
    """Return equally likely values of a gamma distribution, which sums of rare events have."""
    if variance <= _DUST * mean**2 or mean < _DUST:
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


def _field(links: Links, laws: _Laws, index: int, shared: int, total: float) -> _Law:
    """Return the law of what reaches a neuron of an inactive circuit, times S, but for its own rho.

    Circuits that fire, a Poisson number, excite by 1 where they are linked and inhibit by chi' where they
    are not. Links to active neurons take up places of the other circuits, (r - 1) S in all: the more
    of them, the fewer are left for erroneous neurons.
    """
    S, chi, met = links.loads.redundancy, links.inhibition[index], links.met[index, shared]
    cluster, clusters, linked = _clusters(links, laws, index, total)
    step = (1 + chi) * _level(laws) * _GRID
    if clusters <= 0:
        return _Law(_scaled(met, step), 0)
    places = (links.loads.values[index] - 1) * S - (np.arange(len(met)) - shared)
    linked = linked * np.maximum(places, 0) / float(met @ places)
    against = _scaled(cluster, chi)
    most = min(linked.max(), 1.0)
    reach = [
        _reach(cluster, clusters * most, S),
        _reach(against, clusters * (1 - linked.min()), S),
    ]
    size = _power_of_two(sum(reach))
    mirrored = np.zeros(size)
    mirrored[-np.arange(len(against))] = against
    excites, inhibits = np.fft.rfft(cluster, size), np.fft.rfft(mirrored)
    there = np.flatnonzero(met > _DUST)
    # Its other circuits, of which a share fires; and the circuits that all other idle neurons make.
    idle_neurons = float(links.loads.neurons.sum()) - links.n_active * S
    chance = linked[there]
    reached = _binomial(excites, clusters * chance, np.maximum(places[there], 0) / S)
    unlinked = _binomial(inhibits, clusters * (1 - chance), idle_neurons / S * (1 - chance))
    noises = np.roll(np.fft.irfft(reached * unlinked, size), reach[1], 1)
    out = np.zeros(size + int(step * there[-1]) + 2)
    for count, noise in zip(there, noises, strict=True):
        lower = int(step * count)
        upper = step * count - lower
        out[lower : lower + size] += met[count] * (1 - upper) * noise
        out[lower + 1 : lower + 1 + size] += met[count] * upper * noise
    return _trimmed(out, -reach[1])


def _binomial(transform: Any, mean: Any, trials: Any) -> Any:
    """Return the transforms of sums over so many that fire on average, of so many that could.

    Few of many are a Poisson number; where nearly all fire their number hardly varies.

    Args:
        transform: (F,), of the law of one that fires.
        mean: (M,), how many do on average.
        trials: (M,), out of how many, any real number; at least the mean counts.

    Returns:
        (M, F).
    """
    trials = np.maximum(trials, mean)[:, None]
    one = 1 + np.divide(mean[:, None], trials, where=trials > 0, out=np.zeros_like(trials)) * (
        transform - 1
    )
    whole = np.floor(trials)
    return one**whole * (1 + (trials - whole) * (one - 1))


def _field_of_active(links: Links, laws: _Laws, index: int, total: float) -> _Law:
    """Return the law of what excites a neuron of an active circuit, times S, for a given A."""
    chi = links.inhibition[index]
    met = _Law(_scaled(links.met_by_active[index], (1 + chi) * _level(laws) * _GRID), 0)
    cluster, clusters, linked = _clusters(links, laws, index, total)
    if clusters <= 0:
        return met
    size = _power_of_two(_reach(cluster, clusters * linked, links.loads.redundancy))
    sums = np.fft.irfft((1 - linked + linked * np.fft.rfft(cluster, size)) ** clusters, size)
    return met.plus(_Law(_scaled(_trimmed(sums, 0).chances, 1 + chi), 0))


def _level(laws: _Laws) -> float:
    """Return the mean indicator of an active circuit."""
    return float(laws.active @ np.linspace(0, 1, len(laws.active)))


def _reach(law: Any, count: float, margin: int) -> int:
    """Return how many steps a sum of a Poisson number of such variables can be."""
    values = _values(law)
    spread = np.sqrt(count * float(law @ values**2))
    return int((count * float(law @ values) + 12 * spread + 4 * margin) * _GRID)


def _power_of_two(length: int) -> int:
    return 2 ** int(np.ceil(np.log2(min(length, _LARGEST * _GRID))))


def _trimmed(chances: Any, start: int) -> _Law:
    there = np.flatnonzero(chances > _DUST)
    return _Law(_clean(chances[there[0] : there[-1] + 1]), start + int(there[0]))


def _clusters(links: Links, laws: _Laws, index: int, total: float) -> tuple[Any, float, float]:
    """Return the law of what a circuit that fires sends, how many there are, and how likely a link is."""
    law, mean = links.shared @ laws.rho, float(laws.idle.sum())
    fires = 1 - law[0]
    if fires < _DUST or mean < _DUST or total <= 0 or links.loads.values[index] <= 1:
        return law, 0.0, 0.0
    cluster = law.copy()
    cluster[0] = 0
    cluster /= fires
    linked = float(links.linked[index] @ laws.idle) / mean
    return cluster, total / float(cluster @ _values(cluster)), linked


def _scaled(law: Any, factor: float) -> Any:
    """Return the law of a multiple, on the same grid, keeping its mean."""
    place = factor * np.arange(len(law))
    lower = place.astype(int)
    upper = law * (place - lower)
    out = np.zeros(int(place[-1]) + 2)
    np.add.at(out, lower, law - upper)
    np.add.at(out, lower + 1, upper)
    return out


def _response(field: _Law, size: int, step: Any) -> Any:
    """Return the law of alpha' by its own circuit's indicators, (size, g + 1).

    Args:
        field: the law of all else, times S.
        size: G.
        step: from a field to an indicator.
    """
    count = size + len(field.chances) - 1
    place = step((np.arange(count) + field.start) / _GRID) * _GRID
    lower = np.minimum(place.astype(int), _GRID - 1)
    table, rows = np.zeros((count, _GRID + 1)), np.arange(count)
    table[rows, lower], table[rows, lower + 1] = 1 - (place - lower), place - lower
    length = 2 ** int(np.ceil(np.log2(count)))
    transform = np.fft.rfft(table, length, axis=0)
    transform *= np.fft.rfft(field.chances, length).conj()[:, None]
    return np.maximum(np.fft.irfft(transform, length, axis=0)[:size], 0)


def _summed(law: Any, single: Any, count: int) -> Any:
    """Return the law of the sum of `count` indicators, alike and independent given what `law` is of."""
    size = 2 * len(law)
    there = law > _DUST
    transform = law[there] @ np.fft.rfft(single[there], size, axis=1) ** max(count, 0)
    return np.fft.irfft(transform, size)[: len(law)]


def _clean(law: Any) -> Any:
    law = np.maximum(law, 0)
    return law / law.sum()
