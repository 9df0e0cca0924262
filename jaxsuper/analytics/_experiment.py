"""One experiment from its settings to its result: build, simulate, hold against the closed forms."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import simulation, theory
from .._errors import check
from .._types import KeyScalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ..network import AbstractNetwork, Clipped, Oracle
from ..simulation import (
    check_active,
    check_settings,
    default_chunk,
    environment,
    Measurement,
    merge_networks,
    simulate,
)
from ._compare import comparison_rows, predict, Row
from ._designs import predict_design


@dataclass(frozen=True)
class Experiment:
    """Settings of a simulation; the defaults are the published choice at the headline size.

    Attributes:
        network_width: D, neurons per layer of the large network.
        n_circuits: T, small circuits stored.
        redundancy: S, large neurons per small neuron.
        n_active: z, circuits active in a sample; several values are run one after the other.
        n_layers: L, computing layers.
        batch_size: samples.
        seed: of angles, shuffles and samples.
        n_networks: independent networks to average over; above 1, the errors include their spread.
        circuit: rotation (d = 4), rotation3 (d = 3) or step (d = 2).
        construction: clipped, cleaned (a clean-up layer before each computing layer, 2L in all),
            split, plain, oracle, private (rotation3) or block (S = 1).
        allocation: prime-steps, balanced-prime-steps, transversal, random or auto.
        indicator: how the on-indicator is carried: recomputed in every layer, carried unchanged or
            early-guess (both rotation3).
        indicator_redundancy: S of the indicator, if it has neurons of its own; 0: that of the rest.
        indicator_share: the part of D that the indicators get; 0: all blocks equal.
        indicator_copies: indicators per circuit, averaged.
        lower_threshold: lo, where the step of the on-indicator starts.
        upper_threshold: hi, where it ends.
        gate_bias: b of the rotation neurons.
        inhibition: scalar (published) or receiver (one chi per receiving neuron).
        inhibition_factor: a factor on chi.
        precision: of matrix products: highest (full float32), high or default.
        chunk: samples run at once; by default what suits the device.
    """

    network_width: int = 1000
    n_circuits: int = 557
    redundancy: int = 6
    n_active: tuple[int, ...] = (1,)
    n_layers: int = 5
    batch_size: int = 500
    seed: int = 0
    n_networks: int = 1
    circuit: str = "rotation"
    construction: str = "clipped"
    allocation: str = "prime-steps"
    indicator: str = "recomputed"
    indicator_redundancy: int = 0
    indicator_share: float = 0.0
    indicator_copies: int = 1
    lower_threshold: float = 0.25
    upper_threshold: float = 0.75
    gate_bias: float = 1.0
    inhibition: str = "scalar"
    inhibition_factor: float = 1.0
    precision: str = "highest"
    chunk: int | None = None


@dataclass(frozen=True)
class ExperimentResult:
    """What came out, and with what it was made.

    Attributes:
        experiment: the settings.
        rows: measured and predicted, for every z, layer and metric.
        measurements: by z.
        environment: versions, device, precision.
        timing: seconds: `build` and `run` are warm, `compile` is what came before them.
    """

    experiment: Experiment
    rows: list[Row]
    measurements: dict[int, Measurement]
    environment: dict[str, Any]
    timing: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return config, environment, timing and rows as plain data."""
        config = asdict(self.experiment)
        several = self.experiment.n_active
        config["n_active"] = several[0] if len(several) == 1 else list(several)
        return {
            "config": config,
            "environment": self.environment,
            "timing": self.timing,
            "rows": self.rows,
        }


def samples_key(experiment: Experiment, index: int = 0) -> KeyScalar:
    """Return the root key of the samples that network number `index` is measured on."""
    return simulation.samples_key(experiment.seed, index)


