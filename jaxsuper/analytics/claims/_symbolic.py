"""Derived expressions against coded formulas, at random rational points. sympy is imported late."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ._evidence import Point
from ._registry import Run


def compare(
    run: Run,
    derived: Any,
    coded: Callable[..., float],
    wrong: Callable[..., float],
    draw: Callable[[np.random.Generator], dict[str, Any]],
    label: str,
) -> list[Point]:
    """Evaluate derivation, code and a wrong variant at the same random points.

    Args:
        run: for the seed.
        derived: a sympy expression in symbols named like the arguments.
        coded: the library's formula.
        wrong: the rival.
        draw: gives the arguments of a point; integers stay integers.
        label: the series of the points.

    Returns:
        The points: the coded value is measured against the derived one.
    """
    import sympy

    rng, points = np.random.default_rng(run.seed), []
    for index in range(12):
        values = draw(rng)
        exact = {sympy.Symbol(k, positive=True): sympy.nsimplify(v) for k, v in values.items()}
        right = float(sympy.N(derived.subs(exact), 30))
        points.append(
            Point(index, float(coded(**values)), right, rival=float(wrong(**values)), series=label)
        )
    return points


def symbols(names: str):
    import sympy

    return sympy.symbols(names, positive=True)


def draw_sizes(rng: np.random.Generator) -> dict[str, Any]:
    """Draw T > D > z."""
    D = int(rng.integers(5, 60))
    return {"T": int(rng.integers(D + 1, 300)), "D": D, "z": int(rng.integers(1, 5))}


def draw_scaled(rng: np.random.Generator) -> dict[str, Any]:
    return {**draw_sizes(rng), "a": float(Fraction(int(rng.integers(1, 16)), 16))}
