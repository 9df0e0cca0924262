"""Rows of a result: a metric of a layer, measured and predicted."""

from typing import NotRequired, TypedDict

import numpy as np

from ..simulation import Measurement
from .prediction import Form, Prediction


class Row(TypedDict):
    """One line of a result.

    `stderr` is between networks, `stderr_within` the part of it that the samples make, `low` and
    `high` end the 95 % interval of the mean over all networks (none where some network shows an exact
    0). With `n_networks` = 1 all of them are of this network only, and say nothing of others.
    `predicted` is the closed form without erroneous activation, `published` the same as its source
    has it, `state_evolution` the theory with erroneous activation, where that was worked out.
    """

    n_active: int
    layer: int
    metric: str
    value: float | None
    stderr: float | None
    predicted: float | None
    published: float | None
    stderr_within: float | None
    low: float | None
    high: float | None
    n_networks: int
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
    intervals = {name: measurement.interval(name) for name in measurement.names}
    for layer in range(measurement.mean.shape[0]):
        for name in measurement.names + measurement.worst_names:
            row = Row(
                n_active=prediction.n_active,
                layer=layer + 1,
                metric=name,
                value=_number(measurement[name][layer]),
                stderr=None,
                predicted=_said(prediction.closed_form, name, layer),
                published=_said(prediction.published, name, layer),
                stderr_within=None,
                low=None,
                high=None,
                n_networks=measurement.n_networks,
            )
            if name in intervals:
                low, high = intervals[name]
                row["stderr"] = _number(measurement.stderr_of(name)[layer])
                row["stderr_within"] = _number(measurement.stderr_within_of(name)[layer])
                row["low"], row["high"] = _number(low[layer]), _number(high[layer])
            if evolved is not None and name in evolved.values:
                row["state_evolution"] = _said(evolved, name, layer)
            rows.append(row)
    return rows
