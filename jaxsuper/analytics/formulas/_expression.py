"""Formulas over named settings: a text, a SymPy expression or a function, worked out at places.

A text is read by Python's parser and never run (`_expressions.py`): numbers, names, + - * / // % **
and the functions below. What SymPy prints is such a text. A function is the caller's own code, and
is called with what its parameters name.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
from scipy import special

from ... import theory
from ..._errors import bad, check, one_of
from ..._expressions import AbstractReader, Columns, Node, worked_out
from ..._reading import shown
from ..._settings import Configuration, LETTERS
from ...circuits import width_of
from ...simulation import parts_of
from ...sweep import field_types


@dataclass(frozen=True)
class Place:
    """Where a formula is held against measurements: a configuration and one of its layers."""

    configuration: Configuration
    layer: int

    def value(self, name: str) -> Any:
        """Return a setting or one of `QUANTITIES`."""
        if name in QUANTITIES:
            return QUANTITIES[name](self)
        return getattr(self.configuration, name)


def _width(place: Place) -> int:
    return width_of(place.configuration.circuit)


def _published(place: Place) -> float:
    made = place.configuration
    sizes = made.network_width, made.redundancy, made.n_circuits
    return theory.overlap_rate_published(_width(place), *sizes)


# What is known of a place besides its settings. The sets of a random family are those of the first
# network.
QUANTITIES: Mapping[str, Callable[[Place], float | int]] = {
    "layer": lambda place: place.layer,
    "block_width": lambda place: place.configuration.network_width // _width(place),
    "circuit_width": _width,
    "mean_overlap": lambda place: parts_of(place.configuration).allocation.mean_overlap,
    "overlap_rate": lambda place: parts_of(place.configuration).allocation.overlap_rate,
    "overlap_rate_published": _published,
}
_SHORT = {
    **LETTERS,
    "n": "block_width",
    "d": "circuit_width",
    "l": "layer",
    "P": "mean_overlap",
    "e": "overlap_rate",
    "rho": "overlap_rate_published",
}
_CONSTANTS = {"pi": np.pi, "E": np.e}
# With the names that SymPy prints, if these are others.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "erf": special.erf,
    "erfc": special.erfc,
    "gamma": special.gamma,
    "factorial": special.factorial,
}
_OF_TWO: dict[str, Callable[..., Any]] = {"binomial": special.binom}
_OF_SEVERAL: dict[str, Callable[..., Any]] = {"min": np.minimum, "max": np.maximum}
_OF_SYMPY = {"Abs": "abs", "ceiling": "ceil", "Min": "min", "Max": "max"}


def full_name(name: str, argument: str) -> str:
    """Return what a letter or word stands for: a setting or one of `QUANTITIES`.

    Raises:
        ValueError: if it stands for nothing, with what is near.
    """
    full = _SHORT.get(name, name)
    known = (*_SHORT, *QUANTITIES, *field_types())
    return full if full in (*QUANTITIES, *field_types()) else one_of(known, name, argument)


class _Reader(AbstractReader):
    """Functions besides arithmetic."""

    allowed = "arithmetic and functions of numbers"

    def __init__(self, text: str, argument: str):
        super().__init__(text)
        self.argument = argument

    def name(self, name: str) -> Node:
        """Translate a constant, a letter, a setting or a quantity."""
        if name in _CONSTANTS:
            return Node("number", lambda columns: np.float64(_CONSTANTS[name]))
        full = full_name(name, self.argument)
        number = field_types().get(full) is not str
        check(number, self.argument, "must hold settings that are numbers", name)
        self.names.add(full)
        return Node("number", lambda columns: columns[full])

    def other(self, tree: ast.expr) -> Node:
        """Translate a call of one of the functions, or a plus sign."""
        match tree:
            case ast.Call(func=ast.Name(id=name), args=given, keywords=[]):
                return self._call(_OF_SYMPY.get(name, name), given)
            case ast.BinOp(op=ast.BitXor()):
                raise self.refused(f"must hold {self.allowed} only", "^", "write ** for a power")
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.want(self.node(operand), "number", "after `+`")
        raise self.no_part(tree)

    def _call(self, name: str, given: list[ast.expr]) -> Node:
        known = {**_FUNCTIONS, **_OF_TWO, **_OF_SEVERAL}
        function = known[one_of(known, name, f"function in the {self.argument}")]
        parts = [self.node(part).values for part in given]
        least, most = (
            (1, 1) if name in _FUNCTIONS else (2, 2) if name in _OF_TWO else (1, len(parts))
        )
        rule = f"must give {name} {least} number{'s' * (least > 1)}"
        fits = least <= len(parts) <= most
        check(fits, self.argument, rule, f"{len(parts)} in {shown(self.text)}")
        if name in _OF_SEVERAL:
            return Node("number", lambda columns: reduce(function, (p(columns) for p in parts)))
        return Node("number", lambda columns: function(*(part(columns) for part in parts)))


@dataclass(frozen=True)
class Formula:
    """A formula that can be worked out.

    Attributes:
        text: how it was given, or the function's name with its parameters.
        names: the settings and quantities that it depends on.
    """

    text: str
    names: tuple[str, ...]
    _argument: str
    _values: Callable[[Sequence[Place]], Any]

    def at(self, places: Sequence[Place]) -> list[float]:
        """Return its values.

        Args:
            places: where.

        Raises:
            ValueError: where it has no finite value: names the first such place.
        """
        values = np.broadcast_to(np.asarray(self._values(places), np.float64), len(places))
        for place, value in zip(places, values, strict=True):
            if not np.isfinite(value):
                where = _where(place, self.names) or self.text
                rule = "must have a finite value for every configuration"
                raise bad(self._argument, rule, f"{value} at {where}")
        return values.tolist()


def formula_of(given: Any, argument: str = "formula") -> Formula:
    """Return a formula in whatever form it is given.

    Args:
        given: a text, a SymPy expression, or a function whose parameters are named by the letters or
            words of settings.
        argument: what it is called in errors.

    Returns:
        The formula.

    Raises:
        ValueError: for anything else, unknown names or functions, and texts that hold more than
            arithmetic.
    """
    if isinstance(given, str):
        return _of_text(given, argument)
    if hasattr(given, "free_symbols"):  # of SymPy, which is not loaded to find out
        return _of_text(str(given), argument)
    rule = "must be a text, a SymPy expression or a function"
    check(callable(given), argument, rule, shown(given))
    return _of_function(given, argument)


def _of_text(text: str, argument: str) -> Formula:
    reader = _Reader(text, argument)
    root = reader.want(reader.whole(), "number", "as a whole")
    names = tuple(sorted(reader.names))
    return Formula(text.strip(), names, argument, partial(_columns, root, names, argument, text))


def _columns(
    root: Node, names: Sequence[str], argument: str, text: str, places: Sequence[Place]
) -> Any:
    def columns(of: Sequence[Place]) -> Columns:
        return {name: np.array([place.value(name) for place in of], np.float64) for name in names}

    try:
        return worked_out(root, columns(places), argument, shown(text))
    except ValueError:
        for place in places:  # to say where
            where = f"{shown(text)} at {_where(place, names)}"
            worked_out(root, columns([place]), argument, where)
        raise


def _where(place: Place, names: Sequence[str]) -> str:
    return ", ".join(f"{name} = {place.value(name)}" for name in names)


def _of_function(given: Callable[..., Any], argument: str) -> Formula:
    wanted = inspect.signature(given).parameters
    rule = "must be a function of named parameters"
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    check(all(p.kind in plain for p in wanted.values()), argument, rule, shown(given))
    names = {name: full_name(name, f"parameter of the {argument}") for name in wanted}

    def values(places: Sequence[Place]) -> list[float]:
        rows = ({short: place.value(full) for short, full in names.items()} for place in places)
        return [float(given(**row)) for row in rows]

    text = f"{getattr(given, '__name__', type(given).__name__)}({', '.join(wanted)})"
    return Formula(text, tuple(dict.fromkeys(names.values())), argument, values)
