"""Claims about the mean weights of the clipped construction: the published guess and the derivation."""

import numpy as np

from ... import theory
from ...allocation import Allocation
from ._designs import design_for, interaction
from ._evidence import Evidence, Point
from ._registry import claim, Run


# (n, T) of the comparison, for every S = 1..10.
_SIZES = ((200, 300), (300, 700), (500, 2000))


def _measured(run: Run) -> list[tuple[Allocation, float]]:
    """Return designs, and their second moments averaged over drawn matrices."""
    found, draws = [], run.choose(3, 8)
    for n, T in run.choose(_SIZES[:2], _SIZES):
        for S in range(1, 11):
            design, rng = design_for(n, T, S), np.random.default_rng([run.seed, n, S])
            moments = [interaction(design, rng, "clipped") for _ in range(draws)]
            found.append((design, float(np.mean(moments))))
    return found


def _guess(design: Allocation) -> float:
    S, T = design.redundancy, design.n_circuits
    rho = theory.overlap_rate_published(1, design.block_width, S, T)
    return T * rho**2 + 2 * rho


def _points(run: Run, guess_is_claimed: bool) -> list[Point]:
    points = []
    for design, measured in run.once("interactions", lambda: _measured(run)):
        derived, guess = theory.mean_interaction(design.loads[design.sets]), _guess(design)
        said, rival = (guess, derived) if guess_is_claimed else (derived, guess)
        series = f"n = {design.block_width}"
        points.append(Point(design.redundancy, measured, said, rival=rival, series=series))
    return points


@claim(
    "interactions.derived",
    "The interaction of two circuits through clipped mean weights, derived from the loads alone, is "
    "within 5 % of drawn matrices for S = 1 to 10.",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, \tilde{C} e_v \rangle / S^2\right)^2"
    r"\right] = \frac{\mathrm{Var}\,N}{(S^2 - \mathrm{E} N)^2}, \quad "
    r"N = \langle e_t, C e_v \rangle",
    source="derived in `theory.mean_interaction`; the question is [R]'s",
    regime="S = 1 to 10, n = 200, 300, 500",
    expected="holds",
    rival="the published guess T rho^2 + 2 rho",
)
def _derived(run: Run) -> Evidence:
    note = (
        "No standard error is allowed for: the 5 % hold for the mean over drawn matrices as it is."
    )
    points = _points(run, guess_is_claimed=False)
    return Evidence(points, "S", "second moment", tolerance=0.05, log_y=True, note=note)


@claim(
    "interactions.published-guess",
    "The guess T rho^2 + 2 rho for clipped mean weights is right within 30 %.",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, \tilde{C} e_v \rangle / S^2\right)^2"
    r"\right] = T \rho^2 + 2 \rho",
    source='[R], appendix: "up to 50 % off"; notes#interaction',
    regime="S = 1 to 10",
    expected="refuted",
    rival="the derivation from the loads (to be confirmed)",
)
def _published_guess(run: Run) -> Evidence:
    points = _points(run, guess_is_claimed=True)
    return Evidence(points, "S", "second moment", tolerance=0.3, log_y=True)
