"""What the theory says of a design, before any network is built."""

from collections.abc import Iterable
from dataclasses import dataclass

from .._journal import anew, Once
from ..analytics import predict
from ..theory.seizure import DEAD
from ._kinds import design_kind
from ._problem import Design, with_settings
from ._verdicts import seizes


def predict_error(design: Design) -> float | None:
    """Return E|x_est - x|^2 of active circuits at the last layer, or None where no theory speaks.

    It is that of `analytics.predict`, from the most complete theory; for clipped weights and
    separate indicators that is the state evolution, a second or two each. Of circuits of one's own it
    is the closed form, and nothing where their indicators seize or die: that it leaves out.
    """
    prediction = predict(design.configuration)
    errors, evolved = prediction.get("mse_x_active"), prediction.state_evolution
    if errors is None:
        return None
    if evolved is not None and "mse_x_active" not in evolved.values:
        inactive, active = (evolved.values[f"mse_on_{which}"] for which in ("inactive", "active"))
        grown = float(inactive[-1] / inactive[0]) if inactive[0] > 0 else 1.0
        if seizes(grown) or active.max() > DEAD:
            return None
    return float(errors[-1])


@dataclass(frozen=True)
class Predicted:
    """A design with what the theory says of it.

    Attributes:
        design: a candidate, at a start that a theory covers if there is one.
        error: E|x_est - x|^2 of active circuits at the last layer, None where no theory speaks.
    """

    design: Design
    error: float | None

    @property
    def kind(self) -> str:
        """Kind of the design."""
        return self.design.kind


def covered(design: Design, once: Once = anew) -> Predicted:
    """Return the design with the first of its kind's starts that a theory covers.

    Args:
        design: a candidate, whose own parameters come first.
        once: makes a prediction, or has it.

    Returns:
        The prediction; without an error, and with the candidate's own parameters, if no theory
        speaks of any of them.
    """
    for settings in ({}, *design_kind(design.kind).retreats):
        start = with_settings(design, **settings)
        error = once(predict_error, start)
        if error is not None:
            return Predicted(start, error)
    return Predicted(design, None)


def by_prediction(designs: Iterable[Design], once: Once = anew) -> list[Predicted]:
    """Return candidates by rising predicted error, after them those that no theory covers.

    Args:
        designs: of one or several kinds; see `covered` for their parameters.
        once: makes a prediction, or has it.

    Returns:
        The predictions.
    """
    rated = [covered(design, once) for design in designs]
    return sorted(rated, key=lambda each: (each.error is None, each.error or 0.0))
