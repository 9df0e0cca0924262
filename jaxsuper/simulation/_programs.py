"""Edges from settings: a program by name, or that of a file."""

import hashlib
from functools import lru_cache
from pathlib import Path

from .._errors import bad, check
from .._reading import text_of
from .._settings import Configuration, EDGES, IDENTITY
from ..circuits import layout_of
from ..network import Traits
from ..programs import Edges, named_program, read_program


_FILE = ".toml"
# Compiled programs kept: a sweep asks for the same ones again and again.
_KEPT = 32
# What a program by name needs at least: an edge, and circuits for a branch or a merge.
_FEWEST_LAYERS, _ENOUGH_LAYERS, _LARGEST_GROUP = 2, 6, 3


def check_edges_name(value: str, place: str = "edges") -> None:
    """Raise a `ValueError` unless a setting names edges, or a file that can be read."""
    if value in EDGES:
        return
    rule = f"must be one of {', '.join(EDGES)}, or a TOML file"
    if not value.endswith(_FILE):
        raise bad(place, rule, repr(value))
    check(Path(value).is_file(), place, rule, value, "there is no such file")


def check_edges_fit(configuration: Configuration, traits: Traits) -> None:
    """Raise a `ValueError` if a configuration's construction cannot have its edges.

    Args:
        configuration: the settings.
        traits: of its construction.
    """
    if configuration.edges == IDENTITY:
        return
    traits.check_edges(given=configuration.edges)
    check(configuration.n_layers > 1, "n_layers", "must be at least 2 with edges", 1)


def edges_identity(value: str) -> str:
    """Return what tells edges from others in ids: a name, or the hash of what a file holds."""
    if value in EDGES:
        return value
    return hashlib.sha256(text_of(Path(value), "edges").encode()).hexdigest()[:16]


def edges_of(configuration: Configuration) -> Edges | None:
    """Return the edges of a configuration, None if every circuit is its own successor.

    Raises:
        ValueError: for a file that cannot be read, or a program that does not fit.
    """
    name = configuration.edges
    if name == IDENTITY:
        return None
    text = None if name in EDGES else text_of(Path(name), "edges")
    sizes = configuration.n_circuits, configuration.n_layers
    return _compiled(name, text, configuration.circuit, *sizes)


def fan_of(configuration: Configuration) -> int | None:
    """Return the most edges into or out of a circuit; None for those of a file, which is not read.

    In a program by name it does not depend on how many circuits there are.
    """
    if configuration.edges == IDENTITY:
        return 1
    # Programs repeat themselves after three layers.
    layers = min(configuration.n_layers, _ENOUGH_LAYERS)
    if configuration.edges not in EDGES or layers < _FEWEST_LAYERS:
        return None
    few = max(_LARGEST_GROUP, layers)
    return _compiled(configuration.edges, None, configuration.circuit, few, layers).fan


@lru_cache(maxsize=_KEPT)
def _compiled(name: str, text: str | None, circuit: str, n_circuits: int, n_layers: int) -> Edges:
    if text is None:
        program = named_program(name, n_circuits, n_layers)
    else:
        program = read_program(text, n_circuits, name)
    return program.compile(n_layers, layout=layout_of(circuit))
