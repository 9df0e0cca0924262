"""Which errors of a formula evidence would notice: the same points, held against wrong formulas."""

from dataclasses import replace

from ._evidence import Evidence, judge, Point, Verdict


# Errors of a formula whose discovery is reported: factors above 1, applied both ways.
FACTORS = (1.05, 1.1, 1.2, 1.5, 2.0)
# The smallest and the largest error that `detectable` tells, and how many halvings find it.
_LEAST, _MOST, _HALVINGS = 1e-6, 99.0, 20


def perturbed(evidence: Evidence, factor: float) -> Evidence:
    """Return the evidence as it would be for a wrong formula.

    Args:
        evidence: of the claim.
        factor: that equalities are multiplied by. Bounds are moved by as much to where they say
            more, up or down: a weaker bound would be true as well.

    Returns:
        The evidence for the wrong formula.
    """

    def wrong(point: Point) -> Point:
        predicted = float(point.predicted)
        stronger = max(factor, 1 / factor)
        if (point.relation == "at most") == (predicted > 0):
            stronger = 1 / stronger
        return replace(
            point, predicted=predicted * (factor if point.relation == "equal" else stronger)
        )

    return replace(evidence, points=[wrong(point) for point in evidence.points])


def power(evidence: Evidence) -> dict[float, Verdict]:
    """Return the verdicts on wrong versions of the claim's formula, by `FACTORS`.

    Of multiplied and divided by a factor the one counts that is harder to tell apart.

    Args:
        evidence: of an established claim.

    Returns:
        Factor -> verdict.
    """
    order = ("established", "established in regime", "undecided", "refuted")
    found = {}
    for factor in FACTORS:
        verdicts = [judge(perturbed(evidence, f)).verdict for f in (factor, 1 / factor)]
        found[factor] = min(verdicts, key=order.index)
    return found


def detectable(evidence: Evidence) -> float | None:
    """Return the smallest error of a formula that evidence of this precision would refute.

    The points are taken to lie where the formula says, with the standard errors that they have: a
    formula that is wrong by so much, up or down, is then refuted in more than half of all cases.

    Args:
        evidence: of any verdict; its boundary does not count.

    Returns:
        The relative error, .05 for one of 5 %; None if one of a factor 100 would not be seen.
    """
    exact = [replace(point, measured=point.predicted) for point in evidence.points]
    expected = replace(evidence, points=exact, boundary=None)

    def refuted(error: float) -> bool:
        factors = (1 + error, 1 / (1 + error))
        return all(judge(perturbed(expected, f)).verdict == "refuted" for f in factors)

    low, high = _LEAST, _MOST
    if not refuted(high):
        return None
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if refuted(middle) else (middle, high)
    return high
