"""Harmonic frames: almost orthogonal vectors that are also optimal for a linear readout."""

import jax
import numpy as np

from .._errors import check
from .._types import KeyScalar
from ._embedding import check_sizes, Embedding


def harmonic_frame(n_features: int, width: int, *, key: KeyScalar) -> Embedding:
    """Return v_t = D^(-1/2) (1, sqrt2 cos(2 pi f_k t/T), sqrt2 sin(2 pi f_k t/T), ...).

    The m frequencies f_k are distinct, random and below T/2, so D = 2m + 1; an even D takes the
    coordinate (-1)^t as well, which needs an even T.

    *Optimal.* The D coordinates are orthogonal functions of t with mean square 1/D each, as are all
    real characters of Z/T. So V'V = (T/D) I, |v_t| = 1, and P = (D/T) V V' is a projection. The
    first coordinate puts the constant vector into its range, P 1 = 1. With the scale a = D/T the
    readout is P, and E|x - Px|^2 is z(1-q)(1 - D/T) for every z: the least of all linear readouts
    (`theory.linear_mse_bound`).

    *Almost orthogonal.* <v_t, v_u> = (1 + 2 sum_k cos(2 pi f_k (t-u)/T))/D has the mean square
    (T-D)/(D(T-1)) over pairs, Welch's bound, and depends on t - u alone: it takes (T-1)/2 values
    where random vectors draw T(T-1)/2, so its largest is lower than theirs.

    If all frequencies share a divisor with T, vectors repeat: this cannot happen for a prime T.
    Source: ours; notes#embeddings. Harmonic frames are standard, e.g. Casazza and Kutyniok,
    *Finite Frames* (2013).

    Args:
        n_features: T.
        width: D, at most T; odd unless T is even.
        key: for the frequencies.

    Returns:
        The embedding.

    Raises:
        ValueError: if D exceeds T, or for an even D and odd T.
    """
    check_sizes(n_features, width)
    check(width <= n_features, "width", f"must be at most the {n_features} features", width)
    alternating = width % 2 == 0
    rule = f"must be odd for an odd number of features ({n_features})"
    check(not (alternating and n_features % 2), "width", rule, width)
    # An even T has the frequency T/2, whose sine vanishes and whose cosine has mean square 1.
    below = (n_features - 1) // 2
    count = (width - 1) // 2
    drawn = np.asarray(jax.random.permutation(key, below))[:count] + 1
    times = np.arange(n_features)
    # Whole turns are taken out in integers, so that the angles are exact.
    angles = 2 * np.pi / n_features * (times[:, None] * drawn.astype(np.int64) % n_features)
    columns = [np.ones((n_features, 1)), 2**0.5 * np.cos(angles), 2**0.5 * np.sin(angles)]
    if alternating:
        columns.append(np.asarray((-1.0) ** times[:, None], np.float64))
    return Embedding(np.concatenate(columns, axis=1) / width**0.5)
