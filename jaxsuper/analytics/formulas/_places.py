"""The places where a formula is checked: configurations of a grid and layers, and their axes."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..._errors import bad, check, check_kind, one_of
from ..._limits import check_index
from ..._settings import Configuration, LETTERS
from ...circuits import layout_of
from ...simulation import metric_names
from ...sweep import Grid, load_grid
from ._expression import Place


# What is checked without a grid: sizes that the published family has room for, small enough for
# every network of the last look to take seconds, and far enough apart to tell exponents.
_DEFAULT = Grid(
    base={"batch_size": 512, "n_layers": 1},
    product={
        "network_width": (400, 600, 800),
        "n_circuits": (80, 160, 320),
        "redundancy": (4, 6),
        "n_active": (1, 2),
    },
    filters=("n_circuits <= capacity",),
)
# More places than this have an error rate each that no number of networks meets.
_MOST = 2000


def places_of(
    grid: Grid | Mapping[str, Any] | Path | str | None,
    metric: str,
    layer: int | Sequence[int],
    seed: int,
) -> list[Place]:
    """Return the places of a grid, with as many layers as are looked at.

    Args:
        grid: settings, by word or letter, with a value or a list of values each; a `Grid`; the name
            of a built-in one or of a TOML file; None for one that is built in.
        metric: what is measured.
        layer: l, from 1; several are an axis of their own.
        seed: of all networks.

    Returns:
        The places, layers last.

    Raises:
        ValueError: for a grid that is none, or with other networks or seeds in it; a metric or layer
            that its networks do not have.
    """
    layers = [layer] if isinstance(layer, int) else list(layer)
    check(len(layers) > 0, "layer", "must be at least one", "none")
    for one in layers:
        check_index("layer", one)
    check(len({*layers}) == len(layers), "layer", "must name each layer once", layers)
    made = _grid_of(grid, max(layers))
    rule = "must leave networks and seeds to `n_networks` and `seed`"
    check(made.repeats == 1, "grid", rule, f"repeats = {made.repeats}")
    found = made.configurations()
    several = next((n for n in ("network", "seed") if len({getattr(c, n) for c in found}) > 1), "")
    check(not several, "grid", rule, f"several values of {several}")
    count = len(found) * len(layers)
    check(count <= _MOST, "grid", f"must have at most {_MOST} places", count)
    for one in found:
        least = f"must be at least {max(layers)}, the layer that is looked at"
        check(one.n_layers >= max(layers), "n_layers", least, one.n_layers)
        _check_metric(one.circuit, metric)
    found = [replace(one, seed=seed, network=0) for one in found]
    return [Place(one, each) for one in found for each in layers]


def _grid_of(grid: Any, n_layers: int) -> Grid:
    if grid is None:
        return replace(_DEFAULT, base={**_DEFAULT.base, "n_layers": n_layers})
    if isinstance(grid, Grid):
        return grid
    if isinstance(grid, Path | str):
        return load_grid(str(grid))
    check_kind("grid", grid, Mapping)
    base: dict[str, Any] = {"batch_size": _DEFAULT.base["batch_size"], "n_layers": n_layers}
    product: dict[str, Any] = {}
    names = [field.name for field in fields(Configuration)]
    for name, given in grid.items():
        full = LETTERS.get(name, name)
        one_of((*LETTERS, *names), name, "setting of the grid")
        if full in product or (full in base and full not in ("batch_size", "n_layers")):
            raise bad("grid", "must name each setting once", f"{name!r} and {full!r}")
        several = not isinstance(given, str) and hasattr(given, "__len__")
        (product if several else base)[full] = list(given) if several else given
    return Grid(base={n: v for n, v in base.items() if n not in product}, product=product)


def _check_metric(circuit: str, metric: str) -> None:
    averaged, worst = metric_names(layout_of(circuit))
    one_of((*averaged, *worst), metric, "metric")


def axes_of(places: Sequence[Place]) -> dict[str, list[Any]]:
    """Return the settings that differ between places, each with its values in order."""
    found: dict[str, list[Any]] = {}
    for name in (*(field.name for field in fields(Configuration)), "layer"):
        values = dict.fromkeys(place.value(name) for place in places)
        if len(values) > 1:
            found[name] = sorted(values)
    return found
