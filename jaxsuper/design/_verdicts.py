"""What a measurement says of a design: whether it meets a target, whether its indicators seize."""

from ._measure import Measured


# An error is below or above a target if it is by so many standard errors.
SURE_BY = 2.0
# The inactive indicators' error may grow by this factor over the layers before it is a seizure.
SEIZED_ABOVE = 1.5


def meets(measured: Measured, target: float) -> str:
    """Return whether the active circuits' error at the last layer is below a target.

    Args:
        measured: of the design.
        target: a mean squared error.

    Returns:
        "yes" or "no" if it is by two standard errors, else "open".
    """
    if measured.error + SURE_BY * measured.stderr < target:
        return "yes"
    return "no" if measured.error - SURE_BY * measured.stderr > target else "open"


def seizes(measured: Measured) -> bool | None:
    """Return whether the inactive indicators' error grows from layer to layer.

    Args:
        measured: of the design.

    Returns:
        Whether it grew by more than half from layer 1 to L; None if it was 0 at first.
    """
    return None if measured.growth is None else measured.growth > SEIZED_ABOVE
