"""How long payloads of k levels last, beside a rotation's, whose error adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._errors import check
from ..._journal import anew, Once
from ..._limits import check_index
from ..._settings import Experiment
from ...allocation import allocate
from ...circuits import width_of
from ...simulation import run_networks
from ...theory import level_errors


# The mean square at which a rotation has failed, and the share of wrong levels at which levels have.
FAILED = 0.1


@dataclass(frozen=True)
class LevelPoint:
    """A payload at one load.

    Attributes:
        kind: "levels8", ... or "rotation".
        n_circuits: T.
        hits: mean number of third circuits that bring x/S to a neuron.
        layers: L, of what was measured.
        rates: (networks,), what a layer adds: to the share of wrong levels, or to E|dx|^2.
        theory: the same by `level_errors`; NaN for a rotation.
    """

    kind: str
    n_circuits: int
    hits: float
    layers: int
    rates: Any
    theory: float

    @property
    def lasts(self) -> float:
        """Layers until failure, infinite if none was seen."""
        rate = float(np.mean(self.rates))
        return FAILED / rate if rate > 0 else float("inf")


def errors_by_layer(settings: dict[str, Any], n_networks: int) -> list[list[float]]:
    """Return E|x_est - x|^2 of active circuits by layer, for each network."""
    experiment = Experiment.of(**settings, n_networks=n_networks)
    (networks,) = run_networks(experiment).measurements.values()
    return [one["mse_x_active"].tolist() for one in networks]


def level_law(
    block_width: int,
    redundancy: int,
    levels: Sequence[int],
    n_circuits: Sequence[int],
    *,
    n_layers: int = 60,
    networks: int = 8,
    samples: int = 128,
    seed: int = 0,
    rotation: bool = True,
    once: Once = anew,
) -> list[LevelPoint]:
    """Measure what a layer costs payloads of k levels, step indicators .6/.9 on lines, z = 1.

    Args:
        block_width: n, the same for all; D = 2k n.
        redundancy: S.
        levels: k, of 2, 4 and 8.
        n_circuits: T.
        n_layers: L.
        networks: independent ones for each point.
        samples: of each.
        seed: of everything random.
        rotation: whether to measure rotations too.
        once: makes a measurement or has it from before.

    Raises:
        ValueError: for bad sizes.
    """
    check_index("n_layers", n_layers, 4)
    check(len(n_circuits) > 0, "n_circuits", "must name at least one", "none")
    widths = {f"levels{k}": 2 / (k - 1) for k in levels} | ({"rotation": 0.0} if rotation else {})
    points = []
    for kind, width in widths.items():
        for T in sorted(set(n_circuits)):
            e = allocate(block_width, redundancy, T, "transversal").overlap_rate
            settings: dict[str, Any] = {
                "circuit": kind,
                "network_width": block_width * width_of(kind),
                "n_circuits": T,
                "redundancy": redundancy,
                "allocation": "transversal",
                "lower_threshold": 0.6,
                "upper_threshold": 0.9,
                "n_layers": n_layers,
                "batch_size": samples,
                "seed": seed,
            }
            errors = np.array(once(errors_by_layer, settings, networks))
            square, theory = width**2 if width else 1.0, float("nan")
            if width:
                k = round(2 / width) + 1
                said = level_errors(k, redundancy, T, block_width, n_layers, e)
                theory = _rate(said) / square
            hits = (T * redundancy / block_width - 1) * redundancy**2 * e
            points.append(LevelPoint(kind, T, hits, n_layers, _rate(errors) / square, theory))
    return points


def _rate(errors: Any) -> Any:
    """Return what a layer adds, from layer 3, when the noise is there, to the last."""
    return (errors[..., -1] - errors[..., 2]) / (errors.shape[-1] - 3)
