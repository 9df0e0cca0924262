"""What makes a configuration itself: its settings in one canonical form, and their hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

from .._errors import check, lookup
from ..simulation import Configuration


_TYPES = {field.name: type(field.default) for field in fields(Configuration)}


def field_types() -> dict[str, type]:
    """Return the settings of a configuration with their types, int, float or str."""
    return dict(_TYPES)


def configuration_from(settings: Mapping[str, Any]) -> Configuration:
    """Make a configuration from plain settings, as they come from a file.

    Args:
        settings: names of `Configuration` with values; those left out have their defaults.

    Returns:
        The configuration, every value of the type its field has (1 becomes 1.0 where a float is
        wanted), so that equal settings have equal ids.

    Raises:
        ValueError: for an unknown name or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    for name, value in settings.items():
        kind = lookup(_TYPES, name, "setting")
        plain = value.item() if hasattr(value, "item") else value
        whole = isinstance(plain, int) or (isinstance(plain, float) and plain.is_integer())
        fits = {
            int: whole and not isinstance(plain, bool),
            float: isinstance(plain, int | float) and not isinstance(plain, bool),
            str: isinstance(plain, str),
        }[kind]
        check(fits, name, f"must be of type {kind.__name__}", repr(value))
        values[name] = kind(plain)
    return Configuration(**values)


def canonical(configuration: Configuration) -> str:
    """Return the settings as JSON with sorted keys and no spaces."""
    return json.dumps(vars(configuration), sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=2**18)
def config_id(configuration: Configuration) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(configuration).encode()).hexdigest()[:16]
