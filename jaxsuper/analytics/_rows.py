"""Rows of a result: a metric of a layer, measured and predicted."""

from typing import NotRequired, TypedDict

import numpy as np

from ..simulation import Measurement
from .prediction import Form, Prediction


class Row(TypedDict):
    """One line of a result.

    `predicted` is the closed form without erroneous activation, `state_evolution` the theory with it,
    where that was worked out.
    """

    n_active: int
    layer: int
    metric: str
    value: float | None
    stderr: float | None
    predicted: float | None
    state_evolution: NotRequired[float | None]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _said(form: Form | None, metric: str, layer: int) -> float | None:
    if form is None or metric not in form.values:
        return None
    return _number(form.values[metric][layer])


def comparison_rows(measurement: Measurement, prediction: Prediction) -> list[Row]:
    """Join measurement and prediction; what is not finite becomes None.

    Args:
        measurement: what was measured.
        prediction: of the same network and z.

    Returns:
        Rows ordered by layer, then metric; worst cases come last, without standard error.
    """
    rows: list[Row] = []
    evolved = prediction.state_evolution
    for layer in range(measurement.mean.shape[0]):
        for name in measurement.names + measurement.worst_names:
            averaged = name in measurement.names
            row = Row(
                n_active=prediction.n_active,
                layer=layer + 1,
                metric=name,
                value=_number(measurement[name][layer]),
                stderr=_number(measurement.stderr_of(name)[layer]) if averaged else None,
                predicted=_said(prediction.closed_form, name, layer),
            )
            if evolved is not None and name in evolved.values:
                row["state_evolution"] = _said(evolved, name, layer)
            rows.append(row)
    return rows
