"""What makes a configuration itself: its settings in one canonical form, and their hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from math import isfinite
from operator import attrgetter
from typing import Any

from .._errors import check, lookup
from .._limits import LARGEST_SINGLE
from .._reading import shown
from .._settings import CIRCUITS, EDGES, IDENTITY
from ..circuits import identity_of
from ..simulation import check_setting, CHOICES, Configuration, edges_identity


_TYPES: dict[str, type] = {field.name: type(field.default) for field in fields(Configuration)}


def field_types() -> dict[str, type]:
    """Return the settings of a configuration with their types, int, float or str."""
    return dict(_TYPES)


def choices(name: str) -> tuple[str, ...]:
    """Return the values that a setting by name can have, nothing for a number."""
    return tuple(CHOICES[name]()) if name in CHOICES else ()


def setting(name: str, value: Any, place: str = "") -> Any:
    """Return the value of a setting as its field has it: 1 becomes 1.0 where a float is wanted.

    Args:
        name: of a field of `Configuration`.
        value: as it comes from a file or from numpy.
        place: what the value is called in the error, by default the name.

    Returns:
        The value of the field's own type, so that equal settings have equal ids.

    Raises:
        ValueError: for an unknown name, a value of the wrong type or out of range, or an unknown
            choice.
    """
    kind, place = lookup(_TYPES, name, "setting"), place or name
    plain = value.item() if hasattr(value, "item") else value
    rule = f"must be of type {kind.__name__}"
    if kind is str:
        check(isinstance(plain, str), place, rule, shown(value))
        check_setting(name, plain, place)
        return plain
    number = isinstance(plain, int | float) and not isinstance(plain, bool)
    check(number, place, rule, shown(value))
    if kind is float:
        check(
            -LARGEST_SINGLE <= plain <= LARGEST_SINGLE,
            place,
            "must be finite in float32",
            shown(value),
        )
        # No -0.0, which equals 0.0 and would have another id.
        return float(plain) + 0.0
    whole = isinstance(plain, int) or plain.is_integer()
    check(whole, place, rule, shown(value))
    check_setting(name, int(plain), place)
    return int(plain)


def configuration_from(settings: Mapping[str, Any]) -> Configuration:
    """Make a configuration from plain settings, as they come from a file.

    Args:
        settings: names of `Configuration` with values; those left out have their defaults.

    Returns:
        The configuration, every value as `setting` gives it.

    Raises:
        ValueError: as `setting`.
    """
    return Configuration(**{name: setting(name, value) for name, value in settings.items()})


# As `json.dumps(..., sort_keys=True, separators=(",", ":"))` writes it, several times as fast.
_SORTED = sorted(_TYPES)
# What repeats change: the rest of the text is the same for many configurations.
_COUNTED = ("network", "seed")
_REST = [name for name in _SORTED if name not in _COUNTED]
_EDGES, _CIRCUIT = _REST.index("edges"), _REST.index("circuit")
_VALUES, _COUNTS = attrgetter(*_REST), attrgetter(*_COUNTED)


def _number(value: float) -> str:
    # Without the -0.0 that equals 0.0; what is not finite has other names in JSON.
    value = float(value) + 0.0
    return repr(value) if isfinite(value) else json.dumps(value)


_WRITERS: dict[type, Any] = {int: int, float: _number, str: encode_basestring_ascii}


@lru_cache(maxsize=2**12)
def _text(values: tuple) -> str:
    """Return the canonical JSON of all settings but those counted, which are left open."""
    pairs = zip(_REST, values, strict=True)
    written = {name: str(_WRITERS[_TYPES[name]](value)) for name, value in pairs}
    closed = {name: text.replace("%", "%%") for name, text in written.items()}
    # Ids are what they were before there were edges.
    usual = values[_EDGES] == IDENTITY
    names = [name for name in _SORTED if not (usual and name == "edges")]
    return "{" + ",".join(f'"{name}":{closed.get(name, "%d")}' for name in names) + "}"


def canonical(configuration: Configuration) -> str:
    """Return the settings as JSON with sorted keys and no spaces."""
    values = _VALUES(configuration)
    if values[_EDGES] not in EDGES:
        # A file is what it holds, wherever it lies.
        held = edges_identity(values[_EDGES])
        values = (*values[:_EDGES], held, *values[_EDGES + 1 :])
    if values[_CIRCUIT] not in CIRCUITS:
        held = identity_of(values[_CIRCUIT])
        values = (*values[:_CIRCUIT], held, *values[_CIRCUIT + 1 :])
    return _text(values) % _COUNTS(configuration)


def fresh_id(configuration: Configuration) -> str:
    """Return `config_id` without a look at what is remembered, which takes as long."""
    return hashlib.sha256(canonical(configuration).encode()).hexdigest()[:16]


@lru_cache(maxsize=2**18)
def config_id(configuration: Configuration) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
    return fresh_id(configuration)