def check_experiment(experiment: Experiment) -> None:
    """Check what can be checked before anything is built.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    given = experiment
    check_settings(given)
    check(given.n_networks >= 1, "n_networks", "must be at least 1", given.n_networks)
    check(len(given.n_active) > 0, "n_active", "must name at least one number", "none")
    for z in given.n_active:
        check_active(z, given.n_circuits)
    check(given.chunk is None or given.chunk >= 1, "chunk", "must be at least 1", given.chunk)


def design_of(experiment: Experiment, index: int = 0) -> Allocation:
    """Return the allocation of network number `index`, without building the network.

    Args:
        experiment: the settings.
        index: which of the independent networks; only random sets differ between them.

    Returns:
        The design.

    Raises:
        ValueError: for settings that do not fit together.
    """
    check_experiment(experiment)
    return simulation.design_of(experiment, index)


def prepare(
    experiment: Experiment, index: int = 0
) -> tuple[AbstractCircuits, Allocation, AbstractNetwork]:
    """Build network number `index` of an experiment.

    Args:
        experiment: the settings.
        index: which of the independent networks.

    Returns:
        (circuits, allocation, network).

    Raises:
        ValueError: for settings that do not fit together.
    """
    check_experiment(experiment)
    return simulation.prepare(experiment, index)


def evolution(
    experiment: Experiment, allocation: Allocation, n_active: int
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return the state evolution of an experiment: its four errors, collapse included.

    Args:
        experiment: with rotation circuits in the clipped construction.
        allocation: its design, for the loads.
        n_active: z.

    Returns:
        metric -> (L,).

    Raises:
        ValueError: for other circuits or constructions, which it does not describe.
    """
    check(experiment.circuit == "rotation", "circuit", "must be rotation", experiment.circuit)
    check(
        experiment.construction == "clipped",
        "construction",
        "must be clipped",
        experiment.construction,
    )
    own = (experiment.indicator_redundancy, experiment.indicator_share, experiment.indicator_copies)
    rule = "must be recomputed on the neurons of the rest"
    fits = experiment.indicator == "recomputed" and own == (0, 0.0, 1)
    check(fits, "indicator", rule, experiment.indicator, "use `predict_experiment`")
    return theory.state_evolution(
        allocation.loads[allocation.sets],
        allocation.block_width,
        n_active,
        experiment.n_layers,
        lo=experiment.lower_threshold,
        hi=experiment.upper_threshold,
        b=experiment.gate_bias,
        chi_factor=experiment.inhibition_factor,
        inhibition=experiment.inhibition,
    )


def run_experiment(
    experiment: Experiment, progress: Callable[[int, int], None] | None = None
) -> ExperimentResult:
    """Build, simulate and compare.

    Args:
        experiment: the settings.
        progress: called with (samples done, samples in all).

    Returns:
        The result; its predictions are the closed forms of the construction, and are left out for
        plain, split, separate and block, which have none.

    Raises:
        ValueError: for settings that do not fit together, before anything is simulated.
    """
    timing = {"build": 0.0, "compile": 0.0, "run": 0.0}
    started = perf_counter()
    prepare(experiment)
    timing["compile"] = perf_counter() - started
    found: dict[int, list[Measurement]] = {z: [] for z in experiment.n_active}
    predictions: dict[int, dict[str, Any]] = {}
    total = experiment.batch_size * experiment.n_networks * len(experiment.n_active)
    done = 0
    for index in range(experiment.n_networks):
        started = perf_counter()
        circuits, design, network = prepare(experiment, index)
        timing["build"] += perf_counter() - started
        if index == 0:
            timing["compile"] = max(timing["compile"] - timing["build"], 0.0)
        key = samples_key(experiment, index)
        for z in experiment.n_active:
            chunk = experiment.chunk or default_chunk(network, experiment.batch_size)
            if index == 0:
                started = perf_counter()
                simulate(network, z, min(chunk, experiment.batch_size), key=key, chunk=chunk)
                timing["compile"] += perf_counter() - started
                layers = experiment.n_layers
                if type(network) in (Clipped, Oracle):
                    predictions[z] = predict(circuits, design, z, layers)
                else:
                    predictions[z] = predict_design(network, z, layers)
            started, offset = perf_counter(), done
            report = progress and (lambda n, offset=offset: progress(offset + n, total))
            found[z].append(
                simulate(
                    network,
                    z,
                    experiment.batch_size,
                    key=key,
                    chunk=chunk,
                    progress=report,
                )
            )
            timing["run"] += perf_counter() - started
            done += experiment.batch_size
    measurements = {z: merge_networks(parts) for z, parts in found.items()}
    rows = [
        row
        for z, measurement in measurements.items()
        for row in comparison_rows(measurement, predictions.get(z, {}), z)
    ]
    return ExperimentResult(
        experiment, rows, measurements, environment(experiment.precision), timing
    )
