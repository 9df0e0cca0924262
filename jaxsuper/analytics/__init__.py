"""Prediction meets measurement."""

from ._compare import comparison_rows, predict, Row
from ._experiment import Experiment, ExperimentResult, prepare, run_experiment, samples_key
from ._outputs import check_writable, write_json, written_whole
from ._sweep_predictions import with_predictions


__all__ = [
    "Experiment",
    "ExperimentResult",
    "Row",
    "check_writable",
    "comparison_rows",
    "predict",
    "prepare",
    "run_experiment",
    "samples_key",
    "with_predictions",
    "write_json",
    "written_whole",
]
