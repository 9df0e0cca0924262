"""Arithmetic as text: Python's parser reads it, and nothing of it is ever run.

Each node becomes a function of columns, so that many configurations are worked out at once. Numbers
are 64-bit floats, which hold integers up to 2^53 exactly. What else a text may hold, besides numbers,
names, signs and the operators below, says the class that reads it.
"""

import ast
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._errors import bad, check, check_kind
from ._reading import shown


# Longer and deeper than anything that is written by hand, and far from what Python refuses.
_LONGEST, _DEEPEST = 10_000, 100
_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.remainder,
    ast.Pow: np.power,
}
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Node:
    """A part of an expression: "number", "text" or "condition", and its values at some rows."""

    kind: str
    values: Callable[[Columns], Any]


class AbstractReader(ABC):
    """Checks and translates the nodes of one expression.

    Attributes:
        argument: what the text is called in errors.
        allowed: what it may hold, in errors.
        text: the expression.
        names: what it names, as it is read.
    """

    argument: str
    allowed: str

    def __init__(self, text: str):
        """Read nothing yet.

        Args:
            text: the expression.
        """
        self.text, self.names, self._depth = text, set[str](), 0

    @abstractmethod
    def name(self, name: str) -> Node:
        """Translate a name, and enter what it stands for into `names`."""

    @abstractmethod
    def other(self, tree: ast.expr) -> Node:
        """Translate what is not arithmetic of numbers and names, or raise `no_part`."""

    def whole(self) -> Node:
        """Translate the whole text.

        Raises:
            ValueError: if it is too long or deep, no expression, or holds what it may not.
        """
        argument, text = self.argument, self.text
        check_kind(argument, text, str)
        check(
            len(text) <= _LONGEST, argument, f"must have at most {_LONGEST} characters", len(text)
        )
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise bad(argument, "must be an expression", shown(text), reason) from None
        except (RecursionError, MemoryError):
            raise bad(argument, "must not be nested so deep", shown(text)) from None
        return self.node(tree.body)

    def refused(self, rule: str, what: str, remedy: str = "") -> ValueError:
        """Return the error that says what is wrong in the text."""
        return bad(self.argument, rule, f"{what} in {shown(self.text)}", remedy)

    def no_part(self, tree: ast.AST) -> ValueError:
        """Return the error for a node that the text may not hold."""
        return self.refused(f"must hold {self.allowed} only", type(tree).__name__)

    def want(self, node: Node, kind: str, where: str) -> Node:
        """Return the node, or raise unless it is of a kind."""
        if node.kind != kind:
            raise self.refused(f"must have a {kind} {where}", f"a {node.kind}")
        return node

    def node(self, tree: ast.expr) -> Node:
        """Translate a node."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.refused("must not be nested so deep", f"more than {_DEEPEST} levels")
        try:
            return self._translated(tree)
        finally:
            self._depth -= 1

    def _translated(self, tree: ast.expr) -> Node:
        match tree:
            case ast.Constant(value) if isinstance(value, int | float) and not isinstance(
                value, bool
            ):
                return self._number(value)
            case ast.Name(id=name):
                return self.name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.want(self.node(operand), "number", "after `-`").values
                return Node("number", lambda columns: -inner(columns))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                where, combine = "on both sides of arithmetic", _OPERATORS[type(op)]
                one = self.want(self.node(left), "number", where).values
                other = self.want(self.node(right), "number", where).values
                return Node("number", lambda columns: combine(one(columns), other(columns)))
        return self.other(tree)

    def _number(self, value: float | int) -> Node:
        try:
            number = np.float64(value)
        except OverflowError:
            number = np.float64(np.inf)
        if not np.isfinite(number):
            raise self.refused("must hold numbers below 1e308", shown(value))
        return Node("number", lambda columns: number)


def worked_out(node: Node, columns: Columns, argument: str, text: str) -> Any:
    """Return the values of a node at some rows.

    Args:
        node: of an expression.
        columns: what it names, of equal lengths.
        argument: what the text is called in errors.
        text: what has no value, in errors.

    Raises:
        ValueError: where it has no value, by a division by zero or an overflow.
    """
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
            return node.values(columns)
    except FloatingPointError as error:
        rule = "must have a value for every configuration"
        raise bad(argument, rule, text, str(error)) from None
