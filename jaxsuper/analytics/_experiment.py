"""One experiment from its settings to its result: build, simulate, hold against the theories."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from .._repr import html_table, listed
from .._settings import Experiment, IDENTITY
from ..simulation import (
    check_experiment,
    environment,
    Measurement,
    run_networks,
    Trajectories,
)
from ._rows import comparison_rows, Row
from .prediction import predict, Prediction


if TYPE_CHECKING:
    import polars


# With fewer the last of three z is predicted when all else is done, and a second core idles.
_N_THREADS = 3


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

    def __repr__(self) -> str:
        return f"ExperimentResult({self._settings()}; {len(self.rows)} rows)"

    def _repr_html_(self) -> str:
        layers = sorted({row["layer"] for row in self.rows})
        head = ["z, metric", *(f"layer {layer}" for layer in layers)]
        cells: dict[str, list[str]] = {}
        for row in self.rows:
            if row["metric"].startswith("mse_"):
                cell = cells.setdefault(f"z = {row['n_active']}, {row['metric']}", [])
                value, said = row["value"], row["predicted"]
                measured = "" if value is None else f"{value:.3g}"
                cell.append(measured if said is None else f"{measured} ({said:.3g})")
        title = f"{self._settings()}: measured (closed form)"
        return html_table(title, head, [[name, *values] for name, values in cells.items()])

    def _settings(self) -> str:
        given, count = self.experiment.configuration, self.experiment.n_networks
        edges = "" if given.edges == IDENTITY else f"edges {given.edges}, "
        return (
            f"{given.construction} {given.circuit}, {given.allocation}, {edges}D = {given.network_width}, "
            f"T = {given.n_circuits}, S = {given.redundancy}, L = {given.n_layers}, "
            f"z = {listed(self.experiment.n_active)}; {count} network{'s' * (count != 1)} of "
            f"{given.batch_size} samples"
        )

    def to_polars(self) -> "polars.DataFrame":
        """Return the rows as a table, a column for each key; `pandas.DataFrame(result.rows)` does too."""
        import polars

        return polars.DataFrame(self.rows, infer_schema_length=None)

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
    # No theory here starts with circuits on by mistake.
    predicted = () if experiment.erroneous_share else experiment.n_active
    with ThreadPoolExecutor(_N_THREADS) as pool:
        predicting = {
            z: pool.submit(predict, experiment, z, state_evolution=state_evolution)
            for z in predicted
        }
        networks = run_networks(experiment, progress)
        predictions = {z: Prediction(z) for z in experiment.n_active}
        predictions |= {z: future.result() for z, future in predicting.items()}
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
