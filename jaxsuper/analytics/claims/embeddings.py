"""Claims about the expected squared error of named linear embeddings (notes#embeddings)."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float

from ... import features, theory
from ._evidence import Evidence, Point
from ._measured import exact_error, some_embeddings
from ._registry import claim, Run


@claim(
    "embeddings.any-gram-matrix",
    "The error of any embedding and scale follows from its Gram matrix.",
    tier="algebra",
    formula=r"\mathrm{MSE}(a) = \frac{z}{T}\left[(1-q)\,\mathrm{tr}(I - aG)^2 + "
    r"q\,\mathbf{1}'(I - aG)^2\mathbf{1}\right],\ q = \frac{z-1}{T-1}",
    source="notes#embeddings",
    regime="all inputs enumerated; T = 15, D = 5",
    expected="established",
    rival="q = z/T, as if features were independent",
)
def _any_gram_matrix(run: Run) -> Evidence:
    points, T = [], 15
    for name, embedding in some_embeddings(T, 5, run.key("gram")).items():
        G = np.asarray(embedding.gram(), np.float64)
        for z in (2, 3, 5):
            for a in (0.3, 1.0):
                measured = exact_error(embedding, features.scaled(embedding, a), z)
                rest = np.eye(T) - a * G
                q = z / T
                rival = (1 - q) * (rest**2).sum() + q * (rest.sum(axis=0) ** 2).sum()
                points.append(
                    Point(
                        z,
                        measured,
                        theory.embedding_mse(G, a, z),
                        rival=z / T * float(rival),
                        series=f"{name}, a = {a:g}",
                    )
                )
    return Evidence(points, "z", "E|x - aGx|^2", tolerance=1e-4)


@dataclass(frozen=True)
class _Draws:
    """What the error of each of many random embeddings depends on: tr G, tr G^2, 1'G1, 1'G^2 1."""

    T: int
    trace: Float[np.ndarray, " n"]
    square: Float[np.ndarray, " n"]
    total: Float[np.ndarray, " n"]
    total_square: Float[np.ndarray, " n"]

    def terms(self, z: int) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return c and p of MSE(a) = z - 2 c a + p a^2; see `embeddings.any-gram-matrix`."""
        q = theory.coactivation(self.T, z)
        cross = z / self.T * ((1 - q) * self.trace + q * self.total)
        power = z / self.T * ((1 - q) * self.square + q * self.total_square)
        return cross, power

    def errors(self, z: int, a: float) -> Float[np.ndarray, " n"]:
        """Return MSE(a) of every draw."""
        cross, power = self.terms(z)
        return z - 2 * a * cross + a**2 * power


# Numbers in a stack of embeddings, which are drawn and reduced at once.
_AT_ONCE = 2**21


