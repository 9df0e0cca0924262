"""Prediction meets measurement."""

from ._experiment import ExperimentResult, run_experiment
from ._rows import comparison_rows, Row
from ._sweep_predictions import with_predictions
from .prediction import Form, predict, Prediction


__all__ = [
    "ExperimentResult",
    "Form",
    "Prediction",
    "Row",
    "comparison_rows",
    "predict",
    "run_experiment",
    "with_predictions",
]
