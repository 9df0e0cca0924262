"""Evidence and verdicts: points measured with errors, and what they establish, refute or leave open.

A claim says of each of its points that the measured value m lies within a tolerance of the predicted
one p. With standard error s the point

    is within     if |m - p| + k_w s <= allowed
    is outside    if |m - p| - k_o s >  allowed,       allowed = tolerance |p| + slack
    is undecided  otherwise

(of the logarithms, if the tolerance is a factor; in one direction, for inequalities). A claim is
*established* if all points are within, *refuted* if one is outside. Both errors are bounded over the
whole ledger, and over all looks at growing data:

* a true claim is refuted: ALPHA shared among MOST_COMPARISONS points and LOOKS (Bonferroni): k_o.
* a false claim is established: then some point lies outside in truth and was found within, which has
  the error rate of that one point, however many there are (an intersection-union test, Berger
  1982): ALPHA shared among MOST_CLAIMS and LOOKS, one-sided: k_w.

So that a claim does not owe its verdict to a wide tolerance, the same points are held against a
rival formula, a plausible mistake, and against the claim's own formula times a factor (`_power.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, KW_ONLY, replace
from functools import lru_cache
from math import inf, isfinite, log
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from scipy import stats

from ..._errors import bad, check


ALPHA = 0.01
# Fixed in advance, so that a part of the ledger is judged as strictly as the whole.
MOST_COMPARISONS = 5000
MOST_CLAIMS = 200
LOOKS = 4
# A rival has to be outside at this share of the points where it says something.
RIVAL_SHARE = 0.5
Relation = Literal["equal", "at most", "at least"]
Real = float | int | np.floating | np.integer
Draws = Sequence[Real] | Float[np.ndarray, " n"]
Place = Literal["within", "outside", "undecided"]
Verdict = Literal["established", "established in regime", "refuted", "undecided", "error"]


@lru_cache
def quantile(freedom: Real | None, tail: float) -> float:
    """Return the Student quantile with the probability `tail` above it.

    Args:
        freedom: degrees of freedom of the standard error; None if it is known exactly.
        tail: one-sided probability.
    """
    return float(stats.norm.isf(tail) if freedom is None else stats.t.isf(tail, freedom))


@dataclass(frozen=True)
class Rates:
    """The error rate of evidence that is no part of the ledger, and what shares it.

    Attributes:
        alpha: both of refuting what is true and of establishing what is false.
        comparisons: points of all that is judged together.
        claims: that are judged together.
        looks: at growing data, at most.
    """

    alpha: float = ALPHA
    comparisons: int = 1
    claims: int = 1
    looks: int = LOOKS

    def __post_init__(self):
        check(0 < self.alpha < 0.5, "error_rate", "must lie between 0 and 1/2", self.alpha)
        for name in ("comparisons", "claims", "looks"):
            check(getattr(self, name) >= 1, name, "must be at least 1", getattr(self, name))


def outside_errors(freedom: Real | None, rates: Rates | None = None) -> float:
    """Return k_o, the standard errors beyond the tolerance that put a point outside.

    Args:
        freedom: degrees of freedom of the standard error; None if it is known exactly.
        rates: those of the ledger if left out.
    """
    if rates is None:
        return quantile(freedom, ALPHA / MOST_COMPARISONS / LOOKS / 2)
    return quantile(freedom, rates.alpha / rates.comparisons / rates.looks / 2)


def within_errors(freedom: Real | None, rates: Rates | None = None) -> float:
    """Return k_w, the standard errors short of the tolerance that put a point within.

    Args:
        freedom: degrees of freedom of the standard error; None if it is known exactly.
        rates: those of the ledger if left out.
    """
    if rates is None:
        return quantile(freedom, ALPHA / MOST_CLAIMS / LOOKS)
    return quantile(freedom, rates.alpha / rates.claims / rates.looks)


@dataclass(frozen=True)
class Point:
    """One comparison.

    Attributes:
        x: where it stands on the claim's axis.
        measured: the value found.
        predicted: what the claim says.
        stderr: standard error of `measured`; 0 for exact algebra.
        rival: what the rival formula says here; None if it is silent.
        freedom: degrees of freedom of `stderr`.
        series: which line of the plot it belongs to.
        relation: of measured to predicted.
        rival_relation: of measured to the rival; the same if left out.
    """

    x: Real
    measured: Real
    predicted: Real
    _: KW_ONLY
    stderr: Real = 0.0
    rival: Real | None = None
    freedom: Real | None = None
    series: str = ""
    relation: Relation = "equal"
    rival_relation: Relation | None = None

    @classmethod
    def from_draws(cls, x: Real, draws: Draws, predicted: Real, **more: Any) -> "Point":
        """Return the point of a mean over independent draws, with its standard error.

        Args:
            x: where it stands.
            draws: (n,), n at least 2.
            predicted: what the claim says of their mean.
            **more: the other attributes; `freedom` is n - 1 if left out.

        Returns:
            The point.
        """
        values = np.asarray(draws, np.float64)
        stderr = float(values.std(ddof=1) / len(values) ** 0.5)
        options: dict[str, Any] = {"stderr": stderr, "freedom": len(values) - 1, **more}
        return cls(x, float(values.mean()), predicted, **options)

    @classmethod
    def ratio(cls, x: Real, above: Draws, below: Draws, predicted: Real, **more: Any) -> "Point":
        """Return the point of a ratio of two means over the same draws.

        What both have in common from draw to draw cancels in the standard error.

        Args:
            x: where it stands.
            above: (n,), of the numerator.
            below: (n,), of the denominator.
            predicted: what the claim says of the ratio.
            **more: the other attributes but `stderr` and `freedom`.

        Returns:
            The point, with n - 1 degrees of freedom.
        """
        top, bottom = np.asarray(above, np.float64), np.asarray(below, np.float64)
        ratio, count = top.mean() / bottom.mean(), len(top)
        stderr = float((top - ratio * bottom).std(ddof=1) / bottom.mean() / count**0.5)
        return cls(x, float(ratio), predicted, stderr=stderr, freedom=count - 1, **more)

    def as_rival(self) -> "Point":
        """Return the point with the rival's prediction in place of the claim's."""
        assert self.rival is not None
        return replace(self, predicted=self.rival, relation=self.rival_relation or self.relation)


@dataclass(frozen=True)
class Evidence:
    """All comparisons of a claim.

    Attributes:
        points: the comparisons.
        x_label: what x is.
        y_label: what is measured.
        tolerance: relative deviation that the claim allows.
        slack: absolute deviation that it allows, for rounding.
        factor: that measured and predicted may differ by, in place of tolerance and slack: 1.5 means
            from 2/3 to 3/2 of the prediction.
        boundary: for a claim that holds in a regime of x: within up to the first number, outside
            somewhere up to the second. Without it the claim is about all points.
        log_x: draw x on a logarithmic axis.
        log_y: draw y on a logarithmic axis.
        note: what else was found, in words and numbers.
        rates: that it is judged at; those of the ledger if left out.
    """

    points: Sequence[Point]
    x_label: str = "x"
    y_label: str = "value"
    tolerance: float = 0.0
    slack: float = 0.0
    factor: float | None = None
    boundary: tuple[Real, Real] | None = None
    log_x: bool = False
    log_y: bool = False
    note: str = ""
    rates: Rates | None = None

    def __post_init__(self):
        if not self.points:
            raise bad("points", "must not be empty", "none")
        if self.factor is not None:
            check(self.factor > 1, "factor", "must be above 1", self.factor)
            check(
                not self.tolerance and not self.slack, "factor", "must be the only tolerance", self
            )
        if self.boundary is not None:
            low, high = self.boundary
            check(low < high, "boundary", "must be two ascending numbers", self.boundary)

    def bounds(self, point: Point) -> tuple[float, float, float]:
        """Return deviation, what is allowed, and standard error of a point, on the claim's scale.

        Inequalities deviate in one direction only: a negative deviation is distance to the bound.
        """
        measured, predicted = float(point.measured), float(point.predicted)
        stderr = float(point.stderr)
        allowed = self.tolerance * abs(predicted) + self.slack
        if self.factor is not None:
            if measured <= 0 or predicted <= 0:
                return inf, log(self.factor), 0.0
            stderr /= measured
            measured, predicted, allowed = log(measured), log(predicted), log(self.factor)
        gap = measured - predicted
        signed = {"equal": abs(gap), "at most": gap, "at least": -gap}[point.relation]
        return signed, allowed, stderr

    def place(self, point: Point) -> Place:
        """Return where a point lies. Values that are not finite are outside."""
        gap, allowed, stderr = self.bounds(point)
        if not (isfinite(gap) and isfinite(allowed) and isfinite(stderr)):
            return "outside"
        if not stderr:
            return "within" if gap <= allowed else "outside"
        if gap + within_errors(point.freedom, self.rates) * stderr <= allowed:
            return "within"
        return (
            "outside"
            if gap - outside_errors(point.freedom, self.rates) * stderr > allowed
            else "undecided"
        )

    def excess(self, point: Point) -> float:
        """Return how much of what is allowed a point needs with its error; at most 1 is within."""
        gap, allowed, stderr = self.bounds(point)
        needed = gap + (within_errors(point.freedom, self.rates) * stderr if stderr else 0.0)
        if not isfinite(needed):
            return inf
        if needed <= 0:
            return 0.0
        return needed / allowed if allowed > 0 else inf


@dataclass(frozen=True)
class Judgement:
    """What the evidence says of a formula.

    Attributes:
        verdict: of the formula.
        worst: the largest share of what is allowed that a point needs, among those that count.
        boundary: (last x up to which all is within, first x with a point outside), whichever were
            found; for claims that hold in a regime.
        outside: indices of the points outside.
        undecided: indices of the points that are neither within nor outside.
    """

    verdict: Verdict
    worst: float
    boundary: tuple[float | None, float | None] | None = None
    outside: tuple[int, ...] = field(default_factory=tuple)
    undecided: tuple[int, ...] = field(default_factory=tuple)


def judge(evidence: Evidence) -> Judgement:
    """Judge a claim.

    A claim with a stated boundary (low, high) is established in its regime if all points up to low
    are within and some point up to high is outside; refuted if a point up to low is outside, or all
    up to high are within, so that the boundary is not where it should be.

    Args:
        evidence: the comparisons.

    Returns:
        The judgement.
    """
    points = evidence.points
    places = [evidence.place(point) for point in points]
    outside = tuple(i for i, place in enumerate(places) if place == "outside")
    open_ones = tuple(i for i, place in enumerate(places) if place == "undecided")
    if evidence.boundary is None:
        worst = max(map(evidence.excess, points))
        verdict = "refuted" if outside else "undecided" if open_ones else "established"
        return Judgement(verdict, worst, None, outside, open_ones)
    low, high = evidence.boundary
    x = [float(point.x) for point in points]
    inner = [i for i in range(len(x)) if x[i] <= low]
    edge = [i for i in range(len(x)) if low < x[i] <= high]
    if not inner or not edge:
        raise bad("boundary", "must have points on both sides", evidence.boundary)
    worst = max(evidence.excess(points[i]) for i in inner)
    first = min((x[i] for i in range(len(x)) if places[i] != "within"), default=inf)
    last = max((value for value in x if value < first), default=None)
    found = (last, min((x[i] for i in outside), default=None))
    sides = [{places[i] for i in side} for side in (inner, edge)]
    if "outside" in sides[0] or sides[1] == {"within"}:
        verdict = "refuted"
    elif sides[0] == {"within"} and "outside" in sides[1]:
        verdict = "established in regime"
    else:
        verdict = "undecided"
    return Judgement(verdict, worst, found, outside, open_ones)


def judge_rival(evidence: Evidence) -> Judgement:
    """Judge the rival by the points that name one; those of the regime, if the claim has one.

    Args:
        evidence: the comparisons.

    Returns:
        The judgement: refuted if at least `RIVAL_SHARE` of the points are outside, established if
        all are within, else undecided.

    Raises:
        ValueError: if no such point names a rival.
    """
    named = {
        i: point.as_rival()
        for i, point in enumerate(evidence.points)
        if point.rival is not None
        and (evidence.boundary is None or float(point.x) <= evidence.boundary[0])
    }
    if not named:
        raise bad("evidence", "must hold a rival at some point of the regime", "none")
    places = {i: evidence.place(point) for i, point in named.items()}
    outside = tuple(i for i, place in places.items() if place == "outside")
    open_ones = tuple(i for i, place in places.items() if place == "undecided")
    worst = max(map(evidence.excess, named.values()))
    if len(outside) >= RIVAL_SHARE * len(named):
        verdict = "refuted"
    else:
        verdict = "undecided" if outside or open_ones else "established"
    return Judgement(verdict, worst, None, outside, open_ones)
