"""The parts of a grid as they stand in TOML: tables, lists, and ranges with both ends included."""

from math import floor
from typing import Annotated, Any

import msgspec
import numpy as np

from .._errors import bad, check, one_of
from .._reading import from_toml, shown, typed
from ._identity import field_types


# Combinations of a grid, which filters go through in seconds, and configurations that pass them: to
# plan two million takes half a minute and 2 GiB.
LARGEST, MOST = 10_000_000, 2_000_000
_KEYS = ("base", "product", "zip", "list", "filters", "repeats")
_Number = int | float
# Ends of ranges: beyond the largest float32 there is no setting.
_FARTHEST = 3.5e38


class _Parts(msgspec.Struct, forbid_unknown_fields=True):
    """The keys of a grid; what tables hold is read by setting, for the error's sake."""

    base: dict[str, Any] = {}
    product: dict[str, Any] = {}
    zips: list[dict[str, Any]] = msgspec.field(name="zip", default_factory=list)
    listed: list[dict[str, Any]] = msgspec.field(name="list", default_factory=list)
    filters: list[str] = []
    repeats: int = 1


class _Steps(msgspec.Struct, forbid_unknown_fields=True):
    """A range by its step."""

    first: _Number = msgspec.field(name="from")
    last: _Number = msgspec.field(name="to")
    step: _Number


class _Count(msgspec.Struct, forbid_unknown_fields=True):
    """A range by its number of values."""

    first: _Number = msgspec.field(name="from")
    last: _Number = msgspec.field(name="to")
    count: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]


def read_grid(text: str) -> dict[str, Any]:
    """Return the arguments of `Grid` that a TOML text holds, ranges written out.

    Raises:
        ValueError: names place and rule.
    """
    given = from_toml(text, "grid")
    for name in given:
        one_of(_KEYS, name, "key of the grid")
    parts = typed(_Parts, given, "")
    wanted = f"must have one of {', '.join(_KEYS)}"
    check(any(v not in ({}, []) for v in given.values()), "grid", wanted, "nothing")
    product = {name: _values(name, v, f"product.{name}") for name, v in parts.product.items()}
    zips = tuple(
        {name: _values(name, v, f"zip[{index}].{name}") for name, v in together.items()}
        for index, together in enumerate(parts.zips)
    )
    return {
        "base": parts.base,
        "product": product,
        "zips": zips,
        "listed": tuple(parts.listed),
        "filters": tuple(parts.filters),
        "repeats": parts.repeats,
    }


def _values(name: str, given: Any, place: str) -> list[Any]:
    """Return a list of values: itself, `{from, to, step}` or `{from, to, count}`, ends included."""
    one_of(field_types(), name, "setting")
    if isinstance(given, list):
        return given
    if not isinstance(given, dict):
        return [given]
    keys = set(given)
    known = keys in ({"from", "to", "step"}, {"from", "to", "count"})
    rule = "must be a list or have `from`, `to` and `step` or `count`"
    check(known, place, rule, shown(sorted(keys)))
    span = typed(_Count if "count" in given else _Steps, given, place)
    ends = {"from": span.first, "to": span.last}
    for end, value in ends.items():
        finite = -_FARTHEST <= value <= _FARTHEST
        check(finite, f"{place}.{end}", "must be finite in float32", shown(value))
    if isinstance(span, _Count):
        return np.linspace(span.first, span.last, span.count).tolist()
    first, last, step = span.first, span.last, span.step
    # Not a number compares false.
    check(0 < step <= _FARTHEST, place, "must have a finite step above 0", shown(step))
    check(first <= last, place, "must not end before it starts", f"{first} to {last}")
    steps = (last - first) / step + 1e-9
    if not steps < LARGEST:
        raise bad(place, f"must have at most {LARGEST:,} values", f"a step of {shown(step)}")
    return [first + index * step for index in range(floor(steps) + 1)]
