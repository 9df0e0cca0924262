"""How well a measurement tells two kinds of networks apart: the area under the curve, with interval."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from .._errors import check, Shown


@dataclass(frozen=True)
class Area:
    """An area under the receiver's curve.

    Attributes:
        value: chance that a network of the first kind has the larger value, ties half.
        low: of the interval.
        high: of the same.
    """

    value: float
    low: float
    high: float


def area_of(
    larger: Float[np.ndarray, " m"], smaller: Float[np.ndarray, " n"], confidence: float = 0.95
) -> Area:
    """Return the area under the curve of a measurement.

    The interval holds the areas a with |a - value| <= z sqrt(V(a)), with the variance of Hanley and
    McNeil (1982) in Newcombe's symmetric form (Statistics in Medicine 25, 2006, 559, method 5), which
    does not shrink to nothing where the two kinds do not overlap, as that of DeLong does.

    Args:
        larger: of the kind that is meant to have larger values; m of them.
        smaller: of the other kind.
        confidence: nominal coverage.

    Raises:
        ValueError: for values that are missing.
    """
    m, n = len(larger), len(smaller)
    for name, given in (("larger", larger), ("smaller", smaller)):
        check(len(given) > 1, name, "must hold at least two values", len(given))
        check(np.isfinite(given).all(), name, "must be finite", Shown(given))
    check(0 < confidence < 1, "confidence", "must lie between 0 and 1", confidence)
    gaps = np.asarray(larger)[:, None] - np.asarray(smaller)[None, :]
    value = float((gaps > 0).mean() + (gaps == 0).mean() / 2)
    z = float(stats.norm.isf((1 - confidence) / 2))
    grid = np.linspace(0, 1, 20001)
    within = np.abs(grid - value) <= z * np.sqrt(_variance(grid, m, n)) + 1e-12
    inside = grid[within]
    return Area(value, float(inside[0]), float(inside[-1]))


def _variance(area: Float[np.ndarray, " g"], m: int, n: int) -> Float[np.ndarray, " g"]:
    """Return the variance of an area, if it is `area`."""
    typical = (m + n) / 2 - 1
    more = (1 - area) / (2 - area) + area / (1 + area)
    return area * (1 - area) / (m * n) * (1 + typical * more)
