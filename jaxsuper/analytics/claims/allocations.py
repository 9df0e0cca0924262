"""Claims about allocations: overlaps and loads (notes#allocations)."""

import jax
import numpy as np

from ... import theory
from ...allocation import (
    allocate,
    Allocation,
    prime_steps,
    random_sets,
)
from ._evidence import Evidence, Point
from ._matrices import lines, pair_counts
from ._registry import claim, Run


@claim(
    "allocations.mean-overlap-even",
    "With even loads the mean overlap of two circuits is S(TS/n - 1)/(T - 1).",
    tier="algebra",
    formula=r"p = \frac{S\,(T S/n - 1)}{T - 1}",
    source="[C2]; notes#allocations",
    regime="all neurons used equally often",
    expected="established",
    rival="the naive value S^2/n",
)
def _mean_overlap_even(run: Run) -> Evidence:
    points = []
    for q, S in ((23, 4), (41, 6), (31, 8), (23, 10)):
        n = S * q
        for classes in (2, 5, q):
            allocation = lines(n, q, S, np.arange(classes * q))
            measured = float(pair_counts(allocation).mean())
            T = allocation.n_circuits
            predicted = theory.mean_overlap_even(n, S, T)
            rival = theory.mean_overlap_naive(n, S)
            points.append(Point(T, measured, predicted, rival=rival, series=f"n = {n}, S = {S}"))
    return Evidence(points, "T", "neurons shared by two circuits", slack=1e-9, log_x=True)


@claim(
    "allocations.mean-overlap-naive",
    "Random sets share S^2/n neurons on average; tested to within 1 %.",
    tier="science",
    formula=r"p = S^2 / n",
    source="notes#allocations",
    regime="independent uniform sets",
    expected="established",
    rival="the value for even loads",
)
def _mean_overlap_naive(run: Run) -> Evidence:
    points, draws, T = [], run.draws(80, 200), 600
    for n, S in ((200, 4), (250, 6), (250, 10), (500, 6)):
        key = jax.random.fold_in(run.key("naive"), n * 100 + S)
        overlaps = [
            random_sets(n, S, T, key=jax.random.fold_in(key, draw)).mean_overlap
            for draw in range(draws)
        ]
        points.append(
            Point.from_draws(
                S * S / n,
                overlaps,
                theory.mean_overlap_naive(n, S),
                rival=theory.mean_overlap_even(n, S, T),
                series="random sets",
            )
        )
    return Evidence(points, "S^2/n", "neurons shared by two circuits", tolerance=0.01)


def _families(run: Run) -> list[tuple[str, Allocation]]:
    """Return allocations with overlaps of 0 or 1, evenly and unevenly loaded."""
    steps = [("prime steps", prime_steps(250, 6, count)) for count in (100, 300, 557)]
    steps += [("prime steps", prime_steps(500, 6, 2000))]
    even = [("balanced", allocate(250, 6, 400, "balanced-prime-steps"))]
    return [*steps, *even, *(("lines", lines(250, 41, 6, np.arange(k))) for k in (123, 557, 1681))]


@claim(
    "allocations.overlap-rate",
    "The overlap rate is a sum over the loads, for every design with overlaps of 0 or 1.",
    tier="algebra",
    formula=r"e = \mathrm{E}_{t \neq u}\left(\frac{|M_t \cap M_u|}{S}\right)^2 "
    r"= \frac{\sum_i r_i (r_i - 1)}{T (T-1) S^2}",
    source="notes#allocations",
    expected="established",
    rival="r_i^2 in place of r_i (r_i - 1)",
)
def _overlap_rate(run: Run) -> Evidence:
    points = []
    for name, allocation in _families(run):
        S, T, loads = allocation.redundancy, allocation.n_circuits, allocation.loads
        measured = float((pair_counts(allocation) ** 2).mean()) / S**2
        predicted = theory.overlap_rate_from_loads(loads, S, T)
        rival = float((loads.astype(float) ** 2).sum()) / (T * (T - 1) * S**2)
        points.append(Point(T, measured, predicted, rival=rival, series=name))
    return Evidence(points, "T", "e", slack=1e-9, log_x=True)


