"""Choosing a design: search, gradient, held-out measurement, and how many circuits fit.

`search(Problem(1000, 557, 2, 5))` returns designs by their error on fresh networks; `frontier` the
largest T of a kind of design under an error target, as an interval with confidence.
"""

from ._bisection import Crossing, crossing, decide, Evaluated, Rules
from ._candidates import closing_bias
from ._descent import (
    coordinates_of,
    descend,
    Descent,
    design_loss,
    loss_and_gradient,
    parameters_at,
)
from ._frontier import (
    check_frontier,
    choose_design,
    Frontier,
    frontier,
    frontier_kinds,
    most_circuits,
)
from ._kinds import candidates, design_kind, DesignKind, kinds, tunable, variants
from ._measure import DesignError, measure_design, seed_for, with_seed
from ._predict import by_prediction, covered, predict_error, Predicted
from ._problem import check_problem, Design, Problem, structure_of
from ._ranking import Difference, differences, Effort, QUICK, Ranked, SearchResult
from ._search import search
from ._text import choices, simulate_line, summary
from ._verdicts import meets, SEIZED_GROWTH, seizes


__all__ = [
    "QUICK",
    "SEIZED_GROWTH",
    "Crossing",
    "Descent",
    "Design",
    "DesignError",
    "DesignKind",
    "Difference",
    "Effort",
    "Evaluated",
    "Frontier",
    "Predicted",
    "Problem",
    "Ranked",
    "Rules",
    "SearchResult",
    "by_prediction",
    "candidates",
    "check_frontier",
    "check_problem",
    "choices",
    "choose_design",
    "closing_bias",
    "coordinates_of",
    "covered",
    "crossing",
    "decide",
    "descend",
    "design_kind",
    "design_loss",
    "differences",
    "frontier",
    "frontier_kinds",
    "kinds",
    "loss_and_gradient",
    "measure_design",
    "meets",
    "most_circuits",
    "parameters_at",
    "predict_error",
    "search",
    "seed_for",
    "seizes",
    "simulate_line",
    "structure_of",
    "summary",
    "tunable",
    "variants",
    "with_seed",
]
