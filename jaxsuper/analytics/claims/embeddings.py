"""Claims about linear feature embeddings: expected errors and their bounds (notes#embeddings)."""

import jax
import numpy as np

from ... import features, theory
from ._evidence import Evidence, Point
from ._measured import exact_error, some_embeddings
from ._registry import claim, Run


@claim(
    "embeddings.any-gram-matrix",
    "The error of any embedding and scale follows from its Gram matrix.",
    formula=r"\mathrm{MSE}(a) = \frac{z}{T}\left[(1-q)\,\mathrm{tr}(I - aG)^2 + "
    r"q\,\mathbf{1}'(I - aG)^2\mathbf{1}\right],\ q = \frac{z-1}{T-1}",
    source="notes#embeddings",
    regime="all inputs enumerated; T = 14, D = 5",
    expected="holds",
    rival="q = z/T, as if features were independent",
)
def _any_gram_matrix(run: Run) -> Evidence:
    points, T = [], 14
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


def _draws(run: Run, T: int, D: int, name: str) -> list[features.Embedding]:
    """Return independent random embeddings; small ones vary more and cost less, so more of them."""
    count = max(run.choose(40, 300), run.choose(4_000, 40_000) // T)
    keys = jax.random.split(run.key(name), count)
    stack = jax.jit(jax.vmap(lambda k: features.random_unit(T, D, key=k).vectors))(keys)
    return [features.Embedding(vectors) for vectors in np.asarray(stack)]


def _average(draws: list[features.Embedding], z: int, a: float) -> tuple[float, float, int]:
    """Return the mean error over draws at scale a, its standard error and degrees of freedom."""
    found = [features.linear_mse(one, features.scaled(one, a), z) for one in draws]
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(draws) ** 0.5), len(draws) - 1


_SIZES = ((8, 3), (20, 5), (60, 20), (60, 50), (300, 100))


@claim(
    "embeddings.random",
    "The error of random unit vectors, averaged over their draw, is exact for finite T and D.",
    formula=r"\mathrm{MSE}(a) = z\left[(1-a)^2 + a^2\,\frac{T-1}{D}\right]",
    source="[M] to leading order; notes#embeddings",
    expected="holds",
    rival="[M]'s leading order, T/D in place of (T-1)/D",
)
def _random(run: Run) -> Evidence:
    points = []
    for T, D in run.choose(_SIZES[:4], _SIZES):
        draws, a = _draws(run, T, D, f"random {T} {D}"), theory.random_embedding_scale(T, D)
        for z in (1, 4):
            measured, error, freedom = _average(draws, z, a)
            rival = z * ((1 - a) ** 2 + a**2 * T / D)
            points.append(
                Point(
                    T,
                    measured,
                    theory.random_embedding_mse(T, D, z, a),
                    error,
                    rival,
                    freedom,
                    f"z = {z}",
                )
            )
    return Evidence(points, "T", "E|x - aGx|^2", log_x=True, log_y=True)


@claim(
    "embeddings.random-best-scale",
    "Random unit vectors are best read out with a = D/(D+T-1) and then have the error "
    "z(T-1)/(D+T-1).",
    formula=r"a = \frac{D}{D+T-1}, \quad \mathrm{MSE} = \frac{z(T-1)}{D+T-1}",
    source="notes#embeddings",
    expected="holds",
    rival="a = D/T, the best scale of a tight frame",
)
def _random_best_scale(run: Run) -> Evidence:
    points, z = [], 3
    for T, D in _SIZES[1:4]:
        draws, cross, power = _draws(run, T, D, f"scale {T} {D}"), [], []
        for one in draws:
            half, full = (features.linear_mse(one, features.scaled(one, a), z) for a in (0.5, 1.0))
            # MSE(a) = z - 2 c a + p a^2, from its values at 0, 1/2 and 1.
            cross.append((full - 4 * half + 3 * z) / 2)
            power.append(full - z + 2 * cross[-1])
        c, p = np.array(cross), np.array(power)
        best = c.mean() / p.mean()
        error = (c - best * p).std(ddof=1) / p.mean() / len(c) ** 0.5
        points.append(
            Point(
                T / D,
                float(best),
                theory.random_embedding_scale(T, D),
                float(error),
                D / T,
                len(c) - 1,
                "scale",
            )
        )
        least = z - 2 * c * best + p * best**2
        points.append(
            Point(
                T / D,
                float(least.mean()),
                theory.random_embedding_best_mse(T, D, z),
                float(least.std(ddof=1) / len(c) ** 0.5),
                None,
                len(c) - 1,
                "least error",
            )
        )
    return Evidence(points, "T/D", "best scale, least error")


