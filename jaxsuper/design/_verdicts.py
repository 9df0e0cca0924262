"""What is said of a measured design: whether it seizes, and whether it meets a target."""

# The mean square of inactive indicators may grow by this factor from layer 1 to L. A convention: it is
# near 1 where errors are those of closed forms without erroneous activation, and several where
# inactive circuits switch each other on (D = 240, L = 3: up to 6).
SEIZED_GROWTH = 1.5
# Standard errors between a mean and a target: about 95 % confidence in a two-sided sense.
_STANDARD_ERRORS = 2


def seizes(growth: float | None) -> bool | None:
    """Return whether inactive circuits switch on and keep each other on.

    Args:
        growth: of the inactive indicators' mean square over the layers, as in `DesignError`.

    Returns:
        Whether it exceeds 1.5 or is no number; None where it is not known.
    """
    return None if growth is None else not growth <= SEIZED_GROWTH


def meets(mse: float, stderr: float, target: float | None) -> str | None:
    """Return whether a mean squared error is below a target, by two standard errors.

    Args:
        mse: the measured error.
        stderr: its standard error.
        target: the error not to be reached.

    Returns:
        "yes", "no", or "open" where the two are too close; None without a target.
    """
    if target is None:
        return None
    if mse + _STANDARD_ERRORS * stderr < target:
        return "yes"
    # An error that overflowed is above every target.
    return "open" if mse - _STANDARD_ERRORS * stderr <= target else "no"
