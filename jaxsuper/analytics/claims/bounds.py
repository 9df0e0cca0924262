"""Claims about what no embedding or readout can beat, and what attains it (notes#embeddings)."""

import jax
import jax.numpy as jnp
import numpy as np

from ... import features, theory
from ._evidence import Evidence, Point
from ._measured import all_inputs, exact_error, some_embeddings
from ._registry import claim, Run


@claim(
    "bounds.shared-neurons-attain",
    "Shared neurons attain the least error of all rank-D reconstructions, also where D does not "
    "divide T.",
    formula=r"\min_{\mathrm{rank}\,D} \mathrm{MSE} = z\,(1-q)\left(1 - \frac{D}{T}\right)",
    source="notes#embeddings",
    expected="holds",
    rival="one scale D/T for all neurons, where their loads differ",
)
def _shared_attains(run: Run) -> Evidence:
    points = []
    for T, D in ((13, 4), (17, 5), (20, 5), (14, 9)):
        embedding = features.shared_neurons(T, D)
        for z in (1, 2, 3):
            measured = exact_error(embedding, features.best_feature_scales(embedding, z), z)
            bound = theory.linear_mse_bound(T, D, z)
            loads = np.asarray((embedding.vectors != 0).sum(axis=0))
            rival = theory.shared_mse(loads, z, D / T) if T % D else None
            points.append(Point(z, measured, bound, rival=rival, series=f"T, D = {T}, {D}"))
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-4)


@claim(
    "bounds.rank",
    "No linear readout of any embedding has less error than z(1-q)(1 - D/T), its least-squares "
    "readout included.",
    formula=r"\mathrm{MSE} \geq z\,(1-q)\left(1 - \frac{D}{T}\right) = "
    r"(T-D)\,\frac{z (T-z)}{T (T-1)}",
    source="notes#embeddings (Eckart and Young)",
    expected="holds",
    rival="at least 5 % above that",
)
def _rank_bound(run: Run) -> Evidence:
    points = []
    for T, D in ((14, 5), (60, 20)):
        for name, embedding in some_embeddings(T, D, run.key("bound")).items():
            for z in (1, 2, 4):
                bound = theory.linear_mse_bound(T, D, z)
                for kind, readout in (
                    ("one scale", features.best_scale(embedding, z)),
                    ("least squares", features.least_squares(embedding, z)),
                ):
                    measured = features.linear_mse(embedding, readout, z)
                    points.append(
                        Point(
                            z,
                            measured,
                            bound,
                            rival=1.05 * bound,
                            series=f"{name}, {kind}",
                            relation="at least",
                        )
                    )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-5)


@claim(
    "bounds.any-encoder",
    "The bound also holds for encoders that are not linear: the best D numbers per input and the best "
    "linear readout of them are the singular vectors of the table of all inputs.",
    formula=r"\min_{h(x),\,W} \mathrm{E}|x - W h(x)|^2 = (T-D)\,\frac{z (T-z)}{T (T-1)}",
    source="notes#embeddings (Eckart and Young)",
    regime="all inputs enumerated",
    expected="holds",
    rival="half of it: a free encoder could do better than a linear one",
)
def _any_encoder(run: Run) -> Evidence:
    points = []
    for T, z in ((8, 2), (10, 3), (12, 4), (12, 2)):
        table = all_inputs(T, z)
        values = np.linalg.svd(table, compute_uv=False)
        for D in (2, T // 2):
            measured = float((values[D:] ** 2).sum() / len(table))
            bound = theory.linear_mse_bound(T, D, z)
            points.append(Point(z, measured, bound, rival=bound / 2, series=f"T, D = {T}, {D}"))
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-9)


@claim(
    "bounds.one-active",
    "With one active feature every embedding of rank D reaches z(1 - D/T) with its least-squares "
    "readout: what [M2] suspects.",
    formula=r"z = 1: \quad \min_W \mathrm{MSE} = 1 - \frac{D}{T}",
    source="[M2] as an open suspicion; notes#embeddings",
    expected="holds",
    rival="with one scale for all features",
)
def _equal_at_one(run: Run) -> Evidence:
    points = []
    for T, D in ((14, 5), (60, 20), (9, 8)):
        key = run.key("equal")
        kinds = some_embeddings(T, D, key)
        scales = jnp.exp(jax.random.normal(key, (T, 1)))
        kinds["unequal norms"] = features.Embedding(kinds["random"].vectors * scales)
        for name, embedding in kinds.items():
            measured = features.linear_mse(embedding, features.least_squares(embedding, 1), 1)
            one = features.linear_mse(embedding, features.best_scale(embedding, 1), 1)
            points.append(
                Point(
                    D / T,
                    measured,
                    1 - D / T,
                    rival=one if name in ("random", "unequal norms") else None,
                    series=name,
                )
            )
    return Evidence(points, "D/T", "E|x - y|^2", tolerance=1e-5)


