"""Linear probes in closed form: the ceiling, since they are told which circuits are on."""

import numpy as np
from jaxtyping import Float

from .._answer import Answer, answer_of
from .._export import Export
from .._truth import indicators
from ._options import activations_by_layer, Options, Report


def _solved(
    inputs: Float[np.ndarray, "N I"], outputs: Float[np.ndarray, "N O"], ridge: float | int
) -> Float[np.ndarray, "I O"]:
    """Return the ridge regression (X'X + r m I)^-1 X'Y, m the mean of the diagonal of X'X."""
    square = inputs.T @ inputs
    mean = float(np.trace(square)) / len(square) or 1.0
    square[np.diag_indices(len(square))] += np.float32(ridge * mean)
    return np.linalg.solve(square, inputs.T @ outputs)


def probes(export: Export, options: Options, report: Report) -> Answer:
    """Return ridge probes of every circuit's indicator, and what activity goes with it.

    Indicators are predictions for samples that the probe was not fitted to (two folds). Directions
    are the patterns: the ridge regression of activations on all indicators, of all samples, since a
    probe's weights say what to read rather than what is written (Haufe et al. 2014).

    Args:
        export: the network, whose truth is read.
        options: `ridge` counts.
        report: of layers.
    """
    found = {}
    for layer, values in activations_by_layer(export, report):
        true = indicators(export, layer)
        predicted = np.zeros_like(true)
        half = np.arange(len(true)) < len(true) // 2
        for fitted, rest in ((half, ~half), (~half, half)):
            mean, share = (table[fitted].mean(axis=0, keepdims=True) for table in (values, true))
            weights = _solved(values[fitted] - mean, true[fitted] - share, options.ridge)
            predicted[rest] = (values[rest] - mean) @ weights + share
        # No constant: as many circuits are on in all samples, so that it would be one of them.
        found[f"directions.{layer}"] = _solved(true, values, 1e-4)
        found[f"indicators.{layer}"] = predicted
    return answer_of(found, "probes")
