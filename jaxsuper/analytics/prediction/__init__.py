"""What theory says of a network: one door, one file per construction."""

from ._prediction import CLOSED_FORM, Form, Prediction, PUBLISHED, STATE_EVOLUTION
from ._programs import program_layers
from ._registry import predict


__all__ = [
    "CLOSED_FORM",
    "PUBLISHED",
    "STATE_EVOLUTION",
    "Form",
    "Prediction",
    "predict",
    "program_layers",
]
