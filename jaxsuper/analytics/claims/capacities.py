"""Claims about the number of circuits that an allocation holds (notes#allocations)."""

from ... import allocation, theory
from ._evidence import Evidence, Point
from ._matrices import largest_prime
from ._registry import claim, Run


# n -> S -> circuits, published with the prime steps.
_PUBLISHED_CAPACITY = {
    200: {3: 2473, 4: 1115, 5: 519, 6: 317, 8: 148, 10: 100, 12: 54},
    250: {3: 3854, 4: 1773, 5: 815, 6: 557, 8: 224, 10: 142, 12: 81},
    500: {3: 15437, 4: 7046, 5: 3237, 6: 2101, 8: 926, 10: 559, 12: 376},
    1000: {3: 61735, 4: 28284, 5: 12901, 6: 8243, 8: 3661, 10: 2240, 12: 1394},
}


def _admissible_steps(n: int, S: int, powers: bool) -> list[int]:
    primes = [p for p in range(2, S) if all(p % k for k in range(2, p))]
    steps = [s for s in range(1, n) if s * (S - 1) < n and all(s % p for p in primes)]
    composite = any(S % p == 0 for p in primes)
    admissible = set()
    for s in steps:
        while s * (S - 1) < n:
            admissible.add(s)
            if not (powers and composite):
                break
            s *= S
    return sorted(admissible)


def _progressions(n: int, S: int, powers: bool = True) -> int:
    """Count progressions: shift j of step s leaves ceil((n-j)/s) neurons to cut into S-tuples."""
    return sum(
        -(-(n - shift) // step) // S
        for step in _admissible_steps(n, S, powers)
        for shift in range(step)
    )


@claim(
    "capacities.prime-steps",
    "Prime steps hold as many circuits as published: over admissible steps and shifts, the "
    "progressions that fit end to end.",
    tier="algebra",
    formula=r"T = \sum_s \sum_{j<s} \left\lfloor \lceil (n-j)/s \rceil / S \right\rfloor",
    source="[C2], [R]; notes#allocations",
    expected="established",
    rival="the same count without the steps s·S^k that a composite S admits",
)
def _prime_step_capacity(run: Run) -> Evidence:
    points = []
    for n, row in _PUBLISHED_CAPACITY.items():
        for S, published in row.items():
            held = float(len(allocation.prime_step_family(n, S)))
            rival = float(_progressions(n, S, powers=False))
            points.append(Point(S, held, published, rival=rival, series=f"n = {n}, published"))
            counted = float(_progressions(n, S))
            points.append(Point(S, held, counted, rival=rival, series=f"n = {n}, counted"))
    return Evidence(points, "S", "circuits", log_y=True)


@claim(
    "capacities.rate",
    "At fixed S the capacity of prime steps and of lines grows like n^2; the fitted prefactor is "
    "below that of the pair count.",
    tier="science",
    formula=r"T(n) \propto n^2",
    source="pair count; notes#capacity",
    regime="S = 6, n = 125 to 4000",
    expected="established",
    rival="n^(3/2)",
)
def _capacity_rate(run: Run) -> Evidence:
    widths, S = [125, 250, 500, 1000, 2000, 4000], 6
    rate, points, notes = theory.DISJOINT_PAIRS, [], []
    prime = [allocation.prime_step_capacity(n, S) for n in widths]
    fields = [largest_prime(n // S) ** 2 for n in widths]
    for i, (name, held) in enumerate((("prime steps", prime), ("lines", fields))):
        fit = theory.fit_rate(rate, widths, held)
        exponent = 2 * fit.exponent
        points.append(Point(i, exponent, 2, rival=1.5, series=f"{name}: exponent"))
        points.append(
            Point(
                i, fit.prefactor, 1 / (S * (S - 1)), series=f"{name}: prefactor", relation="at most"
            )
        )
        notes.append(f"{name}: T = {fit.prefactor:.4f}·n^2, exponent {exponent:.3f}")
    return Evidence(points, "family", "exponent, prefactor", tolerance=0.05, note="; ".join(notes))
