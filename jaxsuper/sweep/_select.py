"""Rows of some configurations only, chosen by the expressions that filter grids."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import check
from ._filters import compile_filter
from ._identity import configuration_from, field_types


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

    tests = [compile_filter(text) for text in filters]
    different = table.select("config_id", *field_types()).unique("config_id")
    kept = [
        row.pop("config_id")
        for row in different.iter_rows(named=True)
        if all(
            test(configuration_from({name: row[name] for name in field_types()})) for test in tests
        )
    ]
    check(len(kept) > 0, "where", "must leave something to draw", " and ".join(filters))
    return table.filter(polars.col("config_id").is_in(kept))
