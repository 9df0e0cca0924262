"""Whether measured sizes grow with a logarithm: a n^k beside a n^k / ln^c n, of the same two constants."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ._fits import fit_power, PowerFit


class Comparison(NamedTuple):
    """Both fits of the same values.

    Attributes:
        plain: a n^k.
        logged: a n^k / ln^c n.
        favours: share of bootstrap replicates that the logarithm fits better. Above .975 it is there,
            below .025 it is not, in between these sizes cannot tell.
        looks_like: what 1/ln^c n takes off the exponent of a plain fit to these sizes.
    """

    plain: PowerFit
    logged: PowerFit
    favours: float
    looks_like: float


def compare_fits(
    sizes: Sequence[float | int],
    values: Sequence[float | int],
    draws: Any,
    log_power: float | int,
) -> Comparison:
    """Fit a power law without and with a logarithm, and say which one the values are nearer to.

    Both have two constants; what tells them apart is curvature, so three sizes are the least, and over
    1.5 decades 1/ln^2 n bends ln y by 2.5 %: errors of the values have to be smaller.

    Args:
        sizes: n, above 1, at least three different ones for `favours`; with two it is NaN.
        values: (W,), y at each.
        draws: (B, W), bootstrap replicates of y.
        log_power: c, above 0.
    """
    x = np.log(np.asarray(sizes, float))
    bend = log_power * np.log(x)
    favours = float("nan")
    if len(set(sizes)) > 2:
        y = np.log(np.asarray(draws, float))
        favours = float((_rest(x, y + bend) < _rest(x, y)).mean())
    plain = fit_power(sizes, values, draws)
    logged = fit_power(sizes, values, draws, float(log_power))
    return Comparison(plain, logged, favours, logged.exponent - plain.exponent)


def _rest(x: Any, y: Any) -> Any:
    """Return (B,), sums of squares that straight lines in x leave of y (B, W)."""
    basis = np.stack([np.ones_like(x), x - x.mean()], 1)
    basis /= np.linalg.norm(basis, axis=0)
    return ((y - y @ basis @ basis.T) ** 2).sum(1)
