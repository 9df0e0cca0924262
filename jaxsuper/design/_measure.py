"""Measuring a design: independent networks of one seed, all samples of one size of chunk.

Three seeds are derived from the user's, so that nothing is measured on what it was chosen by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._errors import check
from ..simulation import (
    Configuration,
    configurations_of,
    Experiment,
    Frame,
    measure_framed,
    Measurement,
    merge_networks,
)
from ._problem import Design, with_settings


# Purposes of the seeds: choosing, ranking, confirming the first of the ranking.
SEARCH, HELD_OUT, CONFIRMATION = range(3)
_N_PURPOSES = 3
_ACTIVE, _INACTIVE = "mse_x_active", "mse_on_inactive"


@dataclass(frozen=True)
class DesignError:
    """What was measured of a design.

    Attributes:
        mse: E|x_est - x|^2 of active circuits at layer L.
        stderr: its standard error, with several networks that between networks.
        growth: of the inactive indicators' mean square from layer 1 to L; None if it is 0 at first.
        by_network: the error at layer L of each network.
        by_layer: the error at layers 1..L.
    """

    mse: float
    stderr: float
    growth: float | None
    by_network: tuple[float, ...]
    by_layer: tuple[float, ...]

    @property
    def rank(self) -> float:
        """The error to sort by: one that overflowed to NaN comes last."""
        return float("inf") if np.isnan(self.mse) else self.mse


def seed_for(seed: int, purpose: int) -> int:
    """Return a seed for one purpose; different users' seeds and purposes never share one.

    Args:
        seed: the user's, 0..2^30-1.
        purpose: `SEARCH`, `HELD_OUT` or `CONFIRMATION`.

    Returns:
        3 seed + purpose.

    Raises:
        ValueError: for a seed outside its range.
    """
    check(0 <= seed < 2**30, "seed", "must lie in 0..2^30-1", seed)
    return _N_PURPOSES * seed + purpose


def with_seed(design: Design, seed: int) -> Design:
    """Return the design with another seed of networks and samples."""
    return with_settings(design, seed=seed)


def configurations(design: Design, n_networks: int, first: int = 0) -> list[Configuration]:
    """Return the configurations of networks number `first` and on of a design's seed."""
    configuration = replace(design.configuration, network=first)
    experiment = Experiment(configuration, n_networks=n_networks)
    return configurations_of(experiment, configuration.n_active)


def measure_design(
    design: Design,
    n_networks: int,
    samples: int,
    chunk: int,
    first: int = 0,
    frame: Frame | None = None,
) -> DesignError:
    """Measure a design on some of the networks of its seed.

    Args:
        design: what to measure.
        n_networks: independent networks.
        samples: of each.
        chunk: samples run at once; with one chunk for all, one program serves all.
        first: number of the first network.
        frame: the arrays that it shares with other designs, which one program then serves.

    Returns:
        The measurement.
    """
    measurements = [
        measure_framed(configuration, samples, min(chunk, samples), frame)
        for configuration in configurations(design, n_networks, first)
    ]
    return design_error(measurements)


def design_error(measurements: Sequence[Measurement]) -> DesignError:
    """Reduce measurements of several networks to what designs are judged by."""
    merged = merge_networks(list(measurements))
    inactive = merged[_INACTIVE]
    growth = float(inactive[-1] / inactive[0]) if inactive[0] > 0 else None
    return DesignError(
        float(merged[_ACTIVE][-1]),
        float(merged.stderr_of(_ACTIVE)[-1]),
        growth,
        tuple(float(measurement[_ACTIVE][-1]) for measurement in measurements),
        tuple(np.asarray(merged[_ACTIVE]).tolist()),
    )