def _draws(run: Run, T: int, D: int) -> _Draws:
    """Return random unit vectors; small embeddings vary more and cost less, so more of them."""

    def draw() -> _Draws:
        at_once = max(_AT_ONCE // (T * D), 1)
        rounds = run.draws(1, 4) * max(1, T * D // 40_000)
        parts = []
        for key in jax.random.split(run.key(f"random {T} {D}"), rounds):
            # Vectors are independent: one draw of many is cut into embeddings.
            drawn = features.random_unit(at_once * T, D, key=key).vectors
            stack = np.asarray(drawn, np.float64).reshape(at_once, T, D)
            frames, sums = np.swapaxes(stack, 1, 2) @ stack, stack.sum(axis=1)
            parts.append(
                (
                    np.trace(frames, axis1=1, axis2=2),
                    (frames**2).sum(axis=(1, 2)),
                    (sums**2).sum(axis=1),
                    np.einsum("ni,nij,nj->n", sums, frames, sums, optimize=True),
                )
            )
        return _Draws(T, *(np.concatenate(column) for column in zip(*parts, strict=True)))

    return run.once(f"random embeddings {T} {D}", draw)


@claim(
    "embeddings.random",
    "The error of random unit vectors, averaged over their draw, at any scale and any T and D: the "
    "formula is exact, and tested to within 1 %.",
    tier="science",
    formula=r"\mathrm{MSE}(a) = z\left[(1-a)^2 + a^2\,\frac{T-1}{D}\right]",
    source="[M] to leading order; notes#embeddings",
    expected="established",
    rival="[M]'s leading order, T/D in place of (T-1)/D, at T = 8 and 20",
)
def _random(run: Run) -> Evidence:
    points = []
    for T, D in run.choose(((8, 3), (20, 5), (60, 20)), ((8, 3), (20, 5), (60, 20), (300, 100))):
        draws = _draws(run, T, D)
        for z in (1, 4):
            for a in (theory.random_embedding_scale(T, D), 1.0):
                said = theory.random_embedding_mse(T, D, z, a)
                # At the best scale, and for many features, the two are nearer than the tolerance.
                told_apart = T <= 20 and a == 1
                rival = z * ((1 - a) ** 2 + a**2 * T / D) if told_apart else None
                label = "a = 1" if a == 1 else "best a"
                points.append(
                    Point.from_draws(
                        T, draws.errors(z, a), said, rival=rival, series=f"z = {z}, {label}"
                    )
                )
    return Evidence(points, "T", "E|x - aGx|^2", tolerance=0.01, log_x=True, log_y=True)


@claim(
    "embeddings.random-best-scale",
    "Random unit vectors are best read out with a = D/(D+T-1) and then have the error "
    "z(T-1)/(D+T-1); tested to within 1 %.",
    tier="science",
    formula=r"a = \frac{D}{D+T-1}, \quad \mathrm{MSE} = \frac{z(T-1)}{D+T-1}",
    source="notes#embeddings",
    expected="established",
    rival="a = D/T, the best scale of a tight frame",
)
def _random_best_scale(run: Run) -> Evidence:
    points, z = [], 3
    for T, D in ((20, 5), (60, 20), (60, 50)):
        cross, power = _draws(run, T, D).terms(z)
        scale = theory.random_embedding_scale(T, D)
        best = Point.ratio(T / D, cross, power, scale, rival=D / T, series="scale")
        a = float(best.measured)
        least = z - 2 * a * cross + a**2 * power
        said = theory.random_embedding_best_mse(T, D, z)
        points += [best, Point.from_draws(T / D, least, said, series="least error")]
    return Evidence(points, "T/D", "best scale, least error", tolerance=0.01)


@claim(
    "embeddings.random-leading-order",
    "[M]'s leading order z T/(T+D) is within 1 % of the error of random unit vectors where D = T/2 and "
    "T is at least 35.",
    tier="science",
    formula=r"\mathrm{MSE} \to \frac{z T}{T + D}, \quad "
    r"\mathrm{too\ high\ by\ the\ part}\ \frac{D}{(T+D)(T-1)}",
    source="[M]; notes#embeddings",
    regime="1/T up to 1/35",
    expected="established in regime",
    rival="z (1 - D/T), the error of shared neurons",
)
def _random_leading_order(run: Run) -> Evidence:
    points, z = [], 2
    for T in run.choose((6, 18, 56, 200), (6, 12, 24, 50, 100, 200)):
        D = T // 2
        errors = _draws(run, T, D).errors(z, theory.random_embedding_scale(T, D))
        said = theory.random_embedding_leading_mse(T, D, z)
        rival = z * (1 - D / T)
        points.append(Point.from_draws(1 / T, errors, said, rival=rival, series="D = T/2"))
    return Evidence(
        points,
        "1/T",
        "E|x - aGx|^2",
        tolerance=0.01,
        boundary=(1 / 56, 1 / 18),
        log_x=True,
    )


@claim(
    "embeddings.random-are-not-optimal",
    "Random directions lose to shared neurons under a linear readout by 1/(1 - (D/T)^2), a factor of "
    "second order in D/T: 1 % at T = 10 D, 12 % at T = 3 D. MSE hardly tells embeddings apart.",
    tier="science",
    formula=r"\frac{\mathrm{MSE}_{\mathrm{random}}}{\mathrm{MSE}_{\mathrm{shared}}} = "
    r"\frac{1}{(1-q)\,(1 - (D/T)^2)}",
    source="[M], which says both in words; notes#embeddings",
    regime="within 1 %; T at least 60",
    expected="established",
    rival="the loss is of first order, 1/(1 - D/T)",
)
def _random_not_optimal(run: Run) -> Evidence:
    points = []
    for T, D in ((60, 20), (200, 150), (300, 30)):
        draws, a = _draws(run, T, D), theory.random_embedding_scale(T, D)
        shared = features.shared_neurons(T, D)
        for z in (1, 2):
            scales = features.best_feature_scales(shared, z)
            ratios = draws.errors(z, a) / features.linear_mse(shared, scales, z)
            lost = 1 - theory.coactivation(T, z)
            points.append(
                Point.from_draws(
                    T / D,
                    ratios,
                    1 / (lost * (1 - (D / T) ** 2)),
                    rival=1 / (lost * (1 - D / T)),
                    series=f"z = {z}",
                )
            )
    return Evidence(points, "T/D", "random / shared", tolerance=0.01, log_x=True, log_y=True)


@claim(
    "embeddings.almost-orthogonal-and-optimal",
    "Almost orthogonal directions can be optimal too: harmonic frames with a constant coordinate tie "
    "with shared neurons for the least error of all linear readouts, at every z, with overlaps below "
    "those of random directions. MSE prefers neither.",
    tier="science",
    formula=r"\mathrm{MSE} = z\,(1-q)\left(1 - \frac{D}{T}\right), \quad "
    r"\max_{i \neq j} |\langle v_i, v_j\rangle| \leq \mathrm{that\ of\ random\ vectors}",
    source="[M], a conjecture; the frames are ours; notes#embeddings",
    expected="established",
    rival="without the constant coordinate, a tight frame all the same, it is optimal",
)
def _harmonic(run: Run) -> Evidence:
    points = []
    for T, D in ((31, 11), (301, 101), (1009, 901)):
        frame = features.harmonic_frame(T, D, key=run.key(f"harmonic {T}"))
        rest = np.asarray(frame.vectors)[:, 1:] * (D / (D - 1)) ** 0.5
        without = features.Embedding(rest)
        for z in (1, 2, 4):
            said = theory.linear_mse_bound(T, D, z)
            readout = features.scaled(frame, D / T)
            measured = features.linear_mse(frame, readout, z)
            if T == 31:
                measured = exact_error(frame, readout, z)
            other = features.linear_mse(without, features.scaled(without, (D - 1) / T), z)
            # Its own bound, of D - 1 neurons, is reached by it at z = 1.
            rival = said * other / theory.linear_mse_bound(T, D - 1, z) if z > 1 else None
            points.append(Point(z, measured, said, rival=rival, series=f"T, D = {T}, {D}: error"))
        largest = features.max_overlap(frame.vectors)
        typical = theory.random_max_overlap_median(T, D)
        series = f"T, D = {T}, {D}: overlap"
        points.append(Point(0, largest, typical, series=series, relation="at most"))
    return Evidence(points, "z", "E|x - y|^2, largest overlap", tolerance=1e-4, log_y=True)


@claim(
    "embeddings.tight-frame",
    "Unit-norm tight frames at a = D/T have the error z(1 - D/T) but for a term in q that depends on "
    "the sum of their vectors.",
    tier="algebra",
    formula=r"\mathrm{MSE} = \frac{z}{T}\left[(1-q)(T-D) + q\left(T - \frac{D}{T} "
    r"\left|\sum_i v_i\right|^2\right)\right]",
    source="notes#embeddings",
    regime="all inputs enumerated",
    expected="established",
    rival="z(1 - D/T), its mean over frames with random signs",
)
def _tight_frame(run: Run) -> Evidence:
    points = []
    for T, D in ((15, 5), (20, 8)):
        for draw in range(3):
            key = jax.random.fold_in(run.key("tight"), draw)
            embedding = features.tight_frame(T, D, key=key)
            total = float((np.asarray(embedding.vectors, np.float64).sum(axis=0) ** 2).sum())
            for z in (1, 2, 4):
                measured = exact_error(embedding, features.scaled(embedding, D / T), z)
                said = theory.tight_frame_mse(T, D, z, total)
                rival = z * (1 - D / T) if z == 4 else None
                points.append(Point(z, measured, said, rival=rival, series=f"T, D = {T}, {D}"))
    return Evidence(points, "z", "E|x - aGx|^2", tolerance=1e-4)
