"""Where a formula starts to fail along each axis of a grid, the other axes' failures set aside.

If a formula fails for z >= 2, it does so at every T as well, which says nothing of T. So the values
at which it holds nowhere are found first, all axes at once, and their places are set aside; then
again among the rest. What fails then fails in part: at some places with that value, and holds at others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._repr import listed


@dataclass(frozen=True)
class Axis:
    """A setting of the grid, and where along it a formula fails.

    Attributes:
        name: of the setting.
        values: that it takes, in order.
        fails: those at which some place is outside and none within, what other axes explain set aside.
        in_part: those of the others at which some place is outside.
        undecided: those of the rest at which some place is undecided.
    """

    name: str
    values: tuple[Any, ...]
    fails: tuple[Any, ...]
    in_part: tuple[Any, ...]
    undecided: tuple[Any, ...]

    def __str__(self) -> str:
        parts = [self._fails()] if self.fails else []
        if self.in_part:
            parts.append(f"fails in part at {_listed(self.in_part)}")
        if self.undecided:
            parts.append(f"undecided at {_listed(self.undecided)}")
        if not parts:
            parts = [f"holds at {_listed(self.values)}"]
        return f"{self.name}: {', '.join(parts)}"

    def _fails(self) -> str:
        count, last = len(self.fails), len(self.values)
        if count == last:
            return "fails at all values"
        if self.fails == self.values[last - count :]:
            return (
                f"fails from {_text(self.fails[0])} on, not yet at {_text(self.values[-count - 1])}"
            )
        if self.fails == self.values[:count]:
            return f"fails up to {_text(self.fails[-1])}, no more at {_text(self.values[count])}"
        return f"fails at {_listed(self.fails)}"


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _listed(values: Sequence[Any]) -> str:
    return listed(map(_text, values), 8)


def failing(rows: Sequence[Mapping[str, Any]], axes: Mapping[str, Sequence[Any]]) -> list[Axis]:
    """Return where a formula fails along each axis.

    Args:
        rows: of all places: the axes' values, and `place` ("within", "outside" or "undecided").
        axes: name -> values.

    Returns:
        One for each axis.
    """
    lost: dict[str, set[Any]] = {name: set() for name in axes}
    rest = list(rows)
    while rest:
        found = {
            (name, value)
            for name, values in axes.items()
            for value in values
            if (here := [row["place"] for row in rest if row[name] == value])
            and "outside" in here
            and "within" not in here
        }
        if not found:
            break
        for name, value in found:
            lost[name].add(value)
        rest = [row for row in rest if not any(row[name] == value for name, value in found)]

    def among(name: str, place: str, but: set[Any]) -> tuple[Any, ...]:
        seen = {row[name] for row in rest if row["place"] == place}
        return tuple(value for value in axes[name] if value in seen and value not in but)

    reports = []
    for name, values in axes.items():
        fails = tuple(value for value in values if value in lost[name])
        in_part = among(name, "outside", set())
        open_ones = among(name, "undecided", {*in_part})
        reports.append(Axis(name, tuple(values), fails, in_part, open_ones))
    return reports
