"""The evidence of a claim as a journal keeps it, and what tells one claim's evidence from another's.

No verdict is kept: it is found again from the evidence, by the same rules.
"""

import re
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from inspect import unwrap
from pathlib import Path
from types import FunctionType
from typing import Any

import msgspec

from ._evidence import Evidence, Point, Relation


_Number = float | int
_NUMBERS = ("x", "measured", "predicted", "stderr", "rival", "freedom")
# How Python shows what it has no words for: the place in memory is another one in every run.
_NAMELESS = re.compile(r" at 0x[0-9a-f]+")


class _KeptPoint(msgspec.Struct, forbid_unknown_fields=True):
    x: _Number
    measured: _Number
    predicted: _Number
    stderr: _Number
    rival: _Number | None
    freedom: _Number | None
    series: str
    relation: Relation
    rival_relation: Relation | None


class KeptEvidence(msgspec.Struct, forbid_unknown_fields=True):
    """What was found of a claim: its evidence as plain data, the effort and seconds it took."""

    points: list[_KeptPoint]
    x_label: str
    y_label: str
    tolerance: _Number
    slack: _Number
    factor: _Number | None
    boundary: tuple[_Number, _Number] | None
    log_x: bool
    log_y: bool
    note: str
    effort: int
    seconds: float

    @classmethod
    def of(cls, evidence: Evidence, effort: int, seconds: float) -> "KeptEvidence":
        """Return evidence as plain data; numbers of numpy become those of Python."""
        content: dict[str, Any] = asdict(evidence)
        del content["rates"]  # of the run, not of what was found
        points = [
            point | {name: _plain(point[name]) for name in _NUMBERS} for point in content["points"]
        ]
        boundary = content["boundary"] and tuple(map(_plain, content["boundary"]))
        numbers = {name: _plain(content[name]) for name in ("tolerance", "slack", "factor")}
        content |= {"points": points, "boundary": boundary, **numbers}
        return msgspec.convert(content | {"effort": effort, "seconds": seconds}, cls)

    def evidence(self) -> Evidence:
        """Return the evidence, number for number."""
        content: dict[str, Any] = msgspec.structs.asdict(self)
        del content["effort"], content["seconds"]
        content["points"] = tuple(Point(**msgspec.structs.asdict(point)) for point in self.points)
        return Evidence(**content)


def _plain(value: Any) -> _Number | None:
    return value if value is None or type(value) in (int, float) else value.item()


def identity_of(gather: Callable[..., Any]) -> list[str] | None:
    """Return what tells a function from others, of code in files that are the same.

    Args:
        gather: makes the evidence of a claim.

    Returns:
        Names and the values it was made with; None if that cannot be told from run to run: typed at
        a prompt, or made with objects that have no words of their own.
    """
    told = _told(gather)
    return None if any(_NAMELESS.search(text) for text in told) else told


def _told(value: Any) -> list[str]:
    if isinstance(value, partial):
        parts = (value.func, *value.args, *value.keywords.items())
        return ["partial", *(text for part in parts for text in _told(part))]
    function = unwrap(value) if callable(value) else value
    if not isinstance(function, FunctionType):
        return [repr(value)]
    if not Path(function.__code__.co_filename).is_file():
        return [object.__repr__(function)]
    made_with = [cell.cell_contents for cell in function.__closure__ or ()]
    made_with += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    place = f"{function.__module__}:{function.__code__.co_firstlineno}:{function.__qualname__}"
    return [place, *(text for part in made_with for text in _told(part))]
