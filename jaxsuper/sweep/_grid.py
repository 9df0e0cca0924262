"""Grids: what is to be simulated, as a typed value or a TOML file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import check, lookup, one_of
from ..simulation import Configuration
from ._filters import compile_filter
from ._identity import config_id, configuration_from


@dataclass(frozen=True)
class Grid:
    """Configurations as products, zips and lists of settings of `Configuration`.

    A configuration takes one value of every entry of `product`, one position of every zip and one
    entry of `listed`; settings named twice take the later value in that order. With `repeats`,
    every configuration is run with that many seeds, from its own on.

    Attributes:
        base: settings that all share.
        product: setting -> values, every combination of them.
        zips: each setting -> values of equal length, taken together.
        listed: settings, one entry after the other.
        filters: expressions such as "n_circuits <= capacity"; what fails one is left out.
        repeats: seeds per configuration.
    """

    base: Mapping[str, Any] = field(default_factory=dict)
    product: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    zips: tuple[Mapping[str, Sequence[Any]], ...] = ()
    listed: tuple[Mapping[str, Any], ...] = ()
    filters: tuple[str, ...] = ()
    repeats: int = 1

    def configurations(self) -> list[Configuration]:
        """Return the configurations in order, each once.

        Raises:
            ValueError: for unknown settings, values of a wrong type, zips of unequal length, an
                unknown filter, or a grid without any configuration.
        """
        check(self.repeats >= 1, "repeats", "must be at least 1", self.repeats)
        factors: list[list[Mapping[str, Any]]] = []
        for name, values in self.product.items():
            check(len(values) > 0, name, "must have at least one value", "none")
            factors.append([{name: value} for value in values])
        for together in self.zips:
            lengths = {name: len(values) for name, values in together.items()}
            equal = len(set(lengths.values())) == 1 and min(lengths.values()) > 0
            check(equal, "zip", "must hold lists of equal length", lengths)
            columns = zip(*together.values(), strict=True)
            factors.append([dict(zip(together, row, strict=True)) for row in columns])
        if self.listed:
            factors.append(list(self.listed))
        tests = [compile_filter(text) for text in self.filters]
        found: dict[str, Configuration] = {}
        for chosen in product(*factors):
            settings = dict(self.base)
            for part in chosen:
                settings.update(part)
            first = configuration_from(settings)
            if not all(test(first) for test in tests):
                continue
            for repeat in range(self.repeats):
                one = replace(first, seed=first.seed + repeat)
                found.setdefault(config_id(one), one)
        check(len(found) > 0, "grid", "must hold at least one configuration", "none")
        return list(found.values())


_KEYS = ("base", "product", "zip", "list", "filters", "repeats")


def _values(name: str, given: Any) -> list[Any]:
    """Return a list of values: itself, `{from, to, step}` or `{from, to, count}`, ends included."""
    if isinstance(given, list):
        return given
    if not isinstance(given, dict):
        return [given]
    keys = set(given)
    known = keys in ({"from", "to", "step"}, {"from", "to", "count"})
    check(known, name, "must be a list or have `from`, `to` and `step` or `count`", sorted(keys))
    first, last = given["from"], given["to"]
    if "count" in given:
        return np.linspace(first, last, int(given["count"])).tolist()
    step = given["step"]
    check(step > 0, name, "must have a step above 0", step)
    count = int(np.floor((last - first) / step + 1e-9)) + 1
    check(count > 0, name, "must not end before it starts", f"{first} to {last}")
    return [first + index * step for index in range(count)]


def grid_from_toml(text: str) -> Grid:
    """Read a grid.

    Args:
        text: TOML with `[base]`, `[product]`, `[[zip]]`, `[[list]]`, `filters` and `repeats`.

    Returns:
        The grid.

    Raises:
        ValueError: for bad TOML or unknown keys.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"`grid` must be TOML: {error}") from None
    for name in given:
        one_of(_KEYS, name, "key of the grid")
    zips = tuple(given.get("zip", []))
    repeats = given.get("repeats", 1)
    check(isinstance(repeats, int), "repeats", "must be an integer", repeats)
    return Grid(
        base=given.get("base", {}),
        product={name: _values(name, v) for name, v in given.get("product", {}).items()},
        zips=tuple({name: _values(name, v) for name, v in z.items()} for z in zips),
        listed=tuple(given.get("list", [])),
        filters=tuple(given.get("filters", [])),
        repeats=repeats,
    )


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


def load_grid(name: str) -> Grid:
    """Return a built-in grid, or read one from a TOML file.

    Args:
        name: a preset or a path that ends in .toml.

    Returns:
        The grid.

    Raises:
        ValueError: if there is no such preset or file, or the file is not a grid.
    """
    if not name.endswith(".toml"):
        return lookup(_PRESETS, name, "grid")
    path = Path(name)
    check(path.is_file(), "grid", f"must be a file or one of {', '.join(_PRESETS)}", name)
    return grid_from_toml(path.read_text())
