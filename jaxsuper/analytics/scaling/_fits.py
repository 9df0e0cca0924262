"""Power laws through measured sizes, with bootstrap intervals of the exponent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._errors import check


_CONFIDENCE = 0.95


@dataclass(frozen=True)
class PowerFit:
    """y = a n^k / ln^c n.

    Attributes:
        log_power: c, given and not fitted: a logarithm looks like 0.1 to 0.3 of an exponent over a
            decade, so that both at once cannot be told apart.
        exponent: k by least squares of ln y.
        low: lower end of its 95 % interval.
        high: upper end.
        prefactor: a.
        residual: root mean square of ln(y/fit).
    """

    log_power: float
    exponent: float
    low: float
    high: float
    prefactor: float
    residual: float


def fit_power(
    sizes: Sequence[float | int],
    values: Sequence[float | int],
    draws: Any,
    log_power: float | int = 0.0,
) -> PowerFit:
    """Fit a power law.

    Args:
        sizes: n, at least two different ones.
        values: (W,), y at each.
        draws: (B, W), bootstrap replicates of y.
        log_power: c.

    Raises:
        ValueError: for fewer than two sizes, or values that are not positive.
    """
    n, y = np.asarray(sizes, float), np.asarray(values, float)
    check(len(set(sizes)) >= 2, "sizes", "must hold at least two different ones", sizes)
    check(bool((y > 0).all()), "values", "must be positive", y.min())
    x = np.log(n)
    # Without a logarithm sizes may be 1.
    log = log_power * np.log(x) if log_power else np.zeros_like(x)
    centred = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    target = lambda values: np.log(values) + log
    exponent = float(centred @ target(y))
    offset = float((target(y) - exponent * x).mean())
    rest = target(y) - offset - exponent * x
    low, high = interval(np.log(np.asarray(draws)) @ centred + centred @ log)
    return PowerFit(
        log_power, exponent, low, high, float(np.exp(offset)), float(np.sqrt((rest**2).mean()))
    )


def interval(draws: Any) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of bootstrap replicates; NaNs are left out."""
    rest = 100 * (1 - _CONFIDENCE) / 2
    low, high = np.nanpercentile(np.asarray(draws, float), (rest, 100 - rest))
    return float(low), float(high)
