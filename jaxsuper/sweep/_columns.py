"""Settings of many configurations as columns: products of factors, a piece at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..simulation import Configuration
from ._identity import field_types, setting


_TYPES: dict[type, Any] = {int: np.int64, float: np.float64, str: object}
# Rows that are made at once.
_PIECE = 2**16


def column(name: str, values: Sequence[Any]) -> np.ndarray:
    """Return values of a setting as an array."""
    return np.array(values, _TYPES[field_types()[name]])


@dataclass(frozen=True)
class Factor:
    """One dimension of a grid.

    Attributes:
        size: how many entries it has.
        columns: setting -> its value in every entry.
        given: setting -> in which entries it is given at all.
    """

    size: int
    columns: Mapping[str, np.ndarray]
    given: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, entries: Sequence[Mapping[str, Any]], places: Sequence[str]) -> "Factor":
        """Return the factor of entries that may name different settings.

        Args:
            entries: settings with values.
            places: what each entry is called in errors.
        """
        names = dict.fromkeys(name for entry in entries for name in entry)
        columns, given = {}, {}
        for name in names:
            there = np.array([name in entry for entry in entries], bool)
            typed = [
                setting(name, entry[name], f"{place}{name}")
                for entry, place in zip(entries, places, strict=True)
                if name in entry
            ]
            values = np.full(len(entries), typed[0], _TYPES[field_types()[name]])
            values[there] = column(name, typed)
            columns[name], given[name] = values, there
        return cls(len(entries), columns, given)

    @classmethod
    def together(cls, values: Mapping[str, Sequence[Any]], place: str) -> "Factor":
        """Return the factor of settings with one list of values each, of equal lengths."""
        columns = {}
        for name, several in values.items():
            bracket = f"{place}{name}[{{}}]".format
            typed = [setting(name, value, bracket(i)) for i, value in enumerate(several)]
            columns[name] = column(name, typed)
        size = len(next(iter(columns.values())))
        return cls(size, columns, {name: np.ones(size, bool) for name in columns})


def pieces(base: Mapping[str, Any], factors: Sequence[Factor]) -> Iterator[dict[str, np.ndarray]]:
    """Yield the columns of all settings, for all combinations of entries, the last factor fastest.

    Args:
        base: typed settings that all share; those left out have their defaults.
        factors: later ones win where a setting is in several.

    Yields:
        Columns of equal lengths, in the order of the fields of `Configuration`.
    """
    sizes = [factor.size for factor in factors]
    total = int(np.prod(sizes, dtype=np.int64))
    shared = {**vars(Configuration()), **base}
    for start in range(0, total, _PIECE):
        flat = np.arange(start, min(start + _PIECE, total))
        places = np.unravel_index(flat, sizes) if sizes else ()
        columns = {
            name: np.full(len(flat), shared[name], _TYPES[kind])
            for name, kind in field_types().items()
        }
        for factor, place in zip(factors, places, strict=True):
            for name, values in factor.columns.items():
                given = factor.given[name][place]
                columns[name] = np.where(given, values[place], columns[name])
        yield columns


def repeated(columns: Mapping[str, np.ndarray], repeats: int) -> dict[str, np.ndarray]:
    """Return each row with that many seeds, from its own on."""
    several = {name: np.repeat(values, repeats) for name, values in columns.items()}
    several["seed"] += np.tile(np.arange(repeats), len(columns["seed"]))
    return several


def rows_of(columns: Mapping[str, np.ndarray]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of columns of all settings, in the order of `Configuration`."""
    return zip(*(columns[field.name].tolist() for field in fields(Configuration)), strict=True)


def configurations_of(rows: Iterable[tuple[Any, ...]]) -> list[Configuration]:
    """Return the configurations of rows."""
    names = [field.name for field in fields(Configuration)]
    made = []
    for row in rows:
        # The constructor of a frozen class makes a call for each field, and takes three times as long.
        one = object.__new__(Configuration)
        one.__dict__.update(zip(names, row, strict=True))
        made.append(one)
    return made
