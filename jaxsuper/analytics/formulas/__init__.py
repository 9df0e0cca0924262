"""Formulas of one's own, as a text, a SymPy expression or a function, against sweeps of networks."""

from ._expression import Formula, formula_of, Place
from ._failing import Axis
from ._verdict import FormulaVerdict
from ._verify import verify_formula


__all__ = ["Axis", "Formula", "FormulaVerdict", "Place", "formula_of", "verify_formula"]