@claim(
    "embeddings.random-leading-order",
    "[M]'s leading order z T/(T+D) is within 1 % of the error of random unit vectors.",
    formula=r"\mathrm{MSE} \to \frac{z T}{T + D}",
    source="[M]; notes#embeddings",
    regime="large T: D/(T (T+D)) below 1 %",
    expected="holds in regime",
    rival="z (1 - D/T), the error of shared neurons",
)
def _random_leading_order(run: Run) -> Evidence:
    points, z = [], 2
    sizes = ((6, 3), (12, 6), (60, 30), (200, 100), (800, 400))
    for T, D in run.choose(sizes[:4], sizes):
        a = theory.random_embedding_scale(T, D)
        measured, error, freedom = _average(_draws(run, T, D, f"leading {T}"), z, a)
        points.append(
            Point(
                1 / T,
                measured,
                theory.random_embedding_leading_mse(T, D, z),
                error,
                z * (1 - D / T),
                freedom,
                "D = T/2",
            )
        )
    return Evidence(points, "1/T", "E|x - aGx|^2", tolerance=0.01, regime=True, log_x=True)


def _dedicated_points(swap: bool) -> list[Point]:
    points = []
    for T, D in ((20, 5), (16, 12), (24, 4), (18, 9)):
        embedding = features.one_per_neuron(T, D)
        for z in (1, 2, 3):
            measured = exact_error(embedding, features.scaled(embedding, 1.0), z)
            said = theory.dedicated_mse(T, D, z), theory.dedicated_published_mse(T, D, z)
            said = said[::-1] if swap else said
            points.append(Point(T / D, measured, said[0], rival=said[1], series=f"z = {z}"))
    return points


@claim(
    "embeddings.dedicated",
    "One feature per neuron and the rest dropped: the error is z(T-D)/T.",
    formula=r"\mathrm{MSE} = z\,\frac{T-D}{T}",
    source="[M2]; notes#embeddings",
    expected="holds",
    rival="z(T-D)/D, as printed in [M]",
)
def _dedicated(run: Run) -> Evidence:
    return Evidence(_dedicated_points(False), "T/D", "E|x - y|^2", tolerance=1e-6, log_y=True)


@claim(
    "embeddings.dedicated-as-printed",
    "One feature per neuron and the rest dropped: the error is z(T-D)/D.",
    formula=r"\mathrm{MSE} = z\,\frac{T-D}{D}",
    source="[M]; notes#embeddings",
    expected="refuted",
    rival="z(T-D)/T (to be confirmed)",
)
def _dedicated_as_printed(run: Run) -> Evidence:
    note = "For T > 2D it exceeds z, the error of reading out nothing at all."
    points = _dedicated_points(True)
    return Evidence(points, "T/D", "E|x - y|^2", tolerance=1e-6, log_y=True, note=note)


@claim(
    "embeddings.shared",
    "k features per neuron, read out with 1/k: the error is z(1-q)(1 - D/T), exactly.",
    formula=r"\mathrm{MSE} = z\,(1-q)\left(1 - \frac{D}{T}\right)",
    source="notes#embeddings",
    expected="holds",
    rival="[M]'s z(1 - D/T), without co-activation",
)
def _shared(run: Run) -> Evidence:
    points = []
    for T, D in ((12, 4), (20, 5), (18, 9)):
        embedding = features.shared_neurons(T, D)
        for z in (2, 3, 4):
            measured = exact_error(embedding, features.scaled(embedding, D / T), z)
            right = theory.shared_mse([T // D] * D, z, D / T)
            points.append(
                Point(z, measured, right, rival=z * (1 - D / T), series=f"T, D = {T}, {D}")
            )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-4)


@claim(
    "embeddings.shared-as-published",
    "k = T/D features per neuron: z[(1-a)^2 + (T/D-1) a^2], best z(1 - D/T) at a = D/T.",
    formula=r"\mathrm{MSE} = z\left[(1-a)^2 + \left(\frac{T}{D} - 1\right) a^2\right]",
    source="[M]; notes#embeddings",
    regime="z = 1, where no two features are active",
    expected="holds in regime",
    rival="z(1 - D/T)/2",
)
def _shared_as_published(run: Run) -> Evidence:
    points = []
    for T, D in ((12, 4), (20, 5)):
        embedding = features.shared_neurons(T, D)
        for z in (1, 2, 3, 4):
            for a in (D / T, 0.5):
                measured = exact_error(embedding, features.scaled(embedding, a), z)
                said = theory.shared_published_mse(T, D, z, a)
                points.append(
                    Point(z, measured, said, rival=said / 2, series=f"T = {T}, a = {a:.2f}")
                )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-4, regime=True)


