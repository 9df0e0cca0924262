"""Where a noisy rising function crosses a target: bisection that decides only with confidence.

At every point independent values are drawn until a one-sided Student test on their logarithms says
that their typical size is under or over the target. What is tested is the geometric mean; it is the
median wherever the logarithms are symmetric, and errors of networks are lognormal to good
approximation (see `simulation._intervals`). Where rare networks fail by a factor it is the median
that is decided right: each such value widens the spread by more than it moves the mean of
logarithms. A test on the plain mean would be wrong far too often there: no value of a small sample
need show the rare large ones that make the mean.

The chance of a wrong decision is shared out (Bonferroni) over all the looks that can be taken at
all the points that can be evaluated, so with probability `confidence` every decision of a run is
right. If the median then rises with the argument, its crossing lies in the returned interval. A
point whose values run out before a decision stays undecided and inside the interval; bisection goes
on on both sides of it.

Assumes: independent values with logarithms close enough to normal for Student's test, or of which
few lie far off; values at different arguments that do not depend on each other's noise (networks
of the same number share keys at all arguments; no correlation of their errors was found); and a
median that does not fall. Where it falls in places, the interval still has a point under the target
at its lower and one over it at its upper end, but crossings may lie outside too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from .._errors import check, check_kind
from .._limits import check_number
from ..simulation import student_interval


UNDER, OVER, UNDECIDED = "under", "over", "undecided"
# A mean square below that of float32's relative rounding error is rounding.
_ROUNDING = float(np.finfo(np.float32).eps) ** 2


@dataclass(frozen=True)
class Evaluated:
    """One argument that was evaluated.

    Attributes:
        at: the argument.
        values: drawn there.
        verdict: "under", "over" or "undecided".
    """

    at: int
    values: tuple[float, ...]
    verdict: str

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return float(np.mean(self.values))

    @property
    def geometric_mean(self) -> float:
        """Geometric mean of the values, which the verdict is about; not finite if one is not."""
        return float(np.exp(np.mean(_logarithms(self.values))))

    @property
    def stderr(self) -> float:
        """Standard error of the mean, NaN for one value."""
        count = len(self.values)
        return float(np.std(self.values, ddof=1) / sqrt(count)) if count > 1 else float("nan")


@dataclass(frozen=True)
class Crossing:
    """The interval in which the function crosses the target.

    Attributes:
        low: the largest argument confidently under, None if there is none.
        high: the smallest confidently over, None if there is none.
        evaluated: all arguments that were evaluated, in order.
        stopped: whether it was stopped before its end.
    """

    low: int | None
    high: int | None
    evaluated: list[Evaluated]
    stopped: bool = False


@dataclass(frozen=True)
class Rules:
    """How long to look.

    Attributes:
        confidence: that all decisions are right.
        tolerance: relative width at which the interval is narrow enough.
        looks: counts of values at which the test is made.
        most_points: arguments that may be evaluated.
    """

    confidence: float = 0.95
    tolerance: float = 0.05
    looks: tuple[int, ...] = (8, 16, 32)
    most_points: int = 14

    @property
    def level(self) -> float:
        """Chance of error left to one look at one point."""
        return (1 - self.confidence) / (len(self.looks) * self.most_points)


def check_rules(rules: Rules) -> None:
    """Check the rules.

    Args:
        rules: the rules.

    Raises:
        ValueError: unless 0.5 <= confidence < 1 and tolerance > 0.
    """
    check_kind("rules", rules, Rules)
    check_number("confidence", rules.confidence)
    check_number("tolerance", rules.tolerance)
    fine = 0.5 <= rules.confidence < 1
    check(fine, "confidence", "must lie in 0.5..1 without 1", rules.confidence)
    check(0 < rules.tolerance < 1, "tolerance", "must lie between 0 and 1", rules.tolerance)


def _logarithms(values: Sequence[float]) -> np.ndarray:
    return np.log(np.maximum(np.asarray(values, np.float64), _ROUNDING))


def decide(values: Sequence[float], target: float, level: float) -> str:
    """Compare the geometric mean of independent values with a target, by their logarithms.

    Args:
        values: errors, at least one; a single one is believed.
        target: what their geometric mean is compared with.
        level: chance of a wrong "under", and of a wrong "over".

    Returns:
        "under", "over" or "undecided"; "over" where any value overflowed, which errors do where
        all networks are far over any target.
    """
    logs = _logarithms(values)
    if not np.isfinite(logs).all():
        return OVER
    low, high = logs.mean(), logs.mean()
    if len(logs) > 1:
        low, high = student_interval(logs, 1 - 2 * level)
    if high < np.log(target):
        return UNDER
    return OVER if low > np.log(target) else UNDECIDED


@dataclass
class _Bisection:
    draw: Callable[[int, int], float]
    target: float
    rules: Rules
    report: Callable[[int, int], None]
    stop: Callable[[], bool]
    evaluated: dict[int, Evaluated] = field(default_factory=dict)

    def look(self, at: int) -> str | None:
        """Evaluate an argument; None if stopped meanwhile, or if no more may be evaluated."""
        if at in self.evaluated:
            return self.evaluated[at].verdict
        if len(self.evaluated) >= self.rules.most_points:
            return None
        values: list[float] = []
        verdict = UNDECIDED
        for count in self.rules.looks:
            while len(values) < count:
                if self.stop():
                    return None
                self.report(at, len(values))
                values.append(self.draw(at, len(values)))
            verdict = decide(values, self.target, self.rules.level)
            if verdict != UNDECIDED:
                break
        self.evaluated[at] = Evaluated(at, tuple(values), verdict)
        return verdict

    def with_verdict(self, verdict: str) -> list[int]:
        return sorted(at for at, point in self.evaluated.items() if point.verdict == verdict)

    def bounds(self) -> tuple[int | None, int | None]:
        under, over = self.with_verdict(UNDER), self.with_verdict(OVER)
        return (under[-1] if under else None), (over[0] if over else None)

    def following(self) -> int | None:
        """Return the middle of the wider of the two gaps that are left, None if both are narrow."""
        low, high = self.bounds()
        assert low is not None and high is not None
        middle = [at for at in self.with_verdict(UNDECIDED) if low < at < high]
        gaps = {(low, (middle or [high])[0]), ((middle or [low])[-1], high)}
        widest = max(gaps, key=lambda gap: gap[1] / gap[0])
        if widest[1] - widest[0] <= max(1, self.rules.tolerance * widest[0]):
            return None
        return min(max(round(sqrt(widest[0] * widest[1])), widest[0] + 1), widest[1] - 1)


def crossing(
    draw: Callable[[int, int], float],
    target: float,
    start: int,
    lowest: int,
    highest: int,
    rules: Rules | None = None,
    *,
    report: Callable[[int, int], None] = lambda at, count: None,
    stop: Callable[[], bool] = lambda: False,
) -> Crossing:
    """Find where a noisy rising function of an integer crosses a target.

    From `start` the bracket is widened by growing factors until one end is under and the other
    over, or the limits are reached; then the wider gap is halved on a logarithmic scale.

    Args:
        draw: called with (argument, number of the value), returns independent values.
        target: the target.
        start: where to look first.
        lowest: the smallest argument.
        highest: the largest.
        rules: confidence and budget.
        report: called before every draw with (argument, values drawn there).
        stop: asked before every draw; a stopped run returns the interval it has.

    Returns:
        The interval.

    Raises:
        ValueError: unless 1 <= lowest <= highest, and for bad rules.
    """
    rules = rules or Rules()
    check_rules(rules)
    check(1 <= lowest <= highest, "highest", f"must be at least {lowest}", highest)
    run = _Bisection(draw, target, rules, report, stop)
    at = min(max(start, lowest), highest)
    verdict = run.look(at)
    for wanted, limit in ((OVER, highest), (UNDER, lowest)):
        place, factor = at, 1.4
        while verdict is not None and wanted not in {p.verdict for p in run.evaluated.values()}:
            if place == limit:
                break
            place = _towards(place, limit, factor)
            factor, verdict = factor * 1.4, run.look(place)
    low, high = run.bounds()
    while verdict is not None and low is not None and high is not None and low < high:
        following = run.following()
        if following is None:
            break
        verdict = run.look(following)
        low, high = run.bounds()
    ordered = [run.evaluated[at] for at in sorted(run.evaluated)]
    return Crossing(low, high, ordered, stopped=stop())


def _towards(place: int, limit: int, factor: float) -> int:
    """Return an argument a factor closer to a limit, the limit itself if that is near or passed."""
    if limit > place:
        return min(limit, max(round(place * factor), place + 1))
    return max(limit, min(round(place / factor), place - 1))
