"""What a compiled program does, counted in its optimised text: kernels, and waits for a decision.

A loop whose length the compiler knows counts its body that many times, any other once. Of a
conditional the branch with more kernels counts. On a GPU the host starts every kernel, and reads from
the device which branch to take and whether to go on with a loop of unknown length: those are the
waits. A TPU runs the whole program by itself; there the counts say how long the program is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache


# What stands in a program and starts nothing: names, and ends of what was started before.
_NOTHING = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"}
_NOTHING |= {"opt-barrier", "partition-id", "replica-id"}
_HEAD = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\{$")
_CALLED = re.compile(r"(\w+)=(?:%?([\w.\-]+)|\{([^}]*)\})")
_BRANCHES = ("true_computation", "false_computation", "branch_computations")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')


@dataclass(frozen=True)
class Executed:
    """Kernels that a program starts, and times that it waits for a decision of the device's."""

    kernels: int = 0
    waits: int = 0

    def __add__(self, other: "Executed") -> "Executed":
        """Return what both do."""
        return Executed(self.kernels + other.kernels, self.waits + other.waits)

    def times(self, count: int) -> "Executed":
        """Return what so many of it do."""
        return Executed(count * self.kernels, count * self.waits)


def executed(text: str) -> Executed:
    """Count what a compiled program does.

    Args:
        text: `as_text()` of it.

    Returns:
        The counts.

    Raises:
        ValueError: for a text without an entry.
    """
    bodies, entry = _computations(text)
    if entry is None:
        raise ValueError("`text` must be an optimised program with an ENTRY")

    @cache
    def of(name: str) -> Executed:
        total = Executed()
        for opcode, rest in bodies[name]:
            total += _of_instruction(opcode, rest)
        return total

    def _of_instruction(opcode: str, rest: str) -> Executed:
        called = _called(rest)
        if opcode == "while":
            trips = _TRIPS.search(rest)
            if trips:
                return of(called["body"][0]).times(int(trips[1]))
            return of(called["body"][0]) + of(called["condition"][0]) + Executed(0, 1)
        if opcode == "conditional":
            names = [name for key in _BRANCHES for name in called.get(key, ())]
            return max(map(of, names), key=lambda each: each.kernels) + Executed(0, 1)
        if opcode == "call":
            return of(called["to_apply"][0])
        return Executed(0 if opcode in _NOTHING or opcode.endswith("-done") else 1, 0)

    return of(entry)


def _computations(text: str) -> tuple[Mapping[str, list[tuple[str, str]]], str | None]:
    """Return every computation's instructions as (opcode, rest of the line), and the entry's name."""
    bodies: dict[str, list[tuple[str, str]]] = {}
    entry, here = None, None
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head:
            here = bodies.setdefault(head[2], [])
            entry = head[2] if head[1] else entry
        elif line.startswith("}"):
            here = None
        elif here is not None and " = " in line:
            here.append(_opcode(line.split(" = ", 1)[1]))
    return bodies, entry


def _opcode(after: str) -> tuple[str, str]:
    """Split what stands after "=": a type, which may be a tuple of types, an opcode, the rest."""
    end = depth = 0
    while after.startswith("("):
        depth += (after[end] == "(") - (after[end] == ")")
        if not depth:
            break
        end += 1
    start = after.index(" ", end) + 1
    opcode, _, rest = after[start:].partition("(")
    return opcode, rest


def _called(rest: str) -> dict[str, list[str]]:
    """Return the computations that an instruction names, by what they are to it."""
    return {key: list(_names(one or several)) for key, one, several in _CALLED.findall(rest)}


def _names(text: str) -> Iterator[str]:
    return (name.strip().lstrip("%") for name in text.split(","))
