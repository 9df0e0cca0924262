"""Prediction meets measurement."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from ._experiment import ExperimentResult, run_experiment
from ._rows import comparison_rows, Row
from .prediction import Form, predict, Prediction


if TYPE_CHECKING:
    from ._branches import branch_law, BranchPoint, depth_law, DepthPoint
    from ._sweep_predictions import with_predictions

# What reads sweeps or measures branches is loaded when it is used: an experiment does without.
__getattr__, __dir__ = lazy(
    __name__,
    {
        "_branches": ("branch_law", "BranchPoint", "depth_law", "DepthPoint"),
        "_sweep_predictions": ("with_predictions",),
    },
)


__all__ = [
    "BranchPoint",
    "DepthPoint",
    "ExperimentResult",
    "Form",
    "Prediction",
    "Row",
    "branch_law",
    "comparison_rows",
    "depth_law",
    "predict",
    "run_experiment",
    "with_predictions",
]
