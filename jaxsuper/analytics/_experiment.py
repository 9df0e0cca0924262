"""One experiment from its settings to its result: build, simulate, hold against the closed forms."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import jax

from .._types import check, KeyScalar, lookup
from ..allocation import Allocation
from ..circuits import AbstractCircuits, make, width_of
from ..network import AbstractNetwork, assemble, Clipped, constructions, indicator_schemes, Oracle
from ..simulation import default_chunk, environment, Measurement, merge_networks, simulate
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
        n_layers: L.
        batch_size: samples.
        seed: of angles, shuffles and samples.
        n_networks: independent networks to average over; above 1, the errors include their spread.
        circuit: rotation (d = 4), rotation3 (d = 3) or step (d = 2).
        construction: clipped, split, plain, oracle, private (rotation3) or block (S = 1).
        allocation: prime-steps, balanced-prime-steps, transversal, random or auto.
        indicator: how the on-indicator is carried: recomputed in every layer, carried unchanged or
            early-guess (both rotation3).
        indicator_redundancy: S of the indicator, if it has neurons of its own.
        indicator_share: the part of D that the indicators get.
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
    indicator_redundancy: int | None = None
    indicator_share: float | None = None
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


# Purposes of the keys folded from the network's key.
_CIRCUITS, _SHUFFLES, _SAMPLES, _SETS = range(4)
# Constructions with inhibition; for the first two the closed forms are made.
_INHIBITED = ("clipped", "oracle", "separate", "carried", "early-guess")


def _network_key(experiment: Experiment, index: int) -> KeyScalar:
    return jax.random.fold_in(jax.random.key(experiment.seed), index)


def samples_key(experiment: Experiment, index: int = 0) -> KeyScalar:
    """Return the root key of the samples that network number `index` is measured on."""
    return jax.random.fold_in(_network_key(experiment, index), _SAMPLES)


def check_experiment(experiment: Experiment) -> None:
    """Check what can be checked before anything is built.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    given = experiment
    for name in ("network_width", "n_circuits", "redundancy", "n_layers", "batch_size"):
        check(getattr(given, name) >= 1, name, "must be at least 1", getattr(given, name))
    check(given.n_networks >= 1, "n_networks", "must be at least 1", given.n_networks)
    check(0 <= given.seed < 2**32, "seed", "must lie in 0..2^32-1", given.seed)
    lookup(dict.fromkeys(indicator_schemes()), given.indicator, "indicator")
    lookup(dict.fromkeys(constructions()), given.construction, "construction")
    width = width_of(given.circuit)
    check(
        given.network_width % width == 0 or given.indicator_share is not None,
        "network_width",
        f"must be divisible by the circuit width {width}",
        given.network_width,
        f"use {given.network_width // width * width or width}",
    )
    if given.construction not in _INHIBITED:
        rule = f"must be left alone for the construction {given.construction!r}"
        check(given.inhibition == "scalar", "inhibition", rule, given.inhibition)
        check(given.inhibition_factor == 1, "inhibition_factor", rule, given.inhibition_factor)
    factor = given.inhibition_factor
    check(
        0 <= factor < float("inf"), "inhibition_factor", "must be finite and not negative", factor
    )
    check(len(given.n_active) > 0, "n_active", "must name at least one number", "none")
    for z in given.n_active:
        check(
            1 <= z <= given.n_circuits,
            "n_active",
            f"must lie in 1..{given.n_circuits}, the number of circuits",
            z,
        )
    check(given.chunk is None or given.chunk >= 1, "chunk", "must be at least 1", given.chunk)


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
    key = _network_key(experiment, index)
    circuits = make(
        experiment.circuit,
        experiment.n_circuits,
        key=jax.random.fold_in(key, _CIRCUITS),
        lower_threshold=experiment.lower_threshold,
        upper_threshold=experiment.upper_threshold,
        gate_bias=experiment.gate_bias,
    )
    options: dict[str, Any] = {}
    if experiment.construction in _INHIBITED:
        options = {
            "inhibition": experiment.inhibition,
            "inhibition_factor": experiment.inhibition_factor,
        }
    design, network = assemble(
        circuits,
        experiment.n_layers,
        key=jax.random.fold_in(key, _SHUFFLES),
        sets_key=jax.random.fold_in(key, _SETS),
        network_width=experiment.network_width,
        redundancy=experiment.redundancy,
        allocation=experiment.allocation,
        construction=experiment.construction,
        indicator=experiment.indicator,
        indicator_redundancy=experiment.indicator_redundancy,
        indicator_share=experiment.indicator_share,
        indicator_copies=experiment.indicator_copies,
        precision=experiment.precision,
        **options,
    )
    return circuits, design, jax.block_until_ready(network)


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
