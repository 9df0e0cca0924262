"""Wrong versions of the formulas in jaxsuper/theory: by a factor, or with one term dropped.

A mutant replaces the code object of the function itself, so that it is wrong wherever it is used,
and puts it back afterwards.
"""

import ast
import inspect
import pkgutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType

import numpy as np
from jaxsuper import theory


FACTORS = (0.9, 0.95, 1.05, 1.1)
_SCALE = "_scaled_by_a_mutant"


@dataclass(frozen=True)
class Mutant:
    """A wrong version of one function.

    Attributes:
        function: that it replaces.
        change: what is wrong, "x 0.9" or "without +(z - 1) * e".
        code: of the wrong version.
    """

    function: FunctionType
    change: str
    code: CodeType

    @property
    def name(self) -> str:
        """Module and function, "theory._closed_forms.active_mse"."""
        module = self.function.__module__.removeprefix("jaxsuper.")
        return f"{module}.{self.function.__name__}"

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Make the function wrong for a while."""
        right, names = self.function.__code__, self.function.__globals__
        names[_SCALE] = scaled
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = right


def scaled(value, factor):
    """Return a result times a factor: numbers and arrays, in whatever holds them."""
    if isinstance(value, dict):
        return {name: scaled(v, factor) for name, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(scaled(v, factor) for v in value))
    if isinstance(value, list | tuple):
        return type(value)(scaled(v, factor) for v in value)
    if isinstance(value, bool | int | np.integer | str) or value is None:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind not in "fc":
        return value
    if isinstance(value, float | complex | np.ndarray | np.number):
        return (
            (value * factor).astype(value.dtype)
            if isinstance(value, np.ndarray)
            else value * factor
        )
    return value


def functions() -> list[FunctionType]:
    """Return all functions of jaxsuper/theory, in the order of their modules.

    Where types are checked at run time, the functions themselves, not what is wrapped around them.
    """
    found = []
    for module in pkgutil.walk_packages(theory.__path__, theory.__name__ + "."):
        members = vars(import_module(module.name)).values()
        own = [f for f in members if isinstance(f, FunctionType) and f.__module__ == module.name]
        found += map(inspect.unwrap, own)
    return found


def mutants(function: FunctionType) -> list[Mutant]:
    """Return the wrong versions of a function: four factors, and every sum without one term.

    Indices, shapes and messages are left alone. Generators have no factor.
    """
    source = inspect.getsource(function)
    answer = []
    if not inspect.isgeneratorfunction(function):
        for factor in FACTORS:
            tree = ast.parse(source)
            for node in ast.walk(tree):
                if isinstance(node, ast.Return) and node.value is not None:
                    node.value = ast.Call(
                        ast.Name(_SCALE, ast.Load()), [node.value, ast.Constant(factor)], []
                    )
            answer.append(Mutant(function, f"x {factor:g}", _compiled(tree, function)))
    for index in range(len(_sums(ast.parse(source)))):
        for side in ("left", "right"):
            tree = ast.parse(source)
            target = _sums(tree)[index]
            dropped = target.left if side == "left" else target.right
            kept: ast.expr = target.right if side == "left" else target.left
            if side == "left" and isinstance(target.op, ast.Sub):
                kept = ast.UnaryOp(ast.USub(), kept)
            change = f"without {ast.unparse(dropped)} in {ast.unparse(target)}"
            tree = _Replace(target, kept).visit(tree)
            answer.append(Mutant(function, change, _compiled(tree, function)))
    return answer


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, kept: ast.expr):
        self.target, self.kept = target, kept

    def visit(self, node):
        return self.kept if node is self.target else super().visit(node)


def _sums(tree: ast.AST) -> list[ast.BinOp]:
    """Return the sums and differences of a function that are no indices, ranges or checks."""
    found: list[ast.BinOp] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.Subscript):
            walk(node.value)
            return
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("check", "bad", "range") or name.endswith(
                (".reshape", ".zeros", ".arange")
            ):
                return
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            found.append(node)
        if isinstance(node, ast.FunctionDef):
            for part in node.body:
                walk(part)
            return
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(tree)
    return found


def _compiled(tree: ast.AST, function: FunctionType) -> CodeType:
    (definition,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)][:1]
    definition.decorator_list = []
    assert isinstance(tree, ast.Module)
    with warnings.catch_warnings():
        # A mutant may well subscript a number.
        warnings.simplefilter("ignore", SyntaxWarning)
        module = compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec")
    return next(
        code
        for code in module.co_consts
        if isinstance(code, CodeType) and code.co_name == function.__name__
    )