@claim(
    "embeddings.tight-frame",
    "Unit-norm tight frames at a = D/T have the error z(1 - D/T) but for a term in q that depends on "
    "the sum of their vectors.",
    formula=r"\mathrm{MSE} = \frac{z}{T}\left[(1-q)(T-D) + q\left(T - \frac{D}{T} "
    r"\left|\sum_i v_i\right|^2\right)\right]",
    source="notes#embeddings",
    expected="holds",
    rival="the error of random unit vectors at their best scale",
)
def _tight_frame(run: Run) -> Evidence:
    points = []
    for T, D in ((14, 5), (20, 8)):
        for draw in range(3):
            key = jax.random.fold_in(run.key("tight"), draw)
            embedding = features.tight_frame(T, D, key=key)
            total = float((np.asarray(embedding.vectors, np.float64).sum(axis=0) ** 2).sum())
            for z in (1, 2, 4):
                measured = exact_error(embedding, features.scaled(embedding, D / T), z)
                said = theory.tight_frame_mse(T, D, z, total)
                rival = theory.random_embedding_best_mse(T, D, z)
                points.append(Point(z, measured, said, rival=rival, series=f"T, D = {T}, {D}"))
    return Evidence(points, "z", "E|x - aGx|^2", tolerance=2e-3)


@claim(
    "embeddings.tight-frame-order-q",
    "For tight frames z(1 - D/T) is right up to the order q.",
    formula=r"\left|\mathrm{MSE} - z\left(1 - \frac{D}{T}\right)\right| \leq z\,q",
    source="notes#embeddings",
    expected="holds",
    rival="it is right to a hundredth of that",
)
def _tight_order_q(run: Run) -> Evidence:
    points = []
    for T, D in ((14, 5), (20, 8)):
        for draw in range(3):
            key = jax.random.fold_in(run.key("tight"), draw)
            embedding = features.tight_frame(T, D, key=key)
            for z in (2, 4):
                measured = exact_error(embedding, features.scaled(embedding, D / T), z)
                q = theory.coactivation(T, z)
                gap = abs(measured - z * (1 - D / T)) / (z * q)
                points.append(
                    Point(z, gap, 1.0, rival=0.01, series=f"T, D = {T}, {D}", relation="at most")
                )
    return Evidence(points, "z", "|MSE - z(1 - D/T)| / (z q)")


@claim(
    "embeddings.orthogonality-is-not-optimal",
    "Almost orthogonal directions have the least error under a linear readout with one scale.",
    formula=r"\mathrm{MSE}_{\mathrm{random}} \leq \mathrm{MSE}_{\mathrm{shared}}",
    source="[M], a conjecture; notes#embeddings",
    expected="refuted",
    rival="shared neurons have less (to be confirmed)",
)
def _orthogonality(run: Run) -> Evidence:
    points, notes = [], []
    for T, D in ((60, 20), (300, 100), (1000, 100), (1000, 900)):
        for z in (1, 4):
            embedding = features.random_unit(T, D, key=run.key(f"orthogonal {T} {D}"))
            random = features.linear_mse(embedding, features.best_scale(embedding, z), z)
            shared = theory.linear_mse_bound(T, D, z)
            points.append(
                Point(
                    T / D,
                    random / shared,
                    1.0,
                    rival=1.0,
                    series=f"z = {z}",
                    relation="at most",
                    rival_relation="at least",
                )
            )
            notes.append(f"{random / shared:.3f}")
    note = f"Random over shared: {', '.join(notes)}."
    return Evidence(points, "T/D", "random / shared", log_x=True, note=note)


@claim(
    "embeddings.mse-hardly-prefers",
    "For T >> D the mean squared error hardly tells embeddings apart: at T/D = 10 random and shared "
    "are within 2 %.",
    formula=r"\frac{T/(T+D)}{1 - D/T} = \frac{1}{1 - (D/T)^2}",
    source="[M]; notes#embeddings",
    regime="T/D at least 10, z << T",
    expected="holds",
    rival="they differ by more than 5 %",
)
def _hardly_prefers(run: Run) -> Evidence:
    points = []
    for T, D in ((1000, 100), (2000, 100)):
        for z in (1, 4):
            embedding = features.random_unit(T, D, key=run.key(f"hardly {T}"))
            random = features.linear_mse(embedding, features.best_scale(embedding, z), z)
            points.append(
                Point(
                    T / D,
                    random / theory.linear_mse_bound(T, D, z),
                    1.02,
                    rival=1.05,
                    series=f"z = {z}",
                    relation="at most",
                    rival_relation="at least",
                )
            )
    return Evidence(points, "T/D", "random / shared")
