"""Rows of some configurations only, chosen by the expressions that filter grids."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import check
from ._filters import compile_filter
from ._identity import field_types


if TYPE_CHECKING:
    import polars


def select(table: "polars.DataFrame", filters: Sequence[str]) -> "polars.DataFrame":
    """Return the rows of the configurations that pass all filters.

    Args:
        table: from `read_store`.
        filters: as those of `Grid`.

    Returns:
        The rows.

    Raises:
        ValueError: for an expression that is none, or if nothing is left.
    """
    if not filters:
        return table
    import polars

    different = table.select("config_id", *field_types()).unique("config_id")
    for test in map(compile_filter, filters):
        columns = {name: different[name].to_numpy() for name in field_types()}
        different = different.filter(polars.Series(test.passes(columns)))
    kept = different["config_id"].to_list()
    check(len(kept) > 0, "where", "must leave something to draw", " and ".join(filters))
    return table.filter(polars.col("config_id").is_in(kept))
