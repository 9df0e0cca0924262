"""Claims derived from first principles, with sympy or by listing cases, against the coded formulas.

A symbolic derivation starts from definitions and ends in an expression that is evaluated exactly at
random rational points, where the coded formula has to give the same number: a typo in either is
found. sympy is imported when a derivation runs.
"""

from fractions import Fraction
from itertools import product
from math import prod

from ... import theory
from ._evidence import Evidence, Point
from ._registry import claim, Run
from ._symbolic import compare, draw_scaled, draw_sizes, symbols


def _general_mse(z, T, a, trace, trace_square, total, total_square):
    """Return MSE(a) from tr G, tr G^2, 1'G1, 1'G^2 1, by expanding (I - aG)^2."""
    q = (z - 1) / (T - 1)
    own = T - 2 * a * trace + a**2 * trace_square
    joint = T - 2 * a * total + a**2 * total_square
    return z / T * ((1 - q) * own + q * joint)


def _square_of_cosine(D):
    """Return E<v, w>^2 of random unit vectors: the density of a cosine is (1-x^2)^((D-3)/2)."""
    import sympy

    def moment(power):
        # The integral of x^power (1-x^2)^((D-3)/2) over -1..1 is a beta function.
        return (
            sympy.gamma(sympy.Rational(power + 1, 2))
            * sympy.gamma((D - 1) / 2)
            / sympy.gamma(sympy.Rational(power + 1, 2) + (D - 1) / 2)
        )

    return sympy.gammasimp(moment(2) / moment(0))


def _random_mse():
    """Return MSE(a) of random unit vectors from the moments of their Gram matrix."""
    z, T, D, a = symbols("z T D a")
    square = _square_of_cosine(D)
    pairs = T * (T - 1)
    # tr G = T and E 1'G1 = T. In E 1'G^2 1 a term <i,j><j,k> with i ≠ k vanishes: some vector
    # stands in it once. What is left is E tr G^2.
    trace_square = T + pairs * square
    return _general_mse(z, T, a, T, trace_square, T, trace_square)


@claim(
    "derivations.random-embedding",
    "The error of random unit vectors, from the distribution of a cosine on the sphere.",
    tier="algebra",
    formula=r"\mathrm{E}\langle v, w\rangle^2 = \frac{\int x^2 (1-x^2)^{(D-3)/2} dx}"
    r"{\int (1-x^2)^{(D-3)/2} dx} = \frac{1}{D}",
    source="derived; the leading order is [M]'s",
    expected="established",
    rival="T/D in place of (T-1)/D",
)
def _random_embedding(run: Run) -> Evidence:
    points = compare(
        run,
        _random_mse(),
        theory.random_embedding_mse,
        lambda T, D, z, a: z * ((1 - a) ** 2 + a**2 * T / D),
        draw_scaled,
        "MSE(a)",
    )
    return Evidence(points, "random point", "coded formula", tolerance=1e-12)


@claim(
    "derivations.best-scale",
    "The best scale and the least error of random unit vectors, from d MSE/da = 0.",
    tier="algebra",
    formula=r"a = \frac{D}{D+T-1}, \quad \min_a \mathrm{MSE} = \frac{z (T-1)}{D+T-1}",
    source="derived; [M] has the leading order",
    expected="established",
    rival="[M]'s leading orders D/(T+D) and z T/(T+D)",
)
def _best_scale(run: Run) -> Evidence:
    import sympy

    a, form = sympy.Symbol("a", positive=True), _random_mse()
    (best,) = sympy.solve(sympy.diff(form, a), a)
    least = sympy.simplify(form.subs(a, best))
    points = compare(
        run,
        best,
        lambda T, D, z: theory.random_embedding_scale(T, D),
        lambda T, D, z: D / (T + D),
        draw_sizes,
        "scale",
    )
    points += compare(
        run,
        least,
        theory.random_embedding_best_mse,
        theory.random_embedding_leading_mse,
        draw_sizes,
        "least error",
    )
    return Evidence(points, "random point", "coded formula", tolerance=1e-12)


