"""Laws of sums of indicators on a grid: signed measures that keep mean and variance."""

from typing import Any, NamedTuple

import numpy as np


# Steps of an indicator. Twice as many change growth by less than a hundredth.
GRID = 12
# Laws are cut where less than this is left of them, and FFTs leave dust of about this size.
DUST = 1e-13
# The largest sum over a neuron's circuits that is told apart, in indicators.
_LARGEST = 2**14
# Below it a number counts as a Poisson number.
_POISSON = 1e-6
# Beyond it circuits fire in fewer inputs than a sum of this kind can tell.
_MOST_BUNCHED = 10.0


class Law(NamedTuple):
    """A law on the grid.

    Attributes:
        chances: (V,), of values start, start + 1, ... steps.
        start: a real number of steps.
    """

    chances: Any
    start: float

    def plus(self, other: "Law") -> "Law":
        """Return the law of a sum of independent variables."""
        return Law(np.convolve(self.chances, other.chances), self.start + other.start)

    def moved(self, by: float) -> "Law":
        """Return the law of the same plus a number."""
        return self._replace(start=self.start + by * GRID)


def values_of(law: Any) -> Any:
    return np.arange(law.shape[-1]) / GRID


def power_of_two(length: int) -> int:
    return 2 ** int(np.ceil(np.log2(min(length, _LARGEST * GRID))))


def trimmed(chances: Any, start: int) -> Law:
    there = np.flatnonzero(abs(chances) > DUST)
    return Law(normalised(chances[there[0] : there[-1] + 1]), start + int(there[0]))


def scaled(law: Any, factor: float) -> Law:
    """Return the law of a multiple, on the same grid, keeping its mean and variance."""
    nearest, weights = split(factor * np.arange(len(law)))
    out = np.zeros(nearest[-1] + 3)
    for k, weight in enumerate(weights):
        np.add.at(out, nearest + k, law * weight)
    return Law(out, -1)


def shifted(laws: Any, by: Any, weights: Any, start: int = 0) -> Law:
    """Return the mixture of laws, each moved by a real number of steps.

    A step from nothing to something lies between points: two of them share a shift, since weights
    below 0 would make less than nothing of it.

    Args:
        laws: (M, V).
        by: (M,), at least 0.
        weights: (M,).
        start: of the laws, in steps.
    """
    size = laws.shape[1]
    out = np.zeros(size + int(np.max(by)) + 2)
    for law, place, weight in zip(laws, by, weights, strict=True):
        lower = int(place)
        upper = place - lower
        out[lower : lower + size] += weight * (1 - upper) * law
        out[lower + 1 : lower + 1 + size] += weight * upper * law
    return trimmed(out, start)


def split(
    place: Any, lowest: float | int = -np.inf, highest: float | int = np.inf
) -> tuple[Any, Any]:
    """Return grid points next to places, within limits, and (3, ...) weights of them and neighbours.

    Mean and second moment are those of the place: two neighbours alone would add to the variance. Weights
    may be negative.
    """
    nearest = np.clip(np.rint(place), lowest, highest).astype(int)
    off = place - nearest
    return nearest, np.array([(off**2 - off) / 2, 1 - off**2, (off**2 + off) / 2])


def response(field: Law, size: int, step: Any) -> Any:
    """Return the law of alpha' by its own circuit's indicators, (size, g + 1).

    Args:
        field: the law of all else, times S.
        size: G.
        step: from a field to an indicator.
    """
    count = size + len(field.chances) - 1
    place = step((np.arange(count) + field.start) / GRID) * GRID
    nearest, weights = split(place, 1, GRID - 1)
    table, rows = np.zeros((count, GRID + 1)), np.arange(count)
    for k, weight in enumerate(weights):
        table[rows, nearest - 1 + k] = weight
    length = 2 ** int(np.ceil(np.log2(count)))
    transform = np.fft.rfft(table, length, axis=0)
    transform *= np.fft.rfft(field.chances, length).conj()[:, None]
    return np.fft.irfft(transform, length, axis=0)[:size]


def summed(law: Any, single: Any, count: int) -> Any:
    """Return the law of the sum of `count` indicators, alike and independent given what `law` is of."""
    size = 2 * len(law)
    there = abs(law) > DUST
    transform = law[there] @ np.fft.rfft(single[there], size, axis=1) ** max(count, 0)
    return np.fft.irfft(transform, size)[: len(law)]


def numbers(mean: Any, less: Any, transform: Any) -> Any:
    """Return the transform of the sum of so many variables: a number with variance mean·(1 - less).

    Binomial for 0 < less <= 1, negative binomial below 0, and between them Poisson.
    """
    less = np.clip(less, -_MOST_BUNCHED, 1)
    less = np.where(abs(less) < _POISSON, _POISSON, less)
    one, count = 1 + less * (transform - 1), mean / less
    # A base that winds around 0 has no power but whole ones: the rest of a binomial is one more try.
    whole = np.where(less > 0, np.floor(count), count)
    return one**whole * (1 + (count - whole) * (one - 1))


def normalised(law: Any) -> Any:
    """Return a law whose chances add up to 1."""
    return law / law.sum()
