"""What training did to a hand-built network, in two words with stated thresholds."""

from dataclasses import dataclass
from math import hypot, isfinite

import numpy as np

from .._errors import check
from ._held_out import HeldOut
from ._structure import Structure


# Relative change of the loss, and standard errors of its difference, that count as a change.
IMPROVES_BY, SURE_BY = 0.05, 3.0
# Scores between the null value (0) and the built network (1).
KEEPS_ABOVE, LEAVES_BELOW = 0.9, 0.5


@dataclass(frozen=True)
class Outcome:
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


def judge_training(built: HeldOut, trained: HeldOut, structure: Structure) -> Outcome | None:
    """Judge a trained network against the one that was built.

    The loss improves if it falls by more than 5 % and by more than 3 standard errors of the
    difference, and worsens if it rises by as much; the structure is kept if both scores, that of the
    support and that of the circuits, are at least 0.9, and left if one of them is below 0.5. A score
    that is NaN does not count. The unknown standard error of a single sample counts as 0.

    Args:
        built: held-out measurements of the built network.
        trained: those of the trained network, on samples of the same kind.
        structure: of the trained network.

    Returns:
        The outcome, or None if training diverged: something that was finite no longer is.

    Raises:
        ValueError: if a loss or its standard error is negative.
    """
    if (np.isfinite(built.mean) & ~np.isfinite(trained.mean)).any():
        return None
    before, after = built["loss"], trained["loss"]
    errors = [float(np.nan_to_num(measured.stderr_of("loss"))) for measured in (built, trained)]
    least = min(before, after, *errors)
    check(least >= 0, "loss", "and its standard error must not be negative", least)
    needed = max(IMPROVES_BY * before, SURE_BY * hypot(*errors))
    change = after - before
    loss = "improves" if change < -needed else "worsens" if change > needed else "same"
    scores = [
        score for score in (structure.support_score, structure.circuits_score) if isfinite(score)
    ]
    lowest = min(scores, default=float("nan"))
    fate = "keeps" if lowest >= KEEPS_ABOVE else "leaves" if lowest < LEAVES_BELOW else "changes"
    fate = fate if scores else "unknown"
    return Outcome(loss, fate, after / before if before > 0 else float("inf"), lowest)