@claim(
    "derivations.shared-neurons",
    "The error of k features per neuron, from hypergeometric counts of how many of them are active.",
    tier="algebra",
    formula=r"\mathrm{MSE} = z\,\mathrm{E}(1 - a(1+K))^2 + (T-z)\,\mathrm{E}(a K')^2",
    source="derived; [M] leaves co-activation out",
    expected="established",
    rival="[M]'s form without co-activation",
)
def _shared_neurons(run: Run) -> Evidence:
    z, T, k, a = symbols("z T k a")

    def moments(size, marked, drawn):
        """Return E K and E K^2 of a hypergeometric count, from factorial moments."""
        first = drawn * marked / size
        second = drawn * (drawn - 1) * marked * (marked - 1) / (size * (size - 1))
        return first, second + first

    # Beside an active feature: z-1 more among T-1, of which k-1 share its neuron; else z.
    one, two = moments(T - 1, k - 1, z - 1)
    rest = moments(T - 1, k - 1, z)[1]
    active = 1 - 2 * a * (1 + one) + a**2 * (1 + 2 * one + two)
    derived = z * active + (T - z) * a**2 * rest

    def draw(rng):
        k, neurons = int(rng.integers(2, 9)), int(rng.integers(4, 30))
        return {
            "T": k * neurons,
            "k": k,
            "z": int(rng.integers(2, 5)),
            "a": float(Fraction(int(rng.integers(1, 16)), 16)),
        }

    points = compare(
        run,
        derived,
        lambda T, k, z, a: theory.shared_mse([k] * (T // k), z, a),
        lambda T, k, z, a: theory.shared_published_mse(T, T // k, z, a),
        draw,
        "MSE(a)",
    )
    at_best = derived.subs(a, 1 / k)
    points += compare(
        run,
        at_best,
        lambda T, k, z, a: theory.linear_mse_bound(T, T // k, z),
        lambda T, k, z, a: z * (1 - 1 / k),
        draw,
        "a = 1/k: the bound",
    )
    return Evidence(points, "random point", "coded formula", tolerance=1e-12)


@claim(
    "derivations.gate-factor",
    "The power that an active rotation hands on is 1 + 2(1+b)^2, integrated over its direction.",
    tier="algebra",
    formula=r"\frac{1}{2\pi}\int_0^{2\pi} \left|(\cos\theta, \sin\theta) + (1+b)(1,1)\right|^2 "
    r"d\theta = 1 + 2(1+b)^2",
    source="[R] for b = 1; derived",
    expected="established",
    rival="9, which is right for b = 1 only",
)
def _gate_factor(run: Run) -> Evidence:
    import sympy

    b, angle = sympy.Symbol("b", positive=True), sympy.Symbol("theta", real=True)
    power = (sympy.cos(angle) + 1 + b) ** 2 + (sympy.sin(angle) + 1 + b) ** 2
    derived = sympy.simplify(sympy.integrate(power, (angle, 0, 2 * sympy.pi)) / (2 * sympy.pi))

    def draw(rng):
        return {"b": float(Fraction(int(rng.integers(1, 40)), 16) + Fraction(1, 64))}

    def coded(b):
        # Layer 1, z = 2 and e = 1 leave the factor alone.
        return theory.rotation_active_mse(1, 2, 1.0, 2, b)

    points = compare(run, derived, coded, lambda b: 9.0, draw, "factor")
    return Evidence(points, "random point", "coded formula", tolerance=1e-12)


@claim(
    "derivations.first-layer",
    "The mean square of an inactive indicator after layer 1: each active circuit uses one of its S "
    "neurons, with probability q = P/S each, or none; all cases counted.",
    tier="algebra",
    formula=r"\mathrm{E} K^2 = S\,p + S(S-1)\left(1 - 2 (1-q)^z + (1-2q)^z\right), \quad "
    r"p = 1 - (1-q)^z",
    source="derived in `theory.inactive_first_layer_mse`",
    regime="all (S+1)^z cases enumerated",
    expected="established",
    rival="z P/S^2 + z(z-1)(P/S)^2, which counts a neuron twice",
)
def _first_layer(run: Run) -> Evidence:
    points = []
    for S, z in ((3, 2), (6, 2), (4, 3), (6, 3), (3, 4), (6, 4)):
        for overlap in (Fraction(1, 7), Fraction(1, 2)):
            q = overlap / S
            # Neuron 0..S-1, or S for none of them.
            chances = [q] * S + [1 - S * q]
            mean = sum(
                prod((chances[hit] for hit in hits), start=Fraction(1)) * len(set(hits) - {S}) ** 2
                for hits in product(range(S + 1), repeat=z)
            )
            P = float(overlap)
            coded = theory.inactive_first_layer_mse(z, S, P)
            rival = z * P / S**2 + z * (z - 1) * (P / S) ** 2
            right = float(mean / S**2)
            points.append(Point(z, coded, right, rival=rival, series=f"S, P = {S}, {P:.2f}"))
    return Evidence(points, "z", "coded formula", tolerance=1e-12)


@claim(
    "derivations.even-loads",
    "Among all loads of a given sum equal ones have the least overlap rate, (T S/n - 1)/((T-1) S).",
    tier="algebra",
    formula=r"\min_{\sum r_i = T S} \frac{\sum r_i (r_i - 1)}{T (T-1) S^2}\ \mathrm{at}\ r_i = T S/n",
    source="notes#allocations (Lagrange)",
    expected="established",
    rival="rho itself, without the factor T/(T-1)",
)
def _even_loads(run: Run) -> Evidence:
    import sympy

    T, S, n = symbols("T S n")
    r, price = sympy.symbols("r price")
    # Stationary for every neuron alike: 2r - 1 = price, so all loads are equal.
    (load,) = sympy.solve(sympy.diff(r * (r - 1) - price * r, r), r)
    (multiplier,) = sympy.solve(n * load - T * S, price)
    equal = load.subs(price, multiplier)
    derived = sympy.simplify(n * equal * (equal - 1) / (T * (T - 1) * S**2))

    def draw(rng):
        n = int(rng.integers(20, 400))
        return {"n": n, "S": int(rng.integers(2, 11)), "T": n + int(rng.integers(1, 1000))}

    points = compare(
        run,
        derived,
        theory.overlap_rate_lower_bound,
        lambda n, S, T: theory.overlap_rate_published(1, n, S, T),
        draw,
        "e",
    )
    points += compare(
        run,
        derived * S**2,
        theory.mean_overlap_even,
        lambda n, S, T: S * S / n,
        draw,
        "mean overlap",
    )
    return Evidence(points, "random point", "coded formula", tolerance=1e-12)
