"""Capacity rates: how a number of features or circuits grows with width, up to a constant.

Asymptotic results fix an exponent and powers of the logarithm, never the constant. A rate is thus
no prediction: it has a range of validity, and a prefactor only once one has been fitted to
measured capacities.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .._errors import check


@dataclass(frozen=True)
class Rate:
    """A rate of growth.

    Attributes:
        formula: as written in the source, in words a reader can check.
        growth: the function of the width, without constant.
        kind: "at most" (no network does better), "at least" (a construction does it).
        smallest: the width below which the rate is not even meant (its logarithm is below 1).
        source: where it stands.
    """

    formula: str
    growth: Callable[[float], float]
    kind: str
    smallest: float
    source: str


DISJOINT_PAIRS = Rate("n^2", lambda n: n**2, "at most", 1.0, "pair count, notes#capacity")


@dataclass(frozen=True)
class FittedRate:
    """A rate with the prefactor that measured capacities give it.

    Attributes:
        prefactor: geometric mean of measured/growth.
        spread: standard deviation of ln(measured/growth); small if the rate describes the data.
        exponent: d ln(measured)/d ln(growth) by least squares; 1 if the rate is right.
        exponent_error: its standard error; infinite for two widths.
        smallest: the smallest width fitted.
        largest: the largest; the fit says nothing outside.
    """

    prefactor: float
    spread: float
    exponent: float
    exponent_error: float
    smallest: float
    largest: float


def fit_rate(
    rate: Rate, widths: Sequence[float | int], measured: Iterable[float | int]
) -> FittedRate:
    """Fit the prefactor of a rate to measured capacities, and test its exponent.

    Args:
        rate: the rate.
        widths: n, at least two different ones, none below `rate.smallest`.
        measured: the capacity at each width, positive.

    Returns:
        The fit.

    Raises:
        ValueError: for too few or too small widths, or capacities that are not positive.
    """
    n, values = np.array(widths, float), np.array(list(measured), float)
    check(len(set(widths)) >= 2, "widths", "must hold at least two different widths", widths)
    check(len(values) == len(n), "measured", f"must have {len(n)} entries", len(values))
    check(bool((values > 0).all()), "measured", "must be positive", values.min())
    check(n.min() >= rate.smallest, "widths", f"must be at least {rate.smallest:g}", n.min())
    growth = np.log([rate.growth(float(width)) for width in n])
    gap = np.log(values) - growth
    centred = growth - growth.mean()
    slope = 1 + (centred * gap).sum() / (centred**2).sum()
    rest = np.log(values) - np.log(values).mean() - slope * centred
    freedom = len(n) - 2
    error = np.inf if freedom < 1 else np.sqrt((rest**2).sum() / freedom / (centred**2).sum())
    spread = float(gap.std(ddof=1))
    return FittedRate(
        float(np.exp(gap.mean())),
        spread,
        float(slope),
        float(error),
        float(n.min()),
        float(n.max()),
    )
