"""Prediction meets measurement."""

from ._compare import comparison_rows, predict, Row
from ._experiment import (
    evolution,
    Experiment,
    ExperimentResult,
    prepare,
    run_experiment,
    samples_key,
    with_evolution,
)
from ._outputs import check_writable, write_json, written_whole


__all__ = [
    "Experiment",
    "ExperimentResult",
    "Row",
    "check_writable",
    "comparison_rows",
    "evolution",
    "predict",
    "prepare",
    "run_experiment",
    "samples_key",
    "with_evolution",
    "write_json",
    "written_whole",
]
