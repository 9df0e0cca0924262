"""Choosing a design: search, gradient, held-out measurement, and how many circuits fit.

`search(Problem(1000, 557, 2, 5))` returns designs by their error on fresh networks; `frontier` the
largest T of a kind of design under an error target, as an interval with confidence.
"""

from ._candidates import candidates, closing_bias, kinds, scan, structure_of
from ._designs import ASSUMPTIONS, circuits_held, Design, fits, Problem, simulate_line, summary
from ._measure import measure, Measured, seed_for, with_seed
from ._predict import predict_error
from ._search import Effort, Entry, Found, QUICK, search
from ._tune import bound, free, loss, loss_and_gradient, tune, Tuned


__all__ = []
