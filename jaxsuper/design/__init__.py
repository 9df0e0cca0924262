"""Choosing a design: search, gradient, held-out measurement, and how many circuits fit.

`search(Problem(1000, 557, 2, 5))` returns designs by their error on fresh networks; `frontier` the
largest T of a kind of design under an error target, as an interval with confidence.
"""

from ._bisection import Crossing, crossing, decide, Point, Rules
from ._candidates import candidates, closing_bias, kinds, scan, structure_of
from ._designs import (
    ASSUMPTIONS,
    choices,
    circuits_held,
    Design,
    fits,
    Problem,
    simulate_line,
    summary,
)
from ._frontier import Capacity, check_frontier, frontier, frontier_kinds, most_circuits
from ._measure import measure, Measured, seed_for, with_seed
from ._predict import predict_error
from ._search import Effort, Entry, Found, QUICK, search
from ._tune import bound, free, loss, loss_and_gradient, tune, Tuned
from ._verdicts import meets, seizes


__all__ = [
    "ASSUMPTIONS",
    "QUICK",
    "Capacity",
    "Crossing",
    "Design",
    "Effort",
    "Entry",
    "Found",
    "Measured",
    "Point",
    "Problem",
    "Rules",
    "Tuned",
    "bound",
    "candidates",
    "check_frontier",
    "choices",
    "circuits_held",
    "closing_bias",
    "crossing",
    "decide",
    "fits",
    "free",
    "frontier",
    "frontier_kinds",
    "kinds",
    "loss",
    "loss_and_gradient",
    "measure",
    "meets",
    "most_circuits",
    "predict_error",
    "scan",
    "search",
    "seed_for",
    "seizes",
    "simulate_line",
    "structure_of",
    "summary",
    "tune",
    "with_seed",
]
