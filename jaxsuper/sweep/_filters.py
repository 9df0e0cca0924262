"""Filters on configurations, `n_circuits <= capacity`: comparisons and arithmetic, nothing else.

Python's parser reads the text, and nothing of it is ever run: each node becomes a function of
columns, so that a whole grid is filtered at once. Numbers are 64-bit floats, which hold integers up
to 2^53 exactly; what divides by zero or overflows is an error.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .._errors import bad, check, check_kind, one_of
from .._reading import shown
from ..allocation import johnson_bound
from ..circuits import width_of
from ..simulation import capacity_of, Configuration
from ._identity import choices, field_types


# Longer and deeper than any filter that is written by hand, and far from what Python refuses.
_LONGEST, _DEEPEST = 10_000, 100
_LETTERS = {
    "D": "network_width",
    "T": "n_circuits",
    "S": "redundancy",
    "z": "n_active",
    "L": "n_layers",
    "b": "gate_bias",
    "lo": "lower_threshold",
    "hi": "upper_threshold",
}
# What decides the sizes below, in the order of `_sizes`.
_DECISIVE = ("network_width", "circuit", "redundancy", "construction", "allocation", "indicator")
_DECISIVE += ("indicator_redundancy", "indicator_share", "indicator_copies")
_ALIASES = {"n": "block_width", "d": "circuit_width"}
_SIZES = ("block_width", "circuit_width", "capacity", "johnson_bound")
_ARITHMETIC: dict[type[ast.operator], Any] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder,
    ast.Pow: np.power,
}
_COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
Columns = Mapping[str, np.ndarray]


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
class _Node:
    """A part of a filter: "number", "text" or "condition", and its values at some rows."""

    kind: str
    values: Callable[[Columns], Any]


@dataclass(frozen=True)
class Filter:
    """An expression, and the columns of settings that it reads.

    Attributes:
        text: as it was written.
        settings: names of the columns that `passes` wants.
    """

    text: str
    settings: tuple[str, ...]
    _root: _Node
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
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                return np.asarray(self._root.values(columns), bool)
        except FloatingPointError as error:
            rule = "must have a value for every configuration"
            raise bad("filter", rule, shown(self.text), str(error)) from None


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
    check_kind("filter", text, str)
    check(len(text) <= _LONGEST, "filter", f"must have at most {_LONGEST} characters", len(text))
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise bad("filter", "must be an expression", shown(text), reason) from None
    except (RecursionError, MemoryError):
        raise bad("filter", "must not be nested so deep", shown(text)) from None
    parser = _Parser(text)
    root = parser.node(tree.body)
    parser.want(root, "condition", "as a whole")
    check(len(parser.names) > 0, "filter", "must name a setting", shown(text))
    sized = bool(parser.names & set(_SIZES))
    settings = parser.names - set(_SIZES) | (set(_DECISIVE) if sized else set())
    return Filter(text, tuple(sorted(settings)), root, sized)


class _Parser:
    """Checks and translates the nodes of one expression."""

    def __init__(self, text: str):
        self.text, self.names, self._depth = text, set[str](), 0

    def _refuse(self, rule: str, what: str, remedy: str = "") -> ValueError:
        return bad("filter", rule, f"{what} in {shown(self.text)}", remedy)

    def want(self, node: _Node, kind: str, where: str) -> _Node:
        """Return the node, or raise unless it is of a kind."""
        if node.kind != kind:
            raise self._refuse(f"must have a {kind} {where}", f"a {node.kind}")
        return node

    def node(self, tree: ast.expr) -> _Node:
        """Translate a node."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refuse("must not be nested so deep", f"more than {_DEEPEST} levels")
        try:
            return self._translated(tree)
        finally:
            self._depth -= 1

    def _translated(self, tree: ast.expr) -> _Node:
        match tree:
            case ast.Constant(value):
                return self._constant(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.want(self.node(operand), "condition", "after `not`").values
                return _Node("condition", lambda columns: ~inner(columns))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.want(self.node(operand), "number", "after `-`").values
                return _Node("number", lambda columns: -inner(columns))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                where, combine = "on both sides of arithmetic", _ARITHMETIC[type(op)]
                one = self.want(self.node(left), "number", where).values
                other = self.want(self.node(right), "number", where).values
                return _Node("number", lambda columns: combine(one(columns), other(columns)))
            case ast.BoolOp(op=op, values=values):
                parts = [
                    self.want(self.node(part), "condition", "on both sides of `and`, `or`").values
                    for part in values
                ]
                return _Node("condition", _joined(parts, isinstance(op, ast.And)))
            case ast.Compare():
                return self._comparison(tree)
        raise self._refuse("must hold comparisons and arithmetic only", type(tree).__name__)

    def _constant(self, value: Any) -> _Node:
        if isinstance(value, str):
            return _Node("text", lambda columns: value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._refuse("must hold numbers and strings only", shown(value))
        try:
            number = np.float64(value)
        except OverflowError:
            number = np.float64(np.inf)
        if not np.isfinite(number):
            raise self._refuse("must hold numbers below 1e308", shown(value))
        return _Node("number", lambda columns: number)

    def _name(self, name: str) -> _Node:
        full = _ALIASES.get(name, _LETTERS.get(name, name))
        kinds = field_types()
        if full not in kinds and full not in _SIZES:
            known = ", ".join([*_LETTERS, *_ALIASES, *_SIZES])
            raise self._refuse(f"must name settings or one of {known}", repr(name))
        self.names.add(full)
        if kinds.get(full) is str:
            return _Node("text", lambda columns: columns[full])
        return _Node("number", lambda columns: columns[full].astype(np.float64))

    def _comparison(self, tree: ast.Compare) -> _Node:
        sides = [tree.left, *tree.comparators]
        nodes = [self.node(side) for side in sides]
        pairs = []
        for index, op in enumerate(tree.ops):
            compare, (one, other) = _COMPARISONS.get(type(op)), nodes[index : index + 2]
            if compare is None:
                raise self._refuse("must hold comparisons and arithmetic only", type(op).__name__)
            if one.kind != other.kind or one.kind == "condition":
                rule = "must compare numbers with numbers and strings with strings"
                raise self._refuse(rule, f"a {one.kind} and a {other.kind}")
            if one.kind == "text":
                if not isinstance(op, ast.Eq | ast.NotEq):
                    raise self._refuse("must compare strings by == and != only", type(op).__name__)
                self._check_choice(*sides[index : index + 2])
            pairs.append((compare, one.values, other.values))

        def compared(columns):
            found = np.ones(len(next(iter(columns.values()))), bool)
            for compare, one, other in pairs:
                found &= np.asarray(compare(one(columns), other(columns)), bool)
            return found

        return _Node("condition", compared)

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
