"""Prediction meets measurement."""

from ._compare import comparison_rows, predict, Row
from ._designs import predict_design
from ._experiment import Experiment, ExperimentResult, prepare, run_experiment, samples_key
from ._outputs import check_writable, write_json, written_whole


__all__ = [
    "Experiment",
    "ExperimentResult",
    "Row",
    "check_writable",
    "comparison_rows",
    "predict",
    "predict_design",
    "prepare",
    "run_experiment",
    "samples_key",
    "write_json",
    "written_whole",
]
