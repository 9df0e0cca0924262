"""Grids: what is to be simulated, as a typed value; those that are built in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from .._errors import check, check_kind, lookup
from .._limits import check_index
from .._reading import shown, text_of
from .._repr import listed as in_words
from ..simulation import Configuration
from ._columns import configurations_of, Factor, pieces, repeated, rows_of
from ._filters import compile_filter, Filter
from ._grid_file import LARGEST, MOST, read_grid
from ._identity import setting


_MANY, _SPLIT = f"must have at most {MOST:,} configurations", "split it"

_LISTS = (list, tuple, range)


def _places(name: str, tables: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{name}[{index}]", table) for index, table in enumerate(tables)]


@dataclass(frozen=True)
class Grid:
    """Configurations as products, zips and lists of settings of `Configuration`.

    A configuration takes one value of every entry of `product`, one position of every zip and one
    entry of `listed`; settings named twice take the later value in that order. With `repeats`,
    every configuration is run with that many seeds, from its own on. All is checked when the grid is
    made.

    Attributes:
        base: settings that all share.
        product: setting -> values, every combination of them.
        zips: each setting -> values of equal length, taken together.
        listed: settings, one entry after the other.
        filters: expressions such as "n_circuits <= capacity"; what fails one is left out.
        repeats: seeds per configuration.

    Raises:
        ValueError: for unknown settings, values of a wrong type or out of range, unknown choices,
            zips of unequal length, a filter that is none, or too many combinations.
    """

    base: Mapping[str, Any] = field(default_factory=dict)
    product: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    zips: tuple[Mapping[str, Sequence[Any]], ...] = ()
    listed: tuple[Mapping[str, Any], ...] = ()
    filters: tuple[str, ...] = ()
    repeats: int = 1

    def __repr__(self) -> str:
        tables = [self.product, *self.zips]
        named = in_words(
            f"{name} ({len(values)})" for table in tables for name, values in table.items()
        )
        more = f", {len(self.listed)} listed" * bool(self.listed)
        filters = f"; {in_words(self.filters)}" * bool(self.filters)
        return (
            f"Grid({named or 'one configuration'}{more}; {self.repeats} "
            f"seed{'s' * (self.repeats != 1)}; {len(self.base)} settings shared{filters})"
        )

    def __post_init__(self) -> None:
        check_index("repeats", self.repeats)
        check_kind("base", self.base, Mapping)
        check_kind("product", self.product, Mapping)
        for name in ("zips", "listed", "filters"):
            check_kind(name, getattr(self, name), tuple, list)
        for place, table in [*_places("zip", self.zips), *_places("list", self.listed)]:
            check_kind(place, table, Mapping)
        sizes = [self.repeats]
        for name, values in self.product.items():
            check_kind(f"product.{name}", values, *_LISTS)
            check(len(values) > 0, f"product.{name}", "must have at least one value", "none")
            sizes.append(len(values))
        for index, together in enumerate(self.zips):
            for name, values in together.items():
                check_kind(f"zip[{index}].{name}", values, *_LISTS)
            lengths = {name: len(values) for name, values in together.items()}
            equal = len(set(lengths.values())) == 1 and min(lengths.values()) > 0
            rule = "must hold lists of equal length"
            check(equal, f"zip[{index}]", rule, shown(lengths))
            sizes.append(min(lengths.values()))
        sizes.append(max(len(self.listed), 1))
        size = prod(sizes)
        rule = f"must have at most {LARGEST:,} combinations"
        check(size <= LARGEST, "grid", rule, f"{size:,}", _SPLIT)
        if not self.filters:
            check(size <= MOST, "grid", _MANY, f"{size:,}", _SPLIT)
        # Made now, so that what is wrong is said now.
        _ = self._base, self._factors, self._tests

    @cached_property
    def _base(self) -> dict[str, Any]:
        return {name: setting(name, value, f"base.{name}") for name, value in self.base.items()}

    @cached_property
    def _factors(self) -> list[Factor]:
        factors = [Factor.together({name: v}, "product.") for name, v in self.product.items()]
        factors += [Factor.together(zipped, f"zip[{i}].") for i, zipped in enumerate(self.zips)]
        if self.listed:
            factors.append(Factor.of(self.listed, [f"list[{i}]." for i in range(len(self.listed))]))
        return factors

    @cached_property
    def _tests(self) -> list[Filter]:
        return [compile_filter(text) for text in self.filters]

    def configurations(self) -> list[Configuration]:
        """Return the configurations in order, each once.

        Raises:
            ValueError: for a grid without any configuration, or a filter without a value.
        """
        found: dict[tuple[Any, ...], None] = {}
        count = 0
        for columns in pieces(self._base, self._factors):
            for test in self._tests:
                passed = test.passes(columns)
                columns = {name: values[passed] for name, values in columns.items()}
            count += len(columns["seed"]) * self.repeats
            check(count <= MOST, "grid", _MANY, f"{count:,} or more", _SPLIT)
            found.update(dict.fromkeys(rows_of(repeated(columns, self.repeats))))
        check(len(found) > 0, "grid", "must hold at least one configuration", "none")
        return configurations_of(found)


def _pairs() -> Mapping[str, Sequence[int]]:
    """Return the 41 (D, T) pairs of the published grid."""
    circuits = {
        800: (200, 300),
        1000: range(200, 501, 100),
        1200: range(200, 701, 100),
        1400: range(200, 1001, 200),
        1600: range(300, 1301, 200),
        1800: range(300, 1701, 200),
        2000: range(200, 2001, 200),
    }
    both = [(width, count) for width, counts in circuits.items() for count in counts]
    widths, counts = zip(*both, strict=True)
    return {"network_width": widths, "n_circuits": counts}


def _scaling() -> Mapping[str, Sequence[int]]:
    """Return sizes at which T (d/D)^2 stays the same while the network grows."""
    both = [
        (width, round(ratio * width**2 / 16))
        for width in (800, 1200, 1600, 2400, 3200)
        for ratio in (0.002, 0.004, 0.006, 0.008)
    ]
    widths, counts = zip(*both, strict=True)
    return {"network_width": widths, "n_circuits": counts}


_PRESETS = {
    # Figures 8-11 of the source: 164 configurations.
    "published": Grid(
        base={"redundancy": 6, "n_layers": 4, "batch_size": 500},
        product={"n_active": (1, 2, 3, 4)},
        zips=(_pairs(),),
    ),
    # Figures 5-7, with five networks each.
    "headline": Grid(
        base={"network_width": 1000, "n_circuits": 557, "redundancy": 6, "n_layers": 5},
        product={"n_active": (1, 2, 3)},
        repeats=5,
    ),
    "scaling": Grid(
        base={"redundancy": 6, "n_layers": 4, "batch_size": 256},
        product={"n_active": (1, 2, 3)},
        zips=(_scaling(),),
        filters=("n_circuits <= capacity",),
        repeats=3,
    ),
}


def grid_from_toml(text: str) -> Grid:
    """Read a grid.

    Args:
        text: TOML with `[base]`, `[product]`, `[[zip]]`, `[[list]]`, `filters` and `repeats`.

    Returns:
        The grid.

    Raises:
        ValueError: for bad TOML, unknown keys, and as `Grid`.
    """
    check_kind("grid", text, str)
    return Grid(**read_grid(text))


def load_grid(name: str) -> Grid:
    """Return a built-in grid, or read one from a TOML file.

    Args:
        name: a preset or a path that ends in .toml.

    Returns:
        The grid.

    Raises:
        ValueError: if there is no such preset or file, or the file is not a grid.
    """
    check_kind("grid", name, str)
    if not name.endswith(".toml"):
        return lookup(_PRESETS, name, "grid")
    path = Path(name)
    check(path.is_file(), "grid", f"must be a file or one of {', '.join(_PRESETS)}", name)
    text = text_of(path, "grid")
    try:
        return grid_from_toml(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
