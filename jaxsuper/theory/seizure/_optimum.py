"""The most circuits over redundancy and thresholds: S ~ ln n and T* ~ n^2/ln^2 n."""

from math import inf, log
from typing import NamedTuple

import numpy as np

from ..._errors import check
from ._critical import critical_circuits


# Where the search for thresholds starts, how far it goes, and what it resolves.
_START, _RESOLUTION = (0.55, 0.88), 0.01
_LOWEST, _NARROWEST, _HIGHEST = 0.05, 0.02, 0.999
# T of one try; the optimum itself is computed as finely as any.
_COARSE = 0.02


class Optimum(NamedTuple):
    """The settings that hold most circuits without seizure.

    Attributes:
        n_circuits: T*.
        redundancy: S*.
        lower_threshold: lo.
        upper_threshold: hi.
        ends_by: what ends it at T*.
    """

    n_circuits: float
    redundancy: int
    lower_threshold: float
    upper_threshold: float
    ends_by: str


def best_thresholds(
    block_width: float | int, redundancy: int, n_active: int = 1, n_layers: int | None = 5
) -> Optimum:
    """Return the thresholds with the largest critical number of circuits, at a given S.

    Args:
        block_width: n.
        redundancy: S.
        n_active: z.
        n_layers: L, as in `critical_circuits`.
    """
    from scipy.optimize import minimize

    def critical(lo: float, hi: float, precision: float):
        sizes = (block_width, redundancy, n_active, n_layers)
        return critical_circuits(*sizes, lo, hi, precision=precision)

    def loss(thresholds) -> float:
        lo, hi = thresholds
        if not _LOWEST <= lo <= hi - _NARROWEST or hi > _HIGHEST:
            return inf
        try:
            return -log(critical(lo, hi, _COARSE).n_circuits)
        except ValueError:  # not even the fewest circuits are quiet
            return 0.0

    simplex = np.array([_START, (_START[0] + 0.1, _START[1]), (_START[0], _START[1] + 0.06)])
    options = {"initial_simplex": simplex, "xatol": _RESOLUTION, "fatol": _RESOLUTION}
    found = minimize(loss, _START, method="Nelder-Mead", options=options)
    lo, hi = map(float, found.x)
    best = critical(lo, hi, _COARSE / 10)
    return Optimum(best.n_circuits, redundancy, lo, hi, best.ends_by)


def best_redundancy(
    block_width: float | int, n_active: int = 1, n_layers: int | None = 5, most: int = 64
) -> Optimum:
    """Return S and thresholds with the largest critical number of circuits.

    Args:
        block_width: n.
        n_active: z.
        n_layers: L.
        most: S is not raised further.

    Raises:
        ValueError: for less than two of `most`.
    """
    check(most >= 2, "most", "must be at least 2", most)
    best = best_thresholds(block_width, 2, n_active, n_layers)
    for redundancy in range(3, most + 1):
        found = best_thresholds(block_width, redundancy, n_active, n_layers)
        if found.n_circuits < best.n_circuits and redundancy > best.redundancy + 1:
            break
        best = max(best, found)
    return best


def hard_step_constant(
    n_active: int = 1, lower_threshold: float | int = 1.0
) -> tuple[float, float, float]:
    """Return C, kappa and a of T* = C n^2/ln^2 n, S* = a ln n, for a step without a ramp, n to infinity.

    An idle neuron fires if Bin(z S, kappa) >= z S kappa + lo S (1 - kappa), with chance exp(-S I) to
    leading order, I = z KL(kappa + lo (1 - kappa)/z || kappa). Firing dies out if S I > ln n, so that
    S = ln n/I, and T = ln(1/(1-kappa)) n^2/S^2 is largest where C = ln(1/(1-kappa)) I^2 is. A ramp damps
    single firings and moves the constant, not the powers. Source: ours; notes#critical-load.

    Args:
        n_active: z.
        lower_threshold: lo, at most 1, with which an active circuit with no noise just lives.

    Returns:
        (C, kappa, a).

    Raises:
        ValueError: for lo outside (0, 1].
    """
    check(0 < lower_threshold <= 1, "lower_threshold", "must lie in (0, 1]", lower_threshold)
    z, kappa = n_active, np.linspace(1e-4, 1 - 1e-4, 200_001)
    level = kappa + lower_threshold * (1 - kappa) / z
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.where(level < 1, (1 - level) * np.log((1 - level) / (1 - kappa)), 0.0)
    rate = z * (level * np.log(level / kappa) + off)
    value = -np.log1p(-kappa) * rate**2
    at = int(value.argmax())
    return float(value[at]), float(kappa[at]), float(1 / rate[at])
