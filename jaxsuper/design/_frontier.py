"""How many circuits a kind of design holds under an error target, by noise or by allocation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from .._errors import check, one_of
from ..simulation import default_chunk
from ._bisection import check_rules, Crossing, crossing, Rules
from ._candidates import candidates, kinds
from ._designs import ASSUMPTIONS, check_problem, Design, Problem
from ._measure import measure, network_of, with_seed
from ._predict import predict_error


# Without idle circuits nothing is measured of them, and one set has no neighbours.
_SPARE = 2
# Published figures hold up to about T (d/D)^2 = 0.004 with d = 4: where to look first.
_WORKS = 0.004 / 16
# Of the published choice: S is part of it.
_PUBLISHED_REDUNDANCY = 6
# What the gradient finds at D = 1000, T = 557, z = 2, in round numbers.
_SILENT = {"lower_threshold": 0.4, "upper_threshold": 0.83, "gate_bias": 0.31}
_SILENT_REDUNDANCY = 3
BEST = "best"


@dataclass(frozen=True)
class Capacity:
    """How many circuits fit.

    Attributes:
        kind: of design.
        crossing: T_low, T_high and what was evaluated.
        held: the most circuits that the kind's sets hold at this width, or the user's limit.
        limited_by: "noise" if the error crosses the target, "allocation" if all circuits that can
            be placed stay under it, "max-circuits" if the user's limit came first, "nothing fits"
            if even the fewest are over, or "undecided".
        chosen: evaluated T -> the design used there.
    """

    kind: str
    crossing: Crossing
    held: int
    limited_by: str
    chosen: dict[int, Design]

    @property
    def assumes(self) -> str:
        """What the designs assume."""
        return ASSUMPTIONS["private" if self.kind == BEST else self.kind]


# Called with (kind, T, networks measured there so far).
Told: TypeAlias = Callable[[str, int, int], None]


def frontier_kinds() -> tuple[str, ...]:
    """Return the names that `frontier` takes."""
    return (*(kind for kind in kinds() if kind not in ("cleaned", "separate", "early-guess")), BEST)


def design_for(problem: Problem, kind: str) -> Design | None:
    """Return the design of a kind for a problem, chosen by closed forms alone.

    Published: prime steps, S = 6. Clipped: S = 3 with even loads and thresholds that keep idle
    indicators silent. Private, carried: sets and shares of the lowest predicted error. Best: of
    private, carried and block the lowest.

    Args:
        problem: sizes.
        kind: one of `frontier_kinds()`.

    Returns:
        The design, or None if no sets of this kind hold the circuits.
    """
    if kind == BEST:
        found = [design_for(problem, one) for one in ("private", "carried", "block")]
        return _lowest([design for design in found if design is not None])
    choice = candidates(problem, kind)
    if kind == "published":
        fixed = [d for d in choice if d.configuration.redundancy == _PUBLISHED_REDUNDANCY]
        return fixed[0] if fixed else None
    if kind == "clipped":
        fixed = [d for d in choice if d.configuration.redundancy == _SILENT_REDUNDANCY]
        if not fixed:
            return None
        return replace(fixed[0], configuration=replace(fixed[0].configuration, **_SILENT))
    return _lowest(choice)


def _lowest(designs: list[Design]) -> Design | None:
    rated = [(predict_error(design), index) for index, design in enumerate(designs)]
    known = [(error, index) for error, index in rated if error is not None]
    return designs[min(known)[1]] if known else None


def most_circuits(problem: Problem, kind: str, limit: int) -> int:
    """Return the largest T up to a limit for which a kind has a design; 0 if it has none."""

    def holds(count: int) -> bool:
        # Whether sets fit does not need a prediction.
        these = ("private", "carried", "block") if kind == BEST else (kind,)
        at = replace(problem, n_circuits=count)
        if kind in ("published", "clipped"):
            return design_for(at, kind) is not None
        return any(candidates(at, one) for one in these)

    if not holds(problem.n_active + _SPARE):
        return 0
    low, high = problem.n_active + _SPARE, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def check_frontier(
    problem: Problem,
    target: float,
    kind: str,
    *,
    max_circuits: int | None = None,
    rules: Rules | None = None,
    samples: int = 256,
    seed: int = 0,
) -> int:
    """Check the arguments of `frontier` without measuring anything.

    Args:
        problem: as in `frontier`; so the others.
        target: the target.
        kind: of design.
        max_circuits: the user's limit.
        rules: confidence and budget.
        samples: of each network.
        seed: of the networks.

    Returns:
        The most circuits that the kind's sets hold, or the user's limit.

    Raises:
        ValueError: for bad sizes, target or kind, and for a width at which the kind holds nothing.
    """
    one_of(frontier_kinds(), kind, "design")
    fewest = problem.n_active + _SPARE
    problem = replace(problem, n_circuits=fewest)
    check_problem(problem)
    check(0 < target < float("inf"), "error_target", "must be positive and finite", target)
    check(samples >= 1, "samples", "must be at least 1", samples)
    check(0 <= seed < 2**32, "seed", "must lie in 0..2^32-1", seed)
    check_rules(rules or Rules())
    rule = f"must be at least {fewest}, the active circuits and {_SPARE} idle ones"
    check(max_circuits is None or max_circuits >= fewest, "max_circuits", rule, max_circuits)
    # No two pairs of neurons: the most that any sets with single overlaps and S >= 2 hold.
    ceiling = problem.network_width**2
    held = most_circuits(problem, kind, max_circuits or ceiling)
    remedy = "use another kind or a wider network"
    check(held > 0, "design", f"must hold {fewest} circuits at this width", kind, remedy)
    return held


def frontier(
    problem: Problem,
    target: float,
    kind: str,
    *,
    max_circuits: int | None = None,
    rules: Rules | None = None,
    samples: int = 256,
    seed: int = 0,
    progress: Told = lambda kind, count, networks: None,
    stop: Callable[[], bool] = lambda: False,
) -> Capacity:
    """Find the largest T for which the active circuits' error at layer L stays under a target.

    Each value is the mean error of one independent network, the test is over networks.

    Args:
        problem: sizes; its number of circuits is not used.
        target: for E|x_est - x|^2 at layer L.
        kind: one of `frontier_kinds()`.
        max_circuits: T is not raised further; by default what the sets hold.
        rules: confidence and budget.
        samples: of each network.
        seed: of the networks.
        progress: told before every network.
        stop: asked before every network.

    Returns:
        The interval [T_low, T_high], T_low confidently under and T_high confidently over.

    Raises:
        ValueError: for bad sizes, target or kind, and for a width at which the kind holds nothing.
    """
    rules = rules or Rules()
    settings = {"max_circuits": max_circuits, "rules": rules, "samples": samples, "seed": seed}
    fewest = problem.n_active + _SPARE
    held = check_frontier(problem, target, kind, **settings)
    chosen: dict[int, Design] = {}

    def at(count: int) -> Design:
        if count not in chosen:
            design = design_for(replace(problem, n_circuits=count), kind)
            assert design is not None
            chosen[count] = with_seed(design, seed)
        return chosen[count]

    def draw(count: int, index: int) -> float:
        design = at(count)
        chunk = default_chunk(network_of(design, index), samples)
        return measure(design, range(index, index + 1), samples, chunk).error

    start = _start(problem, target, kind, held)
    told = lambda count, networks: progress(kind, count, networks)
    found = crossing(draw, target, start, fewest, held, rules, report=told, stop=stop)
    capped = max_circuits is not None and held == max_circuits
    chosen = {point.at: at(point.at) for point in found.points}
    return Capacity(kind, found, held, _limit(found, held, fewest, capped), chosen)


def _limit(found: Crossing, held: int, fewest: int, capped: bool) -> str:
    if found.low == held:
        return "max-circuits" if capped else "allocation"
    if found.low is not None and found.high is not None:
        return "noise"
    return "nothing fits" if found.high == fewest else "undecided"


def _start(problem: Problem, target: float, kind: str, held: int) -> int:
    """Return where theory sees the crossing, for kinds with a closed form; else a usual size."""
    low, high = problem.n_active + _SPARE, held
    if kind in ("published", "clipped"):
        return min(max(low, round(_WORKS * problem.network_width**2)), held)
    while high > low * 1.05 + 1:
        middle = round((low * high) ** 0.5)
        design = design_for(replace(problem, n_circuits=middle), kind)
        error = None if design is None else predict_error(design)
        under = error is not None and error < target
        low, high = (middle, high) if under else (low, middle)
    return high if high == held else low
