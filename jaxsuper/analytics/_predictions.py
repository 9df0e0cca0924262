"""The best prediction of an experiment: state evolution where there is one, else a closed form."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..allocation import Allocation
from ..network import Cleaned, Clipped, Separate
from ._compare import Row
from ._designs import predict_design, separate_evolution
from ._experiment import evolution, Experiment, ExperimentResult, prepare


def predict_experiment(
    experiment: Experiment, n_active: int, design: Allocation | None = None
) -> tuple[str | None, dict[str, Float[np.ndarray, " L"]]]:
    """Return the best prediction of an experiment's errors, and which theory it comes from.

    Args:
        experiment: the settings.
        n_active: z.
        design: of the payload; that of the experiment's first network if left out.

    Returns:
        ("state evolution", metric -> (L,)) for rotations (d = 4) in the clipped construction, also
        if the indicators have neurons of their own;
        ("closed form", ...) for private links, carried and guessed indicators; (None, {})
        for designs outside theory, such as clean-up layers.
    """
    _, own, network = prepare(experiment)
    # Not its subclasses: neither the oracle nor clean-up layers seize like the clipped network.
    if type(network) is Clipped:
        if experiment.circuit != "rotation":
            return None, {}
        return "state evolution", evolution(experiment, design or own, n_active)
    if isinstance(network, Separate):
        form = separate_evolution(network, n_active, experiment.n_layers, experiment.inhibition)
        return "state evolution", form
    if isinstance(network, Cleaned):
        # Its closed form holds without erroneous activation alone, and nothing says when that ends.
        return None, {}
    found = predict_design(network, n_active, experiment.n_layers)
    return ("closed form", found) if found else (None, {})


def with_evolution(result: ExperimentResult) -> ExperimentResult:
    """Add the state evolution to the rows of a result, about a second for every z.

    Args:
        result: of `run_experiment`.

    Returns:
        The result with `state_evolution` in the rows of the four mean squared errors; unchanged for
        circuits and constructions that it does not describe.
    """
    experiment = result.experiment
    predicted = {z: predict_experiment(experiment, z) for z in experiment.n_active}
    evolved = {z: form for z, (theory, form) in predicted.items() if theory == "state evolution"}
    if not evolved:
        return result

    def extended(row: Row) -> Row:
        form = evolved[row["n_active"]].get(row["metric"])
        return row if form is None else {**row, "state_evolution": float(form[row["layer"] - 1])}

    return replace(result, rows=[extended(row) for row in result.rows])
