"""The best prediction of an experiment: state evolution where there is one, else a closed form."""

import numpy as np
from jaxtyping import Float

from ..allocation import Allocation
from ..network import Clipped, Separate
from ._designs import predict_design, separate_evolution
from ._experiment import evolution, Experiment, prepare


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
        ("closed form", ...) for private links, carried and guessed indicators; (None, {}) for
        designs outside theory.
    """
    _, own, network = prepare(experiment)
    if isinstance(network, Clipped):
        if experiment.circuit != "rotation":
            return None, {}
        return "state evolution", evolution(experiment, design or own, n_active)
    if isinstance(network, Separate):
        form = separate_evolution(network, n_active, experiment.n_layers, experiment.inhibition)
        return "state evolution", form
    found = predict_design(network, n_active, experiment.n_layers)
    return ("closed form", found) if found else (None, {})
