"""Claims about the mean weights of the clipped construction: the published guess and the derivation."""

import numpy as np
from jaxtyping import Float

from ... import theory
from ...allocation import Allocation
from ._evidence import Evidence, Point
from ._matrices import allocation_for, interaction
from ._registry import claim, Run


# (n, T) of the comparison, for every S = 1..10.
_SIZES = ((200, 300), (300, 700), (500, 2000))


def _measured(run: Run) -> list[tuple[Allocation, Float[np.ndarray, " draws"]]]:
    """Return allocations, and their second moments over drawn matrices."""
    pairs, draws = [], run.draws(8, 16)
    for n, T in run.choose(_SIZES[:2], _SIZES):
        for S in range(1, 11):
            allocation, rng = allocation_for(n, T, S), np.random.default_rng([run.seed, n, S])
            moments = [interaction(allocation, rng, "clipped") for _ in range(draws)]
            pairs.append((allocation, np.array(moments)))
    return pairs


def _guess(allocation: Allocation) -> float:
    S, T = allocation.redundancy, allocation.n_circuits
    rho = theory.overlap_rate_published(1, allocation.block_width, S, T)
    return T * rho**2 + 2 * rho


def _points(run: Run, guess_is_claimed: bool) -> list[Point]:
    points = []
    moments = run.once(("interactions", run.effort), lambda: _measured(run))
    for allocation, measured in moments:
        derived = theory.mean_interaction(allocation.loads[allocation.sets])
        guess = _guess(allocation)
        said, rival = (guess, derived) if guess_is_claimed else (derived, guess)
        options = {"rival": rival, "series": f"n = {allocation.block_width}"}
        points.append(Point.from_draws(allocation.redundancy, measured, said, **options))
    return points


@claim(
    "interactions.derived",
    "The interaction of two circuits through clipped mean weights, derived from the loads alone, is "
    "within 4 % of drawn matrices for S = 1 to 10.",
    tier="science",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, \tilde{C} e_v \rangle / S^2\right)^2"
    r"\right] = \frac{\mathrm{Var}\,N}{(S^2 - \mathrm{E} N)^2}, \quad "
    r"N = \langle e_t, C e_v \rangle",
    source="derived in `theory.mean_interaction`; the question is [R]'s",
    regime="S = 1 to 10, n = 200, 300, 500",
    expected="established",
    rival="the published guess T rho^2 + 2 rho",
)
def _derived(run: Run) -> Evidence:
    points = _points(run, guess_is_claimed=False)
    return Evidence(points, "S", "second moment", tolerance=0.04, log_y=True)


@claim(
    "interactions.published-guess",
    "The guess T rho^2 + 2 rho for clipped mean weights is at most half off.",
    tier="science",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, \tilde{C} e_v \rangle / S^2\right)^2"
    r"\right] = T \rho^2 + 2 \rho",
    source='[R], appendix: "up to 50 % off"; notes#interaction',
    regime="S = 1 to 10",
    expected="refuted",
    rival="the derivation from the loads (to be confirmed)",
)
def _published_guess(run: Run) -> Evidence:
    points = _points(run, guess_is_claimed=True)
    return Evidence(points, "S", "second moment", tolerance=0.5, log_y=True)
