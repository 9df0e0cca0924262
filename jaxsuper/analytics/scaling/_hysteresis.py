"""Hysteresis of the seizure: networks that start quiet beside the same ones that start seized."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._errors import check
from ..._journal import anew, Once
from ..._settings import Experiment
from ...simulation import run_networks
from ...theory.seizure import (
    critical_circuits,
    DEAD,
    density_evolution,
    even_loads,
    GROWTH,
    Links,
    releasing_circuits,
    SEIZED,
)
from ._crossing import Crossing, find_crossing


# Of inactive circuits that are on where a network starts seized: a third to two thirds of the neurons.
# With all circuits on neurons of equal loads have equal fields, and where loads are even (T near whole
# parallel classes) all of them fall silent at once.
SHARE = 0.05


@dataclass(frozen=True)
class HysteresisLaw:
    """Activity against T from both starts.

    Attributes:
        block_width: n; circuits are steps, D = 2n.
        redundancy: S.
        thresholds: lo and hi.
        n_layers: L.
        n_circuits: T.
        quiet: (T, networks), E alpha^2 of inactive circuits at layer L, started quiet.
        seized: (T, networks), the same, started seized.
        theory_quiet: (T,), by density evolution.
        theory_seized: (T,).
        up: T at which a network that starts quiet stops to work.
        down: T below which one that starts seized is silent at layer L.
        theory_up: by density evolution.
        theory_down: the same.
    """

    block_width: int
    redundancy: int
    thresholds: tuple[float, float]
    n_layers: int
    n_circuits: list[int]
    quiet: Any
    seized: Any
    theory_quiet: Any
    theory_seized: Any
    up: Crossing
    down: Crossing
    theory_up: float
    theory_down: float


def measured_from(settings: dict[str, Any], n_networks: int, share: float) -> list[list[float]]:
    """Return E alpha^2 of inactive circuits at layers 1 and L, E (alpha - 1)^2 at L, by network.

    Args:
        settings: of `Configuration`.
        n_networks: how many.
        share: of inactive circuits that are on at the input.
    """
    experiment = Experiment.of(**settings, n_networks=n_networks, erroneous_share=share)
    (networks,) = run_networks(experiment).measurements.values()
    rows = (("mse_on_inactive", 0), ("mse_on_inactive", -1), ("mse_on_active", -1))
    return [[float(one[name][layer]) for name, layer in rows] for one in networks]


def ends_work(means: Any) -> Any:
    """Return the criterion of the way up, below 1 while a network works: as of `critical_law`."""
    return np.maximum(means[..., 1] / means[..., 0] / GROWTH, means[..., 2] / DEAD)


def stays_seized(means: Any) -> Any:
    """Return that of the way down, below 1 where it has fallen silent.

    Args:
        means: (..., 4), those of a quiet start, then E alpha^2 of inactive circuits from a seized one.
            Nothing at all counts as z e, so that a logarithm can be interpolated.
    """
    return np.maximum(means[..., 3], means[..., 0]) / (SEIZED * means[..., 0])


def hysteresis_law(
    block_width: int,
    redundancy: int,
    lower_threshold: float,
    upper_threshold: float,
    n_circuits: Sequence[int],
    *,
    n_layers: int = 30,
    networks: int = 8,
    samples: int = 16,
    seed: int = 0,
    share: float = SHARE,
    once: Once = anew,
) -> HysteresisLaw:
    """Measure the loads at which networks seize and are released, step circuits on lines, z = 1.

    Args:
        block_width: n.
        redundancy: S.
        lower_threshold: lo.
        upper_threshold: hi.
        n_circuits: T, on both sides of both loads.
        n_layers: L.
        networks: independent ones for each T.
        samples: of each.
        seed: of everything random.
        share: of inactive circuits that are on at the input of the second start.
        once: makes a measurement or has it from before.

    Raises:
        ValueError: for bad sizes.
    """
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    counts = sorted(set(n_circuits))
    sizes = block_width, redundancy, 1, n_layers, lower_threshold, upper_threshold
    up = critical_circuits(*sizes).n_circuits
    down = releasing_circuits(*sizes, most=max(up, counts[-1]))
    measured, theory = {}, []
    for T in counts:
        settings: dict[str, Any] = {
            "circuit": "step",
            "allocation": "transversal",
            "network_width": 2 * block_width,
            "n_circuits": T,
            "redundancy": redundancy,
            "lower_threshold": lower_threshold,
            "upper_threshold": upper_threshold,
            "n_layers": n_layers,
            "batch_size": samples,
            "seed": seed,
        }
        quiet, seized = (once(measured_from, settings, networks, start) for start in (0.0, share))
        measured[T] = np.column_stack([np.array(quiet), np.array(seized)[:, 1]])
        links = Links.of(even_loads(T, redundancy, block_width), 1)
        run = links, n_layers, lower_threshold, upper_threshold
        theory.append([density_evolution(*run, start=s).inactive[-1] for s in ("quiet", "all on")])
    table = np.stack(list(measured.values()))
    by_start = np.array(theory)
    return HysteresisLaw(
        block_width,
        redundancy,
        (lower_threshold, upper_threshold),
        n_layers,
        counts,
        table[..., 1],
        table[..., 3],
        by_start[:, 0],
        by_start[:, 1],
        find_crossing(measured, ends_work),
        find_crossing(measured, stays_seized),
        up,
        down,
    )
