"""Predictions beside the rows of a sweep: the store holds measurements only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from ..simulation import Configuration, depends_on_seed
from ..sweep import configuration_from
from .prediction import predict, Prediction


if TYPE_CHECKING:
    import polars

_COLUMNS = ("closed_form", "state_evolution")


def _without_chance(configuration: Configuration) -> Configuration:
    """Return the configuration without what a prediction does not depend on."""
    plain = replace(configuration, batch_size=1, precision="highest")
    return plain if depends_on_seed(plain) else replace(plain, seed=0, network=0)


def with_predictions(
    table: "polars.DataFrame",
    state_evolution: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> "polars.DataFrame":
    """Add the columns `closed_form` and `state_evolution` to the rows of a sweep.

    Args:
        table: from `sweep.read_store`.
        state_evolution: whether to work that out, for each different network and z.
        progress: called with (predictions made, predictions in all).

    Returns:
        The table with two more columns, empty where there is no prediction.
    """
    import polars

    names = tuple(Configuration.__dataclass_fields__)
    measured = table.filter(polars.col("failure").is_null())
    different = measured.select("config_id", *names).unique("config_id", maintain_order=True)
    groups: dict[Configuration, int] = {}
    numbers = []
    for row in different.iter_rows(named=True):
        configuration = configuration_from({name: row[name] for name in names})
        numbers.append(groups.setdefault(_without_chance(configuration), len(groups)))

    def work(configuration: Configuration) -> Prediction:
        return predict(configuration, state_evolution=state_evolution)

    rows = []
    with ThreadPoolExecutor() as pool:
        for group, prediction in enumerate(pool.map(work, groups)):
            forms = dict(
                zip(_COLUMNS, (prediction.closed_form, prediction.state_evolution), strict=True)
            )
            values = {name: {} if form is None else form.values for name, form in forms.items()}
            for metric in prediction.metrics:
                by_layer = {name: values[name].get(metric) for name in _COLUMNS}
                n_layers = len(next(v for v in by_layer.values() if v is not None))
                rows += [
                    {"group": group, "layer": layer + 1, "metric": metric}
                    | {n: None if v is None else float(v[layer]) for n, v in by_layer.items()}
                    for layer in range(n_layers)
                ]
            if progress:
                progress(group + 1, len(groups))
    kinds = {"group": polars.Int64, "layer": table.schema["layer"], "metric": polars.String}
    predicted = polars.DataFrame(rows, schema={**kinds, **dict.fromkeys(_COLUMNS, polars.Float64)})
    which = polars.DataFrame(
        {"config_id": different["config_id"], "group": polars.Series(numbers, dtype=polars.Int64)}
    )
    joined = table.join(which, on="config_id", how="left", maintain_order="left")
    joined = joined.join(
        predicted, on=["group", "layer", "metric"], how="left", maintain_order="left"
    )
    return joined.drop("group")
