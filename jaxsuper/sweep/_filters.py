"""Filters on configurations, `n_circuits <= capacity`: comparisons and arithmetic, nothing else."""

import ast
from collections.abc import Callable
from typing import Any

from .._errors import check
from ..allocation import johnson_bound
from ..circuits import width_of
from ..simulation import capacity_of, Configuration


_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
    *(ast.Name, ast.Load, ast.Constant),
)
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
_DERIVED = ("n", "d", "block_width", "circuit_width", "capacity", "johnson_bound")


def names_of(configuration: Configuration) -> dict[str, Any]:
    """Return what a filter can name: settings, letters, block width and capacities."""
    values: dict[str, Any] = dict(vars(configuration))
    d = width_of(configuration.circuit)
    n, redundancy = configuration.network_width // d, configuration.redundancy
    values.update({letter: values[name] for letter, name in _LETTERS.items()})
    values.update(d=d, n=n, circuit_width=d, block_width=n)
    bound = johnson_bound(n, redundancy) if 1 <= redundancy <= n else 0
    held = capacity_of(configuration)
    capacity = float("inf") if held is None else float(held)
    return {**values, "capacity": capacity, "johnson_bound": bound}


def compile_filter(text: str) -> Callable[[Configuration], bool]:
    """Turn an expression into a test of configurations.

    Args:
        text: comparisons (chained ones too), `and`, `or`, `not` and arithmetic over the settings of
            `Configuration`, the letters D, T, S, z, L, n, d, b, lo, hi, `capacity` (of the
            configuration's own family) and `johnson_bound`.

    Returns:
        The test.

    Raises:
        ValueError: for anything else.
    """
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"`filter` must be an expression, got {text!r}: {error.msg}") from None
    known = {*vars(Configuration()), *_LETTERS, *_DERIVED}
    for node in ast.walk(tree):
        kind = type(node).__name__
        rule = "must hold comparisons and arithmetic only"
        check(isinstance(node, _ALLOWED), "filter", rule, f"{kind} in {text!r}")
        if isinstance(node, ast.Name):
            rule = f"must name settings or one of {', '.join([*_LETTERS, *_DERIVED])}"
            check(node.id in known, "filter", rule, f"{node.id!r} in {text!r}")
    code = compile(tree, "<filter>", "eval")
    return lambda configuration: bool(eval(code, {"__builtins__": {}}, names_of(configuration)))
