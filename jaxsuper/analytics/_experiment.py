"""One experiment from its settings to its result: build, simulate, hold against the theories."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._settings import Experiment
from ..simulation import (
    check_experiment,
    environment,
    Measurement,
    run_networks,
    Trajectories,
)
from ._rows import comparison_rows, Row
from .prediction import predict, Prediction


@dataclass(frozen=True)
class ExperimentResult:
    """What came out, and with what it was made.

    Attributes:
        experiment: the settings.
        rows: measured and predicted, for every z, layer and metric.
        measurements: by z.
        predictions: by z.
        trajectories: by z, two samples of the first network to look at.
        environment: versions, device, precision.
        timing: seconds: `build` and `run` are warm, `compile` is what came before them.
    """

    experiment: Experiment
    rows: list[Row]
    measurements: dict[int, Measurement]
    predictions: dict[int, Prediction]
    trajectories: dict[int, Trajectories]
    environment: dict[str, Any]
    timing: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return config, environment, timing and rows as plain data."""
        return {
            "config": self.experiment.flat(),
            "environment": self.environment,
            "timing": self.timing,
            "rows": self.rows,
        }


def run_experiment(
    experiment: Experiment,
    progress: Callable[[int, int], None] | None = None,
    *,
    state_evolution: bool = False,
) -> ExperimentResult:
    """Build, simulate and compare.

    Args:
        experiment: the settings.
        progress: called with (samples done, samples in all).
        state_evolution: whether to predict erroneous activation too, meanwhile.

    Returns:
        The result.

    Raises:
        ValueError: for settings that do not fit together, before anything is simulated.
    """
    check_experiment(experiment)
    # Most of the time goes into compiling, which leaves room for the theories beside it.
    with ThreadPoolExecutor(2) as pool:
        predicting = {
            z: pool.submit(predict, experiment, z, state_evolution=state_evolution)
            for z in experiment.n_active
        }
        networks = run_networks(experiment, progress)
        predictions = {z: future.result() for z, future in predicting.items()}
    measurements = networks.merged()
    rows = [
        row
        for z, measurement in measurements.items()
        for row in comparison_rows(measurement, predictions[z])
    ]
    return ExperimentResult(
        experiment,
        rows,
        measurements,
        predictions,
        networks.trajectories,
        environment(experiment.configuration.precision),
        networks.timing,
    )
