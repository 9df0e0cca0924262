"""Claims about allocations: overlaps and loads (notes#allocations)."""

import jax
import numpy as np

from ... import allocation, theory
from ._designs import incidence, lines, pair_counts
from ._evidence import Evidence, Point
from ._registry import claim, Run


@claim(
    "allocations.overlap-at-most-one",
    "Two circuits of the prime steps, their even subset or of lines share at most one neuron.",
    formula=r"|M_t \cap M_u| \leq 1 \quad (t \neq u)",
    source="[C2]; notes#allocations",
    expected="holds",
    rival="no two of them share a neuron",
)
def _overlap_at_most_one(run: Run) -> Evidence:
    points = []
    for S, count in ((3, 900), (4, 800), (5, 500), (6, 300), (8, 140)):
        for family in ("prime-steps", "balanced-prime-steps"):
            design = allocation.allocate(200, S, count, family, key=run.key(family))
            worst = float(allocation.max_overlap(design))
            points.append(Point(S, worst, 1, rival=0, series=family, relation="at most"))
        worst = float(allocation.max_overlap(lines(200, 23, S)))
        points.append(Point(S, worst, 1, rival=0, series="lines, q = 23", relation="at most"))
    return Evidence(points, "S", "largest overlap of any pair")


@claim(
    "allocations.random-overlaps",
    "Random sets break the rule: some pair shares two neurons or more.",
    formula=r"\max_{t \neq u} |M_t \cap M_u| \geq 2",
    source="notes#allocations",
    expected="holds",
    rival="random sets share at most one neuron",
)
def _random_overlaps(run: Run) -> Evidence:
    key, points = run.key("random"), []
    for S in (3, 4, 6, 8):
        for draw in range(3):
            sets = allocation.random_sets(250, S, 557, key=jax.random.fold_in(key, 10 * S + draw))
            worst = float(allocation.max_overlap(sets))
            points.append(
                Point(S, worst, 2, rival=1, relation="at least", rival_relation="at most")
            )
    return Evidence(points, "S", "largest overlap of any pair")


@claim(
    "allocations.mean-overlap-even",
    "With even loads the mean overlap of two circuits is S(TS/n - 1)/(T - 1).",
    formula=r"p = \frac{S\,(T S/n - 1)}{T - 1}",
    source="[C2]; notes#allocations",
    regime="all neurons used equally often",
    expected="holds",
    rival="the naive value S^2/n",
)
def _mean_overlap_even(run: Run) -> Evidence:
    points = []
    for q, S in ((23, 4), (41, 6), (31, 8), (23, 10)):
        n = S * q
        for classes in (2, 5, q):
            design = lines(n, q, S, np.arange(classes * q))
            measured = float(pair_counts(design).mean())
            T = design.n_circuits
            predicted = theory.mean_overlap_even(n, S, T)
            rival = theory.mean_overlap_naive(n, S)
            points.append(Point(T, measured, predicted, rival=rival, series=f"n = {n}, S = {S}"))
    return Evidence(points, "T", "neurons shared by two circuits", slack=1e-9, log_x=True)


@claim(
    "allocations.mean-overlap-naive",
    "Random sets share S^2/n neurons on average.",
    formula=r"p = S^2 / n",
    source="notes#allocations",
    regime="independent uniform sets",
    expected="holds",
    rival="the value for even loads",
)
def _mean_overlap_naive(run: Run) -> Evidence:
    points, draws, T = [], run.choose(30, 100), 300
    for n, S in ((200, 4), (250, 6), (250, 10), (500, 6)):
        key = jax.random.fold_in(run.key("naive"), n * 100 + S)
        found = []
        for draw in range(draws):
            design = allocation.random_sets(n, S, T, key=jax.random.fold_in(key, draw))
            found.append(design.mean_overlap)
        error = float(np.std(found, ddof=1) / draws**0.5)
        points.append(
            Point(
                S * S / n,
                float(np.mean(found)),
                theory.mean_overlap_naive(n, S),
                error,
                theory.mean_overlap_even(n, S, T),
                draws - 1,
                "random sets",
            )
        )
    return Evidence(points, "S^2/n", "neurons shared by two circuits")


def _families(run: Run) -> list[tuple[str, allocation.Allocation]]:
    """Return designs with overlaps of 0 or 1, evenly and unevenly loaded."""
    found = [("prime steps", allocation.prime_steps(250, 6, count)) for count in (100, 300, 557)]
    found += [("prime steps", allocation.prime_steps(500, 6, 2000))]
    found += [("balanced", allocation.allocate(250, 6, 400, "balanced-prime-steps"))]
    found += [("lines", lines(250, 41, 6, np.arange(count))) for count in (123, 557, 1681)]
    return found


@claim(
    "allocations.overlap-rate",
    "The overlap rate is a sum over the loads, for every design with overlaps of 0 or 1.",
    formula=r"e = \mathrm{E}_{t \neq u}\left(\frac{|M_t \cap M_u|}{S}\right)^2 "
    r"= \frac{\sum_i r_i (r_i - 1)}{T (T-1) S^2}",
    source="notes#allocations",
    expected="holds",
    rival="r_i^2 in place of r_i (r_i - 1)",
)
def _overlap_rate(run: Run) -> Evidence:
    points = []
    for name, design in _families(run):
        S, T, loads = design.redundancy, design.n_circuits, design.loads
        measured = float((pair_counts(design) ** 2).mean()) / S**2
        predicted = theory.overlap_rate_from_loads(loads, S, T)
        rival = float((loads.astype(float) ** 2).sum()) / (T * (T - 1) * S**2)
        points.append(Point(T, measured, predicted, rival=rival, series=name))
    return Evidence(points, "T", "e", slack=1e-9, log_x=True)


