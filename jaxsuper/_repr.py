"""Short texts and tables for what notebooks print; their size does not grow with what they show."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any


# Rows and columns of a table that are shown; of more the first and the last.
MOST_ROWS, MOST_COLUMNS = 40, 10
# Letters of a value that is no array.
MOST_LETTERS = 100


def listed(values: Iterable[object], most: int = 6) -> str:
    """Return values with commas between, of many the first ones and how many more there are."""
    texts = [str(value) for value in values]
    more = [f"... {len(texts) - most} more"] if len(texts) > most else []
    return ", ".join(texts[:most] + more)


def ends(count: int, most: int) -> list[int | None]:
    """Return the indices of what is shown of so many, None where some are left out."""
    if count <= most:
        return list(range(count))
    half = most // 2
    return [*range(half), None, *range(count - half, count)]


def html_fields(module: Any) -> str:
    """Return a table of the fields of a dataclass for a notebook: sizes of arrays, no entries.

    Args:
        module: an Equinox module, or another dataclass.
    """
    rows = [[field.name, _said(getattr(module, field.name, ""))] for field in fields(module)]
    return html_table(type(module).__name__, ["field", "value"], rows)


def _said(value: Any) -> str:
    """Return what a value is in some words."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        try:
            return f"{value.item():.6g}" if shape == () else f"{dtype} {tuple(shape)}"
        except (TypeError, ValueError, RuntimeError):  # keys, and what is being traced
            return f"{dtype} {tuple(shape)}"
    if is_dataclass(value) and not isinstance(value, type):
        inner = (
            f"{field.name}: {_said(getattr(value, field.name, ''))}" for field in fields(value)
        )
        return f"{type(value).__name__}({listed(inner)})"
    text = str(value)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a notebook; of many rows and columns only the outer ones.

    Args:
        title: above the table.
        head: names of the columns; the first one names the rows.
        rows: cells, as many as names.

    Returns:
        HTML, all texts escaped.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        shown = ("…" if i is None else escape(cells[i]) for i in ends(len(cells), MOST_COLUMNS))
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in shown) + "</tr>"

    body = []
    for index in ends(len(rows), MOST_ROWS):
        body.append("<tr><td>…</td></tr>" if index is None else line(rows[index], "td"))
    return (
        f"<div><p>{escape(title)}</p><table><thead>{line(head, 'th')}</thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
