"""How many circuits a kind of design holds under an error target, by noise or by allocation."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from .._errors import check, check_kind, one_of
from .._journal import anew, Once
from .._limits import check_index, check_integer, check_optional, check_positive, check_seed
from ..simulation import Frame, largest_chunk
from ._bisection import check_rules, Crossing, crossing, Rules
from ._fits import check_fits
from ._frames import Frames, STRIDE
from ._kinds import candidates, design_kind, frontier_choice, FrontierChoice, kinds
from ._measure import measure_design, with_seed
from ._predict import by_prediction
from ._problem import (
    check_problem,
    check_suits,
    Design,
    fewest_circuits,
    held_as,
    Problem,
    ROTATIONS,
    with_settings,
)


# Published figures hold up to about T (d/D)^2 = 0.004 with d = 4: where to look first.
_WORKS = 0.004 / 16
# Networks that a bisection measures of each T, about.
_MEASURED = 16
# The lowest prediction of all kinds that are chosen by theory.
BEST = "best"


@dataclass(frozen=True)
class Frontier:
    """How many circuits fit.

    Attributes:
        kind: of design.
        crossing: T_low, T_high and what was evaluated.
        held: the most circuits that the kind's sets hold at this width, or the user's limit.
        limited_by: "noise" if the error crosses the target, "allocation" if all circuits that can
            be placed stay under it, "max-circuits" if the user's limit came first, "nothing fits"
            if even the fewest are over, or "undecided".
        chosen: evaluated T -> the design used there.
        circuit: what is computed.
    """

    kind: str
    crossing: Crossing
    held: int
    limited_by: str
    chosen: dict[int, Design]
    circuit: str = ROTATIONS

    @property
    def assumes(self) -> str:
        """What the designs assume."""
        members = _members(self.kind, self.circuit)
        return ", ".join(dict.fromkeys(design_kind(name).assumes for name in members))

    @property
    def note(self) -> str:
        """What else a reader has to know of how the designs were chosen, mostly empty."""
        members = _members(self.kind, self.circuit)
        return "; ".join(filter(None, (_choice(name, self.circuit).note for name in members)))


def frontier_kinds() -> tuple[str, ...]:
    """Return the names that `frontier` takes."""
    return (*(name for name in kinds() if design_kind(name).frontier is not None), BEST)


def _choice(kind: str, circuit: str) -> FrontierChoice:
    choice = frontier_choice(kind, circuit)
    assert choice is not None
    return choice


def _by_theory(kind: str, circuit: str) -> bool:
    choice = frontier_choice(kind, circuit)
    return choice is not None and choice.redundancy is None


def _members(kind: str, circuit: str) -> tuple[str, ...]:
    """Return the kinds that a name stands for; of circuits of one's own those that can hold them."""
    if kind != BEST:
        return (kind,)
    return tuple(
        name
        for name in kinds()
        if _by_theory(name, circuit)
        and (circuit == ROTATIONS or held_as(circuit, design_kind(name).construction))
    )


def _choosable(problem: Problem, kind: str) -> list[Design]:
    """Return the designs that a name chooses from: without any prediction."""
    designs = []
    for name in _members(kind, problem.circuit):
        choice, structures = _choice(name, problem.circuit), candidates(problem, name)
        if choice.redundancy is not None:
            size = choice.redundancy
            fixed = [each for each in structures if each.configuration.redundancy == size]
            structures = [with_settings(each, **choice.settings) for each in fixed[:1]]
        designs += structures
    return designs


def choose_design(problem: Problem, kind: str, once: Once = anew) -> Design | None:
    """Return the design of a kind for a problem, chosen without measuring.

    Published: prime steps, S = 6. Clipped: transversal sets with S = 3 and one choice of thresholds
    and b for every T, found by a search at D = 1000, T = 557, z = 2 (`Frontier.note` says so), which
    is not the best at other sizes. Private, carried, block: the candidate of the lowest predicted
    error. Best: of those three kinds the lowest. Of circuits of one's own clipped designs are chosen
    by theory, too, and best is the same.

    Args:
        problem: sizes.
        kind: one of `frontier_kinds()`.
        once: makes a prediction, or has it.

    Returns:
        The design, or None if no sets of this kind hold the circuits.
    """
    designs = _choosable(problem, kind)
    members = _members(kind, problem.circuit)
    if not designs or not all(_by_theory(name, problem.circuit) for name in members):
        return designs[0] if designs else None
    return by_prediction(designs, once)[0].design


