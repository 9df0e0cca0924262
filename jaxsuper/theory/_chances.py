"""Chances that random subsets are disjoint, and of distinct boxes that throws hit."""

import numpy as np


def disjoint_probability(total, first, second):
    """Return H = C(total-first, second)/C(total, second), elementwise.

    The probability that a subset of `first` and a random one of `second` out of `total` items are
    disjoint; 0 where they cannot be.
    """
    fits = total - first - second >= 0
    rest, second = np.where(fits, total - first, total), np.where(fits, second, 0)
    return np.where(fits, np.exp(log_binomial(rest, second) - log_binomial(total, second)), 0.0)


def log_binomial(a, b):
    # Takes a sixth of a second to load, which nothing else here needs.
    from scipy.special import gammaln

    return gammaln(a + 1) - gammaln(b + 1) - gammaln(a - b + 1)


def distinct_hits(throws, chance: float, boxes: int, start: int = 0):
    """Return the distribution of distinct boxes that are hit, from 0, ..., `start` hit before.

    Every throw hits one of the boxes, each alike, with a given chance. Circuits on a neuron are
    throws, the neurons of active circuits boxes: an active circuit meets another at most once, with
    chance S^2 e, and a link counts once.

    Args:
        throws: (C,), integers.
        chance: that a throw hits.
        boxes: how many.
        start: boxes hit before, at most.

    Returns:
        (C, start + 1, boxes + 1), probabilities.
    """
    throws = np.asarray(throws, int)
    step = chance * (1 - np.arange(boxes + 1) / max(boxes, 1))
    now = np.eye(start + 1, boxes + 1)
    table = np.zeros((len(throws), *now.shape))
    for thrown in range(int(throws.max()) + 1):
        table[throws == thrown] = now
        moved = now * step
        now = now - moved
        now[:, 1:] += moved[:, :-1]
    return table
