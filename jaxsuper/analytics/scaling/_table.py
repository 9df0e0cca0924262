"""What a results store holds of some configurations, by configuration."""

from collections.abc import Sequence
from pathlib import Path

from ..._settings import Configuration
from ...sweep import config_id, read_store


def by_configuration(
    out: Path, wanted: Sequence[Configuration], metrics: Sequence[str]
) -> dict[str, dict[tuple[str, int], float]]:
    """Return id -> (metric, layer) -> value, of those that were measured.

    Args:
        out: the results store.
        wanted: configurations.
        metrics: their names.
    """
    import polars

    ids = [config_id(one) for one in wanted]
    table = read_store(out).filter(polars.col("config_id").is_in(ids))
    table = table.filter(polars.col("metric").is_in(list(metrics)))
    found: dict[str, dict[tuple[str, int], float]] = {}
    rows = table.select("config_id", "metric", "layer", "value").iter_rows()
    for name, metric, layer, value in rows:
        found.setdefault(name, {})[metric, layer] = value
    return found