@claim(
    "bounds.welch",
    "The largest overlap of T unit vectors is at least sqrt((T-D)/(D(T-1))); simplex, cross "
    "polytope's halves and equiangular lines attain it.",
    formula=r"\max_{i \neq j} |\langle v_i, v_j\rangle| \geq \sqrt{\frac{T-D}{D (T-1)}}",
    source="Welch (1974); notes#overlaps",
    expected="holds",
    rival="at least 1 % above that",
)
def _welch(run: Run) -> Evidence:
    points, key = [], run.key("welch")
    cases = {
        "simplex": features.simplex(7),
        "equiangular": features.equiangular(6, 3),
        "polygon": features.polygon(5),
        "cross polytope": features.cross_polytope(5),
        "tight": features.tight_frame(30, 12, key=key),
        "random": features.random_unit(200, 30, key=key),
    }
    for name, embedding in cases.items():
        T, D = embedding.n_features, embedding.width
        bound = theory.welch_bound(T, D)
        points.append(
            Point(
                T / D,
                features.max_overlap(embedding.vectors),
                bound,
                rival=1.01 * bound,
                series=name,
                relation="at least",
            )
        )
    return Evidence(points, "T/D", "largest overlap", tolerance=1e-5)


@claim(
    "bounds.mean-square-overlap",
    "The mean square of the overlaps is at least (T-D)/(D(T-1)), with equality for tight frames only.",
    formula=r"\mathrm{E}_{i \neq j} \langle v_i, v_j\rangle^2 \geq \frac{T-D}{D (T-1)}",
    source="Welch (1974); notes#overlaps",
    expected="holds",
    rival="1/D, the value of random vectors, also for tight frames",
)
def _mean_square(run: Run) -> Evidence:
    points, key = [], run.key("mean square")
    for T, D in ((20, 8), (60, 20), (200, 50)):
        frame = features.tight_frame(T, D, key=key)
        bound = theory.welch_mean_square(T, D)
        points.append(
            Point(
                T / D,
                features.mean_square_overlap(frame.vectors),
                bound,
                rival=1 / D,
                series="tight",
            )
        )
        random = features.mean_square_overlap(features.random_unit(T, D, key=key).vectors)
        points.append(Point(T / D, random, 1.02 * bound, series="random", relation="at least"))
    return Evidence(points, "T/D", "mean square overlap", tolerance=1e-3, log_y=True)


@claim(
    "bounds.readout-floor",
    "A readout whose product with the encoder has unit diagonal has the cross-talk T(T-D)/D at least; "
    "one that shrinks the diagonal is not bound by it.",
    formula=r"M_{ii} = 1: \quad \sum_{i \neq j} M_{ij}^2 \geq \frac{T (T-D)}{D}",
    source="[W]; notes#overlaps",
    expected="holds",
    rival="the floor also binds least-squares readouts, which shrink",
)
def _readout_floor(run: Run) -> Evidence:
    points, key = [], run.key("floor")
    for T, D in ((20, 8), (60, 20)):
        floor = theory.readout_floor(T, D)
        for name, embedding in (
            ("random", features.random_unit(T, D, key=key)),
            ("tight", features.tight_frame(T, D, key=key)),
        ):
            best = features.least_squares(embedding, 2)
            product = np.asarray(best.weights, np.float64) @ np.asarray(embedding.vectors).T
            shrunk = float((product**2).sum() - (np.diag(product) ** 2).sum())
            unit = product / np.diag(product)[:, None]
            cross = float((unit**2).sum() - T)
            points.append(
                Point(T, cross / floor, 1, series=f"{name}, unit diagonal", relation="at least")
            )
            points.append(
                Point(
                    T,
                    shrunk / floor,
                    1,
                    rival=1,
                    series=f"{name}, shrunk",
                    relation="at most",
                    rival_relation="at least",
                )
            )
    return Evidence(points, "T", "cross-talk / floor", tolerance=1e-6, log_y=True)
