"""An experiment on the terminal: metric against layer for each z, or a table for each layer."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import Any, TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ._terminal import number, table


if TYPE_CHECKING:
    from ..analytics import ExperimentResult

# Keys of rows that are a line of their own below what was measured, and what the line is called.
_LINES = {
    "stderr": "± s.e.",
    "predicted": "closed form",
    "published": "as published",
    "state_evolution": "state evolution",
}
# Letters between two columns, of which the box has one.
_GAP = 2


def tables_by_z(result: "ExperimentResult", shown: Sequence[str], width: int) -> Iterator[Table]:
    """Yield for every z a table of metrics against layers; of more layers than fit, several.

    Below a metric stands what there is beside it. The published form has a line where it differs
    from the closed form.

    Args:
        result: of an experiment.
        shown: metrics are shown whose names start so.
        width: letters in a line.
    """
    for z, rows in groupby(result.rows, lambda row: row["n_active"]):
        lines = dict(_lines([row for row in rows if row["metric"].startswith(tuple(shown))]))
        n_layers = result.experiment.configuration.n_layers
        heads = [f"layer {layer + 1}" for layer in range(n_layers)]
        cell = max(map(len, (*heads, *(text for texts in lines.values() for text in texts))))
        name = max(len(_label(*line)) for line in lines)
        most = max(1, (width - name) // (cell + _GAP))
        each = ceil(n_layers / ceil(n_layers / most))
        for first in range(0, n_layers, each):
            here = slice(first, first + each)
            made = _plain_table(f"z = {z}, {_unit(result)}", ("measured", *heads[here]))
            for line, texts in lines.items():
                made.add_row(_label(*line), *texts[here], style=None if line[1] else "bold")
            yield made


def _plain_table(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table of names and numbers, without lines but one below its head."""
    look: dict[str, Any] = {"box": SIMPLE_HEAD, "show_edge": False, "pad_edge": False}
    look["min_width"] = len(title)
    made = table(title, columns, left=columns[:1], padding=(0, 0, 0, _GAP - 1), **look)
    made.columns[0].overflow = "fold"
    return made


def _label(metric: str, line: str) -> str:
    return f"  {line}" if line else metric


def _lines(rows: Sequence[Any]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield ((metric, what it is), texts by layer); what was measured is nothing but the metric."""
    for metric in dict.fromkeys(row["metric"] for row in rows):
        layers = [row for row in rows if row["metric"] == metric]
        yield (metric, ""), [number(row["value"]) for row in layers]
        texts = {key: _texts(layers, key) for key in _LINES}
        for key, label in _LINES.items():
            known = any(texts[key])
            if known and not (key == "published" and texts[key] == texts["predicted"]):
                yield (metric, label), texts[key]


def _texts(rows: Sequence[Any], key: str) -> list[str]:
    return [number(row.get(key), 2 if key == "stderr" else 4) for row in rows]


def _unit(result: "ExperimentResult") -> str:
    count = result.experiment.n_networks
    return "this network" if count == 1 else f"mean of {count} networks"


def tables_by_layer(result: "ExperimentResult", shown: Sequence[str]) -> Iterator[Table]:
    """Yield a table for every z and layer, with ratios.

    Args:
        result: of an experiment.
        shown: metrics are shown whose names start so.
    """
    more = {key: label for key, label in _LINES.items() if key in ("published", "state_evolution")}
    more = {k: label for k, label in more.items() if any(_texts(result.rows, k))}
    columns = ("metric", "measured", "± s.e.", "closed form", "ratio", *more.values())
    for (z, layer), rows in groupby(result.rows, lambda row: (row["n_active"], row["layer"])):
        title = f"z = {z}, layer {layer}, {_unit(result)}"
        made = _plain_table(title, columns)
        made.columns[0].no_wrap = True  # where there is little room heads take two lines
        for row in rows:
            if not row["metric"].startswith(tuple(shown)):
                continue
            value, predicted = row["value"], row["predicted"]
            ratio = value / predicted if value is not None and predicted else None
            cells = (number(value), number(row["stderr"], 2), number(predicted), number(ratio, 3))
            made.add_row(row["metric"], *cells, *(_texts([row], key)[0] for key in more))
        yield made
