"""Filters on configurations, `n_circuits <= capacity`: comparisons and arithmetic, nothing else.

Python's parser reads the text, and nothing of it is ever run: each node becomes a function of
columns, so that a whole grid is filtered at once. Numbers are 64-bit floats, which hold integers up
to 2^53 exactly; what divides by zero or overflows is an error.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .._errors import check, one_of
from .._expressions import AbstractReader, Columns, Node, worked_out
from .._reading import shown
from .._settings import LETTERS
from ..allocation import johnson_bound
from ..circuits import width_of
from ..simulation import capacity_of, Configuration
from ._identity import choices, field_types


# What decides the sizes below, in the order of `_sizes`.
_DECISIVE = ("network_width", "circuit", "redundancy", "construction", "allocation", "indicator")
_DECISIVE += ("indicator_redundancy", "indicator_share", "indicator_copies")
_ALIASES = {"n": "block_width", "d": "circuit_width"}
_SIZES = ("block_width", "circuit_width", "capacity", "johnson_bound")
_COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@lru_cache(maxsize=2**16)
def _sizes(*decisive: Any) -> tuple[float, ...]:
    """Return block width, circuit width, capacity and Johnson's bound of `_DECISIVE` settings."""
    configuration = Configuration(**dict(zip(_DECISIVE, decisive, strict=True)))
    d = width_of(configuration.circuit)
    n, redundancy = configuration.network_width // d, configuration.redundancy
    bound = johnson_bound(n, redundancy) if 1 <= redundancy <= n else 0
    held = capacity_of(configuration)
    return float(n), float(d), float("inf") if held is None else float(held), float(bound)


@dataclass(frozen=True)
class Filter:
    """An expression, and the columns of settings that it reads.

    Attributes:
        text: as it was written.
        settings: names of the columns that `passes` wants.
    """

    text: str
    settings: tuple[str, ...]
    _root: Node
    _sized: bool

    def passes(self, columns: Columns) -> np.ndarray:
        """Return which rows pass.

        Args:
            columns: the settings by name, of equal lengths.

        Returns:
            A boolean for each row.

        Raises:
            ValueError: where the expression has no value, by a division by zero or an overflow.
        """
        columns = {name: columns[name] for name in self.settings}
        if self._sized:
            decisive = (columns[name].tolist() for name in _DECISIVE)
            sizes = np.array([_sizes(*row) for row in zip(*decisive, strict=True)])
            # Without rows there are no columns either.
            several = sizes.reshape(-1, len(_SIZES)).T
            columns = {**columns, **dict(zip(_SIZES, several, strict=True))}
        passed = worked_out(self._root, columns, _Reader.argument, shown(self.text))
        return np.asarray(passed, bool)


def compile_filter(text: str) -> Filter:
    """Turn an expression into a test of configurations.

    Args:
        text: comparisons (chained ones too), `and`, `or`, `not` and arithmetic over the settings of
            `Configuration`, the letters D, T, S, z, L, n, d, b, lo, hi, `capacity` (of the
            configuration's own family) and `johnson_bound`. The right side of `and` and `or` is
            looked at only where the left one does not decide.

    Returns:
        The test.

    Raises:
        ValueError: for anything else.
    """
    reader = _Reader(text)
    root = reader.want(reader.whole(), "condition", "as a whole")
    check(len(reader.names) > 0, "filter", "must name a setting", shown(text))
    sized = bool(reader.names & set(_SIZES))
    settings = reader.names - set(_SIZES) | (set(_DECISIVE) if sized else set())
    return Filter(text, tuple(sorted(settings)), root, sized)


class _Reader(AbstractReader):
    """Comparisons, `and`, `or`, `not`, and strings besides arithmetic."""

    argument = "filter"
    allowed = "comparisons and arithmetic"

    def name(self, name: str) -> Node:
        """Translate a setting, a letter or a size."""
        full = _ALIASES.get(name, LETTERS.get(name, name))
        kinds = field_types()
        if full not in kinds and full not in _SIZES:
            known = ", ".join([*LETTERS, *_ALIASES, *_SIZES])
            raise self.refused(f"must name settings or one of {known}", repr(name))
        self.names.add(full)
        if kinds.get(full) is str:
            return Node("text", lambda columns: columns[full])
        return Node("number", lambda columns: columns[full].astype(np.float64))

    def other(self, tree: ast.expr) -> Node:
        """Translate a string or a condition."""
        match tree:
            case ast.Constant(value) if isinstance(value, str):
                return Node("text", lambda columns: value)
            case ast.Constant(value):
                raise self.refused("must hold numbers and strings only", shown(value))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.want(self.node(operand), "condition", "after `not`").values
                return Node("condition", lambda columns: ~inner(columns))
            case ast.BoolOp(op=op, values=values):
                parts = [
                    self.want(self.node(part), "condition", "on both sides of `and`, `or`").values
                    for part in values
                ]
                return Node("condition", _joined(parts, isinstance(op, ast.And)))
            case ast.Compare():
                return self._comparison(tree)
        raise self.no_part(tree)

    def _comparison(self, tree: ast.Compare) -> Node:
        sides = [tree.left, *tree.comparators]
        nodes = [self.node(side) for side in sides]
        pairs = []
        for index, op in enumerate(tree.ops):
            compare, (one, other) = _COMPARISONS.get(type(op)), nodes[index : index + 2]
            if compare is None:
                raise self.no_part(op)
            if one.kind != other.kind or one.kind == "condition":
                rule = "must compare numbers with numbers and strings with strings"
                raise self.refused(rule, f"a {one.kind} and a {other.kind}")
            if one.kind == "text":
                if not isinstance(op, ast.Eq | ast.NotEq):
                    raise self.refused("must compare strings by == and != only", type(op).__name__)
                self._check_choice(*sides[index : index + 2])
            pairs.append((compare, one.values, other.values))

        def compared(columns):
            found = np.ones(len(next(iter(columns.values()))), bool)
            for compare, one, other in pairs:
                found &= np.asarray(compare(one(columns), other(columns)), bool)
            return found

        return Node("condition", compared)

    def _check_choice(self, one: ast.expr, other: ast.expr) -> None:
        """Check that a setting is compared with a value that it can have."""
        for name, value in ((one, other), (other, one)):
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                one_of(choices(name.id), str(value.value), f"{name.id} in the filter {self.text}")


def _joined(parts: list[Callable[[Columns], Any]], every: bool) -> Callable[[Columns], np.ndarray]:
    """Return `and` (every) or `or` of conditions: later ones where the others do not decide."""

    def values(columns):
        found = parts[0](columns)
        for part in parts[1:]:
            open_rows = found if every else ~found
            chosen = {name: column[open_rows] for name, column in columns.items()}
            found = found.copy()
            found[open_rows] = part(chosen)
        return found

    return values
