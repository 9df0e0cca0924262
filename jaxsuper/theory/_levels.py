"""How long a payload of k levels lasts: the law of one circuit's level from layer to layer.

A neuron of the one active circuit has r - 1 other circuits. Each that meets the active one, chance
P = S^2 e, has read x/S of it and brings that with a random sign, so that

    u + x (N+ - N-)/S,    N+, N- Poisson of mean (r-1) P/2,

reaches a neuron, whose stairs clean it; the mean over S neurons, alike and independent, is u of the next
layer. While the noise stays within 3/8 of the distance of levels all of it is cut, and it takes several
hits at once to move a level: layers until failure grow exponentially with their number. Ours;
notes#levels.
"""

import numpy as np
from jaxtyping import Float

from .._errors import check


# Steps of u on the grid from -1 to 1, times S; and hits that are counted.
_GRID, _HITS = 84, 40


def level_errors(
    levels: int,
    S: int,
    T: float | int,
    n: float | int,
    L: int,
    e: float | int,
    steepness: float | int = 4.0,
) -> Float[np.ndarray, " L"]:
    """Return E(x_est - x)^2 of the one active circuit, layers 1..L, levels equally likely.

    Args:
        levels: k.
        S: redundancy.
        T: circuits.
        n: block width.
        L: layers.
        e: overlap rate.
        steepness: s, of the stairs.

    Raises:
        ValueError: for fewer than two levels or one layer.
    """
    check(levels >= 2, "levels", "must be at least 2", levels)
    check(L >= 1, "L", "must be at least 1", L)
    from scipy.stats import skellam

    mean = max(T * S / n - 1, 0.0) * S**2 * e
    hits = np.arange(-_HITS, _HITS + 1)
    chances = skellam.pmf(hits, mean / 2, mean / 2) if mean > 0 else (hits == 0) * 1.0
    grid = np.linspace(-1, 1, _GRID * S + 1)
    errors = np.zeros(L)
    # Both signs alike.
    for level in range(levels // 2):
        x = -1 + 2 * level / (levels - 1)
        single = _single(levels, steepness, grid[:, None] + x * hits / S, chances)
        kernel = _means(single, S)
        law = np.zeros(len(grid))
        _split(law, np.array([x]), np.array([1.0]))
        for layer in range(L):
            errors[layer] += law @ (grid - x) ** 2 / (levels // 2)
            law = law @ kernel
    return errors


def cleaned(levels: int, steepness: float | int, u):
    """Return what the stairs make of u."""
    width = 2 / (levels - 1)
    places = -1 + width * (np.arange(levels - 1) + 0.5)
    each = np.clip(steepness * (np.asarray(u)[..., None] - places) / width + 0.5, 0, 1)
    return -1 + width * each.sum(axis=-1)


def _split(law, values, chances) -> None:
    """Add chances to a law on its grid from -1 to 1, keeping the mean."""
    place = (values + 1) / 2 * (len(law) - 1)
    lower = np.minimum(place.astype(int), len(law) - 2)
    np.add.at(law, lower, chances * (1 - (place - lower)))
    np.add.at(law, lower + 1, chances * (place - lower))


def _single(levels: int, steepness: float | int, fields, chances):
    """Return the laws of one neuron's cleaned value, on a grid S times as coarse."""
    count, hits = fields.shape
    coarse = np.zeros((count, _GRID + 1))
    for law, values in zip(coarse, cleaned(levels, steepness, fields), strict=True):
        _split(law, values, chances)
    return coarse


def _means(single, S: int):
    """Return the laws of the mean of S values alike and independent, (.., S·G + 1)."""
    size = S * (single.shape[1] - 1) + 1
    length = 2 ** int(np.ceil(np.log2(size)))
    summed = np.fft.irfft(np.fft.rfft(single, length, axis=1) ** S, length, axis=1)[:, :size]
    summed = np.maximum(summed, 0)
    return summed / summed.sum(axis=1, keepdims=True)
