"""Prediction meets measurement."""

from .._files import check_writable, make_writable_folder, write_json, written_whole
from ._compare import comparison_rows, predict, Row
from ._designs import predict_design, separate_evolution
from ._experiment import (
    design_of,
    evolution,
    Experiment,
    ExperimentResult,
    prepare,
    run_experiment,
    samples_key,
)
from ._predictions import predict_experiment, with_evolution
from ._sweep_predictions import with_predictions


__all__ = [
    "Experiment",
    "ExperimentResult",
    "Row",
    "check_writable",
    "comparison_rows",
    "design_of",
    "evolution",
    "make_writable_folder",
    "predict",
    "predict_design",
    "predict_experiment",
    "prepare",
    "run_experiment",
    "samples_key",
    "separate_evolution",
    "with_evolution",
    "with_predictions",
    "write_json",
    "written_whole",
]
