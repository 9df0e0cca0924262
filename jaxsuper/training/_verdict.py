"""What training did to a hand-built network, in two words with stated thresholds."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from .._errors import check
from ._fine_tune import HeldOut
from ._structure import Structure


# Relative change of the loss, and standard errors of its difference, that count as a change.
IMPROVES_BY, SURE_BY = 0.05, 3.0
# Scores between the null value (0) and the built network (1).
KEEPS_ABOVE, LEAVES_BELOW = 0.9, 0.5


@dataclass(frozen=True)
class Verdict:
    """What training did.

    Attributes:
        loss: "improves", "same" or "worsens".
        structure: "keeps", "changes" or "leaves", or "unknown" if no score says anything.
        ratio: loss after / loss before.
        score: the lower of the scores of the structure.
    """

    loss: str
    structure: str
    ratio: float
    score: float

    def __str__(self) -> str:
        return f"{self.loss} the loss (x {self.ratio:.3g}), {self.structure} the structure"


def verdict(
    before: float, before_error: float, after: float, after_error: float, kept: Structure
) -> Verdict:
    """Judge a trained network against the one that was built.

    The loss improves if it falls by more than 5 % and by more than 3 standard errors of the
    difference, and worsens if it rises by as much; the structure is kept if both scores, that of the
    support and that of the circuits, are at least 0.9, and left if one of them is below 0.5. A score
    that is NaN does not count.

    Args:
        before: held-out loss of the built network.
        before_error: its standard error.
        after: held-out loss after training, on samples of the same kind.
        after_error: its standard error.
        kept: the structure of the trained network.

    Returns:
        The verdict.

    Raises:
        ValueError: if a loss or an error is negative.
    """
    least = min(before, before_error, after, after_error)
    check(least >= 0, "loss", "and its error must not be negative", least)
    needed = max(IMPROVES_BY * before, SURE_BY * (before_error**2 + after_error**2) ** 0.5)
    change = after - before
    loss = "improves" if change < -needed else "worsens" if change > needed else "same"
    scores = [one for one in (kept.support_score, kept.circuits_score) if isfinite(one)]
    score = min(scores, default=float("nan"))
    kind = "keeps" if score >= KEEPS_ABOVE else "leaves" if score < LEAVES_BELOW else "changes"
    kind = kind if scores else "unknown"
    return Verdict(loss, kind, after / before if before > 0 else float("inf"), score)


def judge(before: HeldOut, after: HeldOut, kept: Structure) -> Verdict | None:
    """Judge a run by its held-out measurements; the unknown error of one sample counts as 0.

    Args:
        before: of the built network.
        after: of the trained one.
        kept: the structure of the trained network.

    Returns:
        The verdict, or None if training diverged.
    """
    if not np.isfinite(after.mean).all():
        return None
    errors = [float(np.nan_to_num(measured.stderr_of("loss"))) for measured in (before, after)]
    return verdict(before["loss"], errors[0], after["loss"], errors[1], kept)
