"""Attention by hand: what a softmax leaks from its targets, and what layers in place do to similarity.

One score stands out by 1 among all keys of a query; the temperature t says how far that is.
"""

from math import asin, exp, pi

import numpy as np


def target_share(targets: int, keys: int, temperature: float | int) -> float:
    """Return the share of attention on m targets among n keys, m e^(1/t) / (m e^(1/t) + n - m).

    Args:
        targets: m.
        keys: n, of the query; q + 1 at position q.
        temperature: t of the softmax, positive.
    """
    # Divided by e^(1/t), which need not be finite.
    return targets / (targets + (keys - targets) * exp(-1 / temperature))


def window_distances(
    near: int, far: int, positions: int, first_query: int, temperature: float | int
) -> np.ndarray:
    """Return the distribution of distances of a head that attends to keys near..far tokens back.

    Mean over the queries first_query..T-1, each of which spreads e^(1/t) : 1 over targets and the rest.

    Args:
        near: the least distance of a target.
        far: the largest; it must be at most `first_query`, so that each query has all targets.
        positions: T.
        first_query: of those that count.
        temperature: t.

    Returns:
        (T,), of the distances 0..T-1; sums to 1.
    """
    found, distance = np.zeros(positions), np.arange(positions)
    target = (distance >= near) & (distance <= far)
    weight = np.where(target, 1.0, exp(-1 / temperature))
    for query in range(first_query, positions):
        there = weight * (distance <= query)
        found += there / there.sum()
    return found / (positions - first_query)


def amplified_cosine(cosine: float, amplification: float | int) -> float:
    """Return the cosine behind a layer in place, x + a W2 sign(W1 x), of two streams before it.

    c' = (c + a^2 (2/pi) asin c) / (1 + a^2), for wide random W1 and W2: signs of a Gaussian projection
    of two vectors of cosine c agree with the chance 1/2 + asin(c)/pi (Grothendieck's identity).

    Args:
        cosine: c, -1..1.
        amplification: a.
    """
    square = amplification**2
    return (cosine + square * 2 / pi * asin(cosine)) / (1 + square)