@claim(
    "allocations.overlap-rate-bound",
    "No design has a smaller overlap rate than one with equal loads; whole slopes of lines have no more.",
    tier="inequality",
    formula=r"e \geq \frac{T S/n - 1}{(T-1)\,S}",
    source="notes#allocations",
    expected="established",
    rival="at least 1 % above that, told apart where the loads are equal",
)
def _overlap_rate_bound(run: Run) -> Evidence:
    points = []
    even = [("equal loads", lines(246, 41, 6, np.arange(41 * k))) for k in (3, 10, 41)]
    for name, allocation in _families(run) + even:
        S, T = allocation.redundancy, allocation.n_circuits
        bound = theory.overlap_rate_lower_bound(allocation.block_width, S, T)
        points.append(
            Point(
                T,
                allocation.overlap_rate,
                bound,
                rival=1.01 * bound if np.ptp(allocation.loads) == 0 else None,
                series=name,
                relation="at least",
            )
        )
    return Evidence(points, "T", "e", slack=1e-12, log_x=True)


@claim(
    "allocations.published-rate-even-loads",
    "With even loads the published rho is the overlap rate up to the factor 1 - 1/T.",
    tier="algebra",
    formula=r"\rho = \frac{d}{D} - \frac{1}{S T} = e \left(1 - \frac{1}{T}\right)",
    source="[R]; notes#allocations",
    regime="all neurons used equally often",
    expected="established",
    rival="d/D alone",
)
def _published_rate_even(run: Run) -> Evidence:
    points = []
    for q, S in ((23, 4), (41, 6), (31, 8)):
        for classes in (2, 5, q):
            allocation = lines(S * q, q, S, np.arange(classes * q))
            T = allocation.n_circuits
            measured = float((pair_counts(allocation) ** 2).mean()) / S**2
            predicted = theory.overlap_rate_published(4, 4 * S * q, S, T) / (1 - 1 / T)
            points.append(
                Point(T, measured, predicted, rival=1 / (S * q), series=f"q = {q}, S = {S}")
            )
    return Evidence(points, "T", "e", slack=1e-9, log_x=True)


@claim(
    "allocations.published-rate-prime-steps",
    "The published rho is the overlap rate of the prime steps, within 2 %.",
    tier="algebra",
    formula=r"e = \frac{d}{D} - \frac{1}{S T}",
    source="[R]; notes#allocations",
    regime="n = 250 and 500, S = 6",
    expected="refuted",
    rival="the sum over loads (to be confirmed)",
)
def _published_rate_prime_steps(run: Run) -> Evidence:
    points = []
    for n, counts in ((250, (100, 200, 300, 400, 500, 557)), (500, (500, 1000, 2000))):
        for T in counts:
            allocation = prime_steps(n, 6, T)
            measured = float((pair_counts(allocation) ** 2).mean()) / 36
            predicted = theory.overlap_rate_published(4, 4 * n, 6, T)
            rival = theory.overlap_rate_from_loads(allocation.loads, 6, T)
            points.append(Point(T, measured, predicted, rival=rival, series=f"n = {n}"))
    return Evidence(points, "T", "e", tolerance=0.02, log_x=True)


@claim(
    "allocations.correction-unbiased",
    "The corrected unembedding reads nothing of other circuits on average.",
    tier="algebra",
    formula=r"\mathrm{E}\,\langle u_t, e_v \rangle = 0, \quad u = e\,(1/S + c) - c, \quad "
    r"c = \frac{p}{(S-p)\,S}",
    source="[C2]; notes#network",
    expected="established",
    rival="no correction, c = 0: p/S",
)
def _correction_unbiased(run: Run) -> Evidence:
    points = []
    for name, allocation in _families(run):
        S, counts = allocation.redundancy, pair_counts(allocation)
        p = allocation.mean_overlap
        c = p / ((S - p) * S)
        read = float((counts * (1 / S + c) - c * S).mean())
        points.append(Point(allocation.n_circuits, read, 0, rival=p / S, series=name))
    return Evidence(points, "T", "mean of <u_t, e_v> over pairs", slack=1e-9, log_x=True)
