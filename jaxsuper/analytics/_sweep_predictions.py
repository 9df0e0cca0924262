"""Predictions beside the rows of a sweep: the store holds measurements only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import jax
import numpy as np

from .. import theory
from ..circuits import AbstractCircuits, make, Rotation
from ..simulation import Configuration, design_of, OWN_INDICATORS, parameters_of
from ..sweep import configuration_from
from ._compare import predict


if TYPE_CHECKING:
    import polars

# What a prediction depends on: everything but seeds, samples and precision.
_DEPENDS = (
    *("network_width", "n_circuits", "redundancy", "n_active", "n_layers", "circuit"),
    *("construction", "allocation", "lower_threshold", "upper_threshold", "gate_bias"),
    *("inhibition", "inhibition_factor"),
)


def _circuits_of(given: Configuration) -> AbstractCircuits:
    """Return circuits for their parameters; the angles do not enter a prediction."""
    parameters = parameters_of(given)
    if given.circuit == "rotation":
        return Rotation(np.zeros(given.n_circuits), **parameters)
    return make(given.circuit, given.n_circuits, key=jax.random.key(0), **parameters)


def _closed_form(given: Configuration) -> dict[str, np.ndarray]:
    return predict(_circuits_of(given), design_of(given), given.n_active, given.n_layers)


def _evolution(given: Configuration) -> dict[str, np.ndarray]:
    if given.circuit != "rotation" or given.n_active >= given.n_circuits:
        return {}
    design = design_of(given)
    return theory.state_evolution(
        design.loads[design.sets],
        design.block_width,
        given.n_active,
        given.n_layers,
        given.lower_threshold,
        given.upper_threshold,
        given.gate_bias,
        given.inhibition_factor,
        given.inhibition,
    )


def with_predictions(
    table: "polars.DataFrame",
    state_evolution: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> "polars.DataFrame":
    """Add the columns `closed_form` and `state_evolution` to the rows of a sweep.

    Args:
        table: from `sweep.read_store`.
        state_evolution: whether to work that out, about a second for each network shape and z.
        progress: called with (predictions made, predictions in all).

    Returns:
        The table with two more columns, empty where there is no prediction: for constructions
        other than the clipped, and for metrics that are not predicted.
    """
    import polars

    usual = [polars.col(name) == getattr(Configuration, name) for name in OWN_INDICATORS]
    clipped = table.filter(
        polars.col("construction") == "clipped", polars.col("failure").is_null(), *usual
    )
    different = clipped.select(_DEPENDS).unique(maintain_order=True)
    given = [configuration_from(row) for row in different.iter_rows(named=True)]
    works: dict[str, Callable[[Configuration], dict[str, np.ndarray]]] = {
        "closed_form": _closed_form
    }
    if state_evolution:
        works["state_evolution"] = _evolution
    joined, total = table, len(works) * len(given)
    for turn, (column, work) in enumerate(works.items()):
        predictions = []
        with ThreadPoolExecutor() as pool:
            for prediction in pool.map(work, given):
                predictions.append(prediction)
                if progress:
                    progress(turn * len(given) + len(predictions), total)
        rows = [
            {**settings, "layer": layer + 1, "metric": metric, column: float(value)}
            for settings, prediction in zip(
                different.iter_rows(named=True), predictions, strict=True
            )
            for metric, values in prediction.items()
            for layer, value in enumerate(values)
        ]
        keys = [*_DEPENDS, "layer", "metric"]
        if rows:
            kinds = {name: table.schema[name] for name in keys}
            frame = polars.DataFrame(rows, schema={**kinds, column: polars.Float64})
            joined = joined.join(frame, on=keys, how="left")
    for column in ("closed_form", "state_evolution"):
        if column not in joined.columns:
            joined = joined.with_columns(polars.lit(None, polars.Float64).alias(column))
    return joined