def most_circuits(problem: Problem, kind: str, limit: int) -> int:
    """Return the largest T up to a limit for which a kind has a design; 0 if it has none."""

    def holds(count: int) -> bool:
        return bool(_choosable(replace(problem, n_circuits=count), kind))

    fewest = fewest_circuits(problem)
    if not holds(fewest):
        return 0
    low, high = fewest, limit + 1
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
        problem: as for `frontier`, like all that follows.
        target: for E|x_est - x|^2 at layer L.
        kind: of design.
        max_circuits: the user's limit.
        rules: confidence and budget.
        samples: of each network.
        seed: of the networks.

    Returns:
        The most circuits that the kind's sets hold, or the user's limit.

    Raises:
        ValueError: for bad sizes, target or kind, for a width at which the kind holds nothing, and
            for a number of circuits whose networks need more memory than there is.
    """
    check_kind("problem", problem, Problem)
    check_integer("n_active", problem.n_active)
    one_of(frontier_kinds(), kind, "design")
    fewest = fewest_circuits(problem)
    problem = replace(problem, n_circuits=fewest)
    check_problem(problem)
    for name in _members(kind, problem.circuit):
        check_suits(problem, design_kind(name).construction)
    check_positive("error_target", target)
    check_index("samples", samples)
    check_seed("seed", seed)
    check_optional("max_circuits", max_circuits)
    check_rules(rules or Rules())
    rule = f"must be at least {fewest}, the active circuits and some inactive ones"
    check(max_circuits is None or max_circuits >= fewest, "max_circuits", rule, max_circuits)
    # No two pairs of neurons: the most that any sets with single overlaps and S >= 2 hold.
    ceiling = problem.network_width**2
    held = most_circuits(problem, kind, max_circuits or ceiling)
    remedy = "use another kind or a wider network"
    check(held > 0, "design", f"must hold {fewest} circuits at this width", kind, remedy)
    remedy = "" if max_circuits else f"the sets of {kind} designs hold so many"
    largest = _choosable(replace(problem, n_circuits=held), kind)
    check_fits(largest, samples, {"max_circuits": "n_circuits"}, remedy)
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
    progress: Callable[[str, int, int], None] = lambda kind, count, n_networks: None,
    stop: Callable[[], bool] = lambda: False,
    once: Once = anew,
) -> Frontier:
    """Find the largest T for which the active circuits' error at layer L stays under a target.

    Each value is the mean error of one independent network, the test is over networks, of the
    geometric mean of their errors (see `_bisection`), at first eight. The designs are those of
    `choose_design`: the interval is theirs, and another choice may hold more.

    Args:
        problem: sizes; its number of circuits is not used.
        target: for E|x_est - x|^2 at layer L.
        kind: one of `frontier_kinds()`.
        max_circuits: T is not raised further; by default what the sets hold.
        rules: confidence and budget.
        samples: of each network.
        seed: of the networks.
        progress: called before every network with (kind, T, networks measured there so far).
        stop: asked before every network.
        once: makes a prediction or measures a network, or has what came of it.

    Returns:
        The interval [T_low, T_high], T_low confidently under and T_high confidently over.

    Raises:
        ValueError: for bad sizes, target or kind, and for a width at which the kind holds nothing.
    """
    rules = rules or Rules()
    check_kind("problem", problem, Problem)
    settings = {"max_circuits": max_circuits, "rules": rules, "samples": samples, "seed": seed}
    fewest = fewest_circuits(problem)
    held = check_frontier(problem, target, kind, **settings)
    chosen: dict[int, Design] = {}

    def at(count: int) -> Design:
        if count not in chosen:
            design = choose_design(replace(problem, n_circuits=count), kind, once)
            assert design is not None
            chosen[count] = with_seed(design, seed)
        return chosen[count]

    frames = Frames(_MEASURED * samples, held)

    def draw(count: int, index: int) -> float:
        lower = max(fewest, round(count / STRIDE))
        frame = frames.of(at(count).configuration, [at(lower).configuration])
        return once(_error_of, at(count), samples, index, frame)

    start = _start(problem, target, kind, held, once)
    report = lambda count, n_networks: progress(kind, count, n_networks)
    interval = crossing(draw, target, start, fewest, held, rules, report=report, stop=stop)
    capped = max_circuits is not None and held == max_circuits
    limited_by = _limit(interval, held, fewest, capped)
    used = {point.at: at(point.at) for point in interval.evaluated}
    return Frontier(kind, interval, held, limited_by, used, problem.circuit)


def _error_of(design: Design, samples: int, index: int, frame: Frame) -> float:
    """Return the mean error of one network of a design."""
    # By the circuits that there is room for, so that all in the frame are run in the same chunks.
    chunk = largest_chunk(frame.payload[0], design.configuration.network_width)
    return measure_design(design, 1, samples, chunk, first=index, frame=frame).mse


def _limit(interval: Crossing, held: int, fewest: int, capped: bool) -> str:
    if interval.low == held:
        return "max-circuits" if capped else "allocation"
    if interval.low is not None and interval.high is not None:
        return "noise"
    return "nothing fits" if interval.high == fewest else "undecided"


def _start(problem: Problem, target: float, kind: str, held: int, once: Once) -> int:
    """Return where theory sees the crossing, for kinds it chooses; else a usual size."""
    low, high = fewest_circuits(problem), held
    if not all(_by_theory(name, problem.circuit) for name in _members(kind, problem.circuit)):
        return min(max(low, round(_WORKS * problem.network_width**2)), held)
    while high > low * 1.05 + 1:
        middle = round((low * high) ** 0.5)
        designs = _choosable(replace(problem, n_circuits=middle), kind)
        error = by_prediction(designs, once)[0].error if designs else None
        under = error is not None and error < target
        low, high = (middle, high) if under else (low, middle)
    return high if high == held else low