@claim(
    "allocations.overlap-rate-bound",
    "No design has a smaller overlap rate than one with equal loads.",
    formula=r"e \geq \frac{T S/n - 1}{(T-1)\,S}",
    source="notes#allocations",
    expected="holds",
    rival="it is at least 5 % above that, also for equal loads",
)
def _overlap_rate_bound(run: Run) -> Evidence:
    points = []
    even = [("even: n = 246", lines(246, 41, 6, np.arange(41 * k))) for k in (3, 10, 41)]
    for name, design in _families(run) + even:
        S, T = design.redundancy, design.n_circuits
        bound = theory.overlap_rate_lower_bound(design.block_width, S, T)
        points.append(
            Point(
                T, design.overlap_rate, bound, rival=1.05 * bound, series=name, relation="at least"
            )
        )
    return Evidence(points, "T", "e", slack=1e-12, log_x=True)


@claim(
    "allocations.published-rate-even-loads",
    "With even loads the published rho is the overlap rate up to the factor 1 - 1/T.",
    formula=r"\rho = \frac{d}{D} - \frac{1}{S T} = e \left(1 - \frac{1}{T}\right)",
    source="[R]; notes#allocations",
    regime="all neurons used equally often",
    expected="holds",
    rival="d/D alone",
)
def _published_rate_even(run: Run) -> Evidence:
    points = []
    for q, S in ((23, 4), (41, 6), (31, 8)):
        for classes in (2, 5, q):
            design = lines(S * q, q, S, np.arange(classes * q))
            T = design.n_circuits
            measured = float((pair_counts(design) ** 2).mean()) / S**2
            predicted = theory.overlap_rate_published(4, 4 * S * q, S, T) / (1 - 1 / T)
            points.append(
                Point(T, measured, predicted, rival=1 / (S * q), series=f"q = {q}, S = {S}")
            )
    return Evidence(points, "T", "e", slack=1e-9, log_x=True)


@claim(
    "allocations.published-rate-prime-steps",
    "The published rho is the overlap rate of the prime steps, within 2 %.",
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
            design = allocation.prime_steps(n, 6, T)
            measured = float((pair_counts(design) ** 2).mean()) / 36
            predicted = theory.overlap_rate_published(4, 4 * n, 6, T)
            rival = theory.overlap_rate_from_loads(design.loads, 6, T)
            points.append(Point(T, measured, predicted, rival=rival, series=f"n = {n}"))
    return Evidence(points, "T", "e", tolerance=0.02, log_x=True)


@claim(
    "allocations.whole-classes",
    "Whole slopes of lines load all neurons alike; as many lines taken at random do not.",
    formula=r"r_i = k \ \mathrm{for}\ T = k q",
    source="notes#allocations",
    expected="holds",
    rival="whole slopes are uneven too",
)
def _whole_classes(run: Run) -> Evidence:
    rng, points = np.random.default_rng(run.seed), []
    for q, S in ((23, 4), (41, 6)):
        for k in (2, 5, 13):
            loads = lines(S * q, q, S, np.arange(k * q)).loads
            points.append(
                Point(
                    k,
                    float(np.ptp(loads)),
                    0,
                    rival=1,
                    series="whole slopes",
                    rival_relation="at least",
                )
            )
            loads = lines(S * q, q, S, rng.permutation(q * q)[: k * q]).loads
            points.append(
                Point(k, float(np.ptp(loads)), 1, series="random lines", relation="at least")
            )
    return Evidence(points, "slopes", "largest minus least load")


@claim(
    "allocations.uneven-tail",
    "Prime steps use their last neurons less: 2 to 14 times around a mean of 12 at n = 250, T = 500, "
    "S = 6.",
    formula=r"\min r_i = 2, \quad \max r_i = 14, \quad \overline{r} = T S/n = 12",
    source="notes#allocations",
    regime="n = 250, T = 500, S = 6",
    expected="holds",
    rival="even loads, 12 for every neuron",
)
def _uneven_tail(run: Run) -> Evidence:
    loads = incidence(allocation.prime_steps(250, 6, 500)).sum(axis=0)
    values = {"least": (loads.min(), 2), "mean": (loads.mean(), 12), "largest": (loads.max(), 14)}
    points = [
        Point(i, float(value), said, rival=12, series=name)
        for i, (name, (value, said)) in enumerate(values.items())
    ]
    return Evidence(points, "least, mean, largest", "circuits on a neuron")


@claim(
    "allocations.correction-unbiased",
    "The corrected unembedding reads nothing of other circuits on average.",
    formula=r"\mathrm{E}\,\langle u_t, e_v \rangle = 0, \quad u = e\,(1/S + c) - c, \quad "
    r"c = \frac{p}{(S-p)\,S}",
    source="[C2]; notes#network",
    expected="holds",
    rival="no correction, c = 0: p/S",
)
def _correction_unbiased(run: Run) -> Evidence:
    points = []
    for name, design in _families(run):
        S, counts = design.redundancy, pair_counts(design)
        p = design.mean_overlap
        c = p / ((S - p) * S)
        read = float((counts * (1 / S + c) - c * S).mean())
        points.append(Point(design.n_circuits, read, 0, rival=p / S, series=name))
    return Evidence(points, "T", "mean of <u_t, e_v> over pairs", slack=1e-9, log_x=True)
