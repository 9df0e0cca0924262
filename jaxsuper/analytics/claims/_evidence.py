"""Evidence and verdicts: points measured with errors, a formula and a rival, one error rate for all.

Every comparison of the whole ledger shares one family-wise error rate. A point deviates if the
measured value lies further from the predicted one than

    tolerance·|predicted| + slack + k·stderr

with k the two-sided Student quantile at ALPHA / MOST_COMPARISONS (Bonferroni), for the degrees of
freedom of that point. The tolerance is part of the claim ("within 5 %"); exact claims have none but
rounding. So that a claim cannot hold for want of data, the same points are held against a rival
formula, a plausible mistake, which has to come out the other way round.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, KW_ONLY
from functools import lru_cache
from math import isfinite
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from scipy import stats

from ..._errors import bad


ALPHA = 0.01
# Fixed in advance, so that a part of the ledger is judged as strictly as the whole.
MOST_COMPARISONS = 5000
Relation = Literal["equal", "at most", "at least"]
Real = float | int | np.floating | np.integer
Draws = Sequence[Real] | Float[np.ndarray, " n"]
Verdict = Literal["holds", "holds in regime", "refuted", "error"]


@lru_cache
def quantile(freedom: Real | None) -> float:
    """Return k, the standard errors that one comparison may be off.

    Args:
        freedom: degrees of freedom of the standard error; None if it is known exactly.

    Returns:
        The two-sided quantile at ALPHA / MOST_COMPARISONS.
    """
    tail = ALPHA / MOST_COMPARISONS / 2
    return float(stats.norm.isf(tail) if freedom is None else stats.t.isf(tail, freedom))


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

    def excess(self, rival: bool, tolerance: float, slack: float) -> float:
        """Return the deviation from claim or rival in units of what is allowed; above 1 it deviates.

        Inequalities deviate in one direction only. Values that are not finite deviate.
        """
        prediction, relation = self.predicted, self.relation
        if rival:
            assert self.rival is not None
            prediction, relation = self.rival, self.rival_relation or self.relation
        gap = float(self.measured) - float(prediction)
        if relation == "at most":
            gap = max(gap, 0.0)
        elif relation == "at least":
            gap = max(-gap, 0.0)
        allowed = tolerance * abs(float(prediction)) + slack
        if self.stderr:
            allowed += quantile(self.freedom) * float(self.stderr)
        if not (isfinite(gap) and isfinite(allowed)):
            return float("inf")
        return float(abs(gap) / allowed) if allowed else float("inf") if gap else 0.0


@dataclass(frozen=True)
class Evidence:
    """All comparisons of a claim.

    Attributes:
        points: the comparisons.
        x_label: what x is.
        y_label: what is measured.
        tolerance: relative deviation that the claim allows.
        slack: absolute deviation that it allows, for rounding.
        regime: whether the claim may hold up to some x only: then the largest x is sought up to
            which no point deviates.
        log_x: draw x on a logarithmic axis.
        log_y: draw y on a logarithmic axis.
        note: what else was found, in words and numbers.
    """

    points: Sequence[Point]
    x_label: str
    y_label: str
    tolerance: float = 0.0
    slack: float = 0.0
    regime: bool = False
    log_x: bool = False
    log_y: bool = False
    note: str = ""

    def __post_init__(self):
        if not self.points:
            raise bad("points", "must not be empty", "none")


@dataclass(frozen=True)
class Judgement:
    """What the evidence says of a formula.

    Attributes:
        verdict: holds (no point deviates), holds in regime (none up to the boundary), refuted.
        worst: the largest excess of the points that count.
        boundary: (last x that agrees, first that deviates), for `holds in regime`.
        deviating: indices of the points that deviate.
    """

    verdict: Verdict
    worst: float
    boundary: tuple[float, float] | None = None
    deviating: tuple[int, ...] = field(default_factory=tuple)


def judge(evidence: Evidence, rival: bool = False) -> Judgement:
    """Judge the claim, or its rival, by the same points and the same allowance.

    Args:
        evidence: the comparisons.
        rival: judge the rival formula instead.

    Returns:
        The judgement. A rival that deviates anywhere is refuted, also where the claim itself holds
        in a regime only: there it has to deviate within that regime.

    Raises:
        ValueError: if no point says what the rival predicts.
    """
    points = list(enumerate(evidence.points))
    if rival:
        points = [(i, point) for i, point in points if point.rival is not None]
        if not points:
            raise bad("evidence", "must hold a rival at some point", "none")
    excess = {i: p.excess(rival, evidence.tolerance, evidence.slack) for i, p in points}
    if rival and evidence.regime:
        boundary = judge(evidence).boundary
        if boundary is not None:
            excess = {i: e for i, e in excess.items() if evidence.points[i].x <= boundary[0]}
    deviating = tuple(i for i, e in excess.items() if e > 1)
    worst = max(excess.values(), default=0.0)
    if not deviating:
        return Judgement("holds", worst)
    first = min(float(evidence.points[i].x) for i in deviating)
    agreeing = [float(evidence.points[i].x) for i in excess if evidence.points[i].x < first]
    if not evidence.regime or rival or not agreeing:
        return Judgement("refuted", worst, None, deviating)
    inside = max(e for i, e in excess.items() if evidence.points[i].x < first)
    return Judgement("holds in regime", inside, (max(agreeing), first), deviating)
