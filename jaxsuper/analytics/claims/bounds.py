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
    tier="algebra",
    formula=r"\min_{\mathrm{rank}\,D} \mathrm{MSE} = z\,(1-q)\left(1 - \frac{D}{T}\right)",
    source="notes#embeddings",
    regime="all inputs enumerated",
    expected="established",
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
    "readout included; shared neurons and harmonic frames have no more.",
    tier="inequality",
    formula=r"\mathrm{MSE} \geq z\,(1-q)\left(1 - \frac{D}{T}\right) = "
    r"(T-D)\,\frac{z (T-z)}{T (T-1)}",
    source="notes#embeddings (Eckart and Young)",
    expected="established",
    rival="at least 1 % above that, told apart where the bound is attained",
)
def _rank_bound(run: Run) -> Evidence:
    points = []
    for T, D in ((15, 5), (60, 20)):
        key = run.key("bound")
        kinds = some_embeddings(T, D, key)
        kinds["harmonic"] = features.harmonic_frame(T, D, key=key)
        for name, embedding in kinds.items():
            for z in (1, 2, 4):
                bound = theory.linear_mse_bound(T, D, z)
                for kind, readout in (
                    ("one scale", features.best_scale(embedding, z)),
                    ("least squares", features.least_squares(embedding, z)),
                ):
                    measured = features.linear_mse(embedding, readout, z)
                    attains = name in ("shared", "harmonic")
                    points.append(
                        Point(
                            z,
                            measured,
                            bound,
                            rival=1.01 * bound if attains else None,
                            series=f"{name}, {kind}",
                            relation="at least",
                        )
                    )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-5)


@claim(
    "bounds.any-encoder",
    "The bound also holds for encoders that are not linear: the best D numbers per input and the best "
    "linear readout of them are the singular vectors of the table of all inputs.",
    tier="algebra",
    formula=r"\min_{h(x),\,W} \mathrm{E}|x - W h(x)|^2 = (T-D)\,\frac{z (T-z)}{T (T-1)}",
    source="notes#embeddings (Eckart and Young)",
    regime="all inputs enumerated",
    expected="established",
    rival="without the factor 1 - q: z (1 - D/T)",
)
def _any_encoder(run: Run) -> Evidence:
    points = []
    for T, z in ((8, 2), (10, 3), (12, 4), (12, 2)):
        table = all_inputs(T, z)
        values = np.linalg.svd(table, compute_uv=False)
        for D in (2, T // 2):
            measured = float((values[D:] ** 2).sum() / len(table))
            bound = theory.linear_mse_bound(T, D, z)
            rival = z * (1 - D / T)
            points.append(Point(z, measured, bound, rival=rival, series=f"T, D = {T}, {D}"))
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-9)


@claim(
    "bounds.one-active",
    "With one active feature every embedding of rank D reaches z(1 - D/T) with its least-squares "
    "readout: what [M2] suspects.",
    tier="algebra",
    formula=r"z = 1: \quad \min_W \mathrm{MSE} = 1 - \frac{D}{T}",
    source="[M2] as an open suspicion; notes#embeddings",
    expected="established",
    rival="with one scale for all features",
)
def _equal_at_one(run: Run) -> Evidence:
    points = []
    for T, D in ((15, 5), (60, 20)):
        key = run.key("equal")
        kinds = some_embeddings(T, D, key)
        scales = jnp.exp(jax.random.normal(key, (T, 1)))
        kinds["unequal norms"] = features.Embedding(kinds["random"].vectors * scales)
        for name, embedding in kinds.items():
            measured = features.linear_mse(embedding, features.least_squares(embedding, 1), 1)
            scaled = features.linear_mse(embedding, features.best_scale(embedding, 1), 1)
            points.append(
                Point(
                    D / T,
                    measured,
                    1 - D / T,
                    rival=scaled if name in ("random", "unequal norms") else None,
                    series=name,
                )
            )
    return Evidence(points, "D/T", "E|x - y|^2", tolerance=1e-5)


def _fitted_error(embedding: features.Embedding, z: int, bias: bool) -> float:
    """Return the error of the least-squares readout, by regression over every single input."""
    inputs = all_inputs(embedding.n_features, z)
    hidden = inputs @ np.asarray(embedding.vectors, np.float64)
    if bias:
        hidden = np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)
    # Vectors come in float32: directions below its rounding are not there.
    weights = np.linalg.lstsq(hidden, inputs, rcond=1e-6)[0]
    return float(((inputs - hidden @ weights) ** 2).sum(axis=1).mean())


_WITH_ONE = ("shared", "harmonic")


def _kinds(run: Run, T: int, D: int) -> dict[str, features.Embedding]:
    key = run.key("range")
    kinds = some_embeddings(T, D, key)
    kinds["harmonic"] = features.harmonic_frame(T, D, key=key)
    centred = np.asarray(kinds["random"].vectors)
    kinds["orthogonal to 1"] = features.Embedding(centred - centred.mean(axis=0))
    return kinds


@claim(
    "bounds.optimal-range",
    "What a linear readout loses depends on the embedding through the share s of the vector 1 in the "
    "range of V alone. For z above 1 an embedding is optimal if and only if that range holds 1.",
    tier="algebra",
    formula=r"\min_W \mathrm{MSE} = \lambda (T - D) + \frac{\lambda\,z q\,(1-s)}{\lambda + s\,z q}, "
    r"\quad \lambda = \frac{z}{T}(1-q), \quad s = \frac{|Q'\mathbf{1}|^2}{T}",
    source="derived in `theory.least_squares_mse`; [M2] asks whether all embeddings are equal",
    regime="all inputs enumerated; T = 15, D = 5",
    expected="established",
    rival="every embedding is optimal, also for z above 1 and s below 1",
)
def _optimal_range(run: Run) -> Evidence:
    points, (T, D) = [], (15, 5)
    for name, embedding in _kinds(run, T, D).items():
        basis = np.linalg.svd(np.asarray(embedding.vectors, np.float64), full_matrices=False)[0]
        share = min(float((basis.sum(axis=0) ** 2).sum() / T), 1.0)
        for z in (1, 2, 4):
            rival = theory.linear_mse_bound(T, D, z) if z > 1 and name not in _WITH_ONE else None
            points.append(
                Point(
                    share,
                    _fitted_error(embedding, z, bias=False),
                    theory.least_squares_mse(T, D, z, share),
                    rival=rival,
                    series=f"{name}, z = {z}",
                )
            )
    return Evidence(points, "s", "E|x - y|^2", tolerance=1e-5)


@claim(
    "bounds.bias-makes-equal",
    "With a bias in the readout all embeddings of rank D lose the same at every z, less than without; "
    "but one whose range holds the vector 1 spends a neuron on the sum, which the bias knows.",
    tier="algebra",
    formula=r"\min_{W, b} \mathrm{MSE} = z\left(1 - \frac{z}{T}\right)\left(1 - \frac{D}{T-1}\right)",
    source="derived in `theory.affine_mse`; [M2] has a bias for one feature per neuron only",
    regime="all inputs enumerated; T = 15, D = 5",
    expected="established",
    rival="the bound without a bias, z(1-q)(1 - D/T)",
)
def _bias(run: Run) -> Evidence:
    points, (T, D) = [], (15, 5)
    for name, embedding in _kinds(run, T, D).items():
        for z in (1, 2, 4):
            least, linear = theory.affine_mse(T, D, z), theory.linear_mse_bound(T, D, z)
            wasted = name in _WITH_ONE
            points.append(
                Point(
                    z,
                    _fitted_error(embedding, z, bias=True),
                    linear if wasted else least,
                    rival=None if wasted else linear,
                    series=name,
                )
            )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-5)


@claim(
    "bounds.welch",
    "The largest overlap of T unit vectors is at least sqrt((T-D)/(D(T-1))); simplex and equiangular "
    "lines attain it.",
    tier="inequality",
    formula=r"\max_{i \neq j} |\langle v_i, v_j\rangle| \geq \sqrt{\frac{T-D}{D (T-1)}}",
    source="Welch (1974); notes#overlaps",
    expected="established",
    rival="at least 1 % above that, told apart where the bound is attained",
)
def _welch(run: Run) -> Evidence:
    points, key = [], run.key("welch")
    attained = {
        "simplex": features.simplex(7),
        "6 lines": features.equiangular(6, 3),
        "16 lines": features.equiangular(16, 6),
        "28 lines": features.equiangular(28, 7),
    }
    others = {
        "polygon": features.polygon(5),
        "cross polytope": features.cross_polytope(5),
        "tight": features.tight_frame(60, 20, key=key),
        "harmonic": features.harmonic_frame(60, 20, key=key),
        "random": features.random_unit(60, 20, key=key),
    }
    for name, embedding in (attained | others).items():
        T, D = embedding.n_features, embedding.width
        bound = theory.welch_bound(T, D)
        points.append(
            Point(
                T / D,
                features.max_overlap(embedding.vectors),
                bound,
                rival=1.01 * bound if name in attained else None,
                series=name,
                relation="at least",
            )
        )
    return Evidence(points, "T/D", "largest overlap", tolerance=1e-5)


@claim(
    "bounds.mean-square-overlap",
    "The mean square of the overlaps is at least (T-D)/(D(T-1)); tight frames attain it.",
    tier="inequality",
    formula=r"\mathrm{E}_{i \neq j} \langle v_i, v_j\rangle^2 \geq \frac{T-D}{D (T-1)}",
    source="Welch (1974); notes#overlaps",
    expected="established",
    rival="at least 1/D, the value of random vectors, also for tight frames",
)
def _mean_square(run: Run) -> Evidence:
    points, key = [], run.key("mean square")
    for T, D in ((15, 5), (60, 20)):
        bound = theory.welch_mean_square(T, D)
        for name, embedding in (
            ("tight", features.tight_frame(T, D, key=key)),
            ("harmonic", features.harmonic_frame(T, D, key=key)),
            ("random", features.random_unit(T, D, key=key)),
        ):
            points.append(
                Point(
                    T / D,
                    features.mean_square_overlap(embedding.vectors),
                    bound,
                    rival=1 / D if name != "random" else None,
                    series=name,
                    relation="at least",
                )
            )
    return Evidence(points, "T/D", "mean square overlap", tolerance=1e-4, log_y=True)


@claim(
    "bounds.readout-floor",
    "A readout whose product with the encoder has unit diagonal has the cross-talk T(T-D)/D at least, "
    "attained by tight frames.",
    tier="inequality",
    formula=r"M_{ii} = 1: \quad \sum_{i \neq j} M_{ij}^2 \geq \frac{T (T-D)}{D}",
    source="[W]; notes#overlaps",
    expected="established",
    rival="at least T(T-1)/D, the value of random vectors, also for tight frames",
)
def _readout_floor(run: Run) -> Evidence:
    points, key = [], run.key("floor")
    for T, D in ((15, 5), (60, 20)):
        floor = theory.readout_floor(T, D)
        for name, embedding in (
            ("random", features.random_unit(T, D, key=key)),
            ("tight", features.tight_frame(T, D, key=key)),
        ):
            vectors = np.asarray(embedding.vectors, np.float64)
            best = np.asarray(features.least_squares(embedding, 2).weights, np.float64)
            for kind, weights in (("least squares", best), ("own vector", vectors)):
                product = weights @ vectors.T
                unit = product / np.diag(product)[:, None]
                attains = name == "tight" and kind == "own vector"
                points.append(
                    Point(
                        T,
                        float((unit**2).sum() - T),
                        floor,
                        rival=T * (T - 1) / D if attains else None,
                        series=f"{name}, {kind}",
                        relation="at least",
                    )
                )
    return Evidence(points, "T", "cross-talk", tolerance=1e-4, log_y=True)


@claim(
    "bounds.shrunk-readout",
    "A readout that shrinks the diagonal is not bound by that floor: with the scale D/T a tight frame "
    "has (D/T)^2 of it.",
    tier="algebra",
    formula=r"M = P: \quad \sum_{i \neq j} M_{ij}^2 = D - \frac{D^2}{T} = "
    r"\left(\frac{D}{T}\right)^2 \frac{T (T-D)}{D}",
    source="[W], in words; notes#overlaps",
    expected="established",
    rival="the floor also binds readouts that shrink",
)
def _shrunk(run: Run) -> Evidence:
    points, key = [], run.key("shrunk")
    for T, D in ((15, 5), (60, 20)):
        floor = theory.readout_floor(T, D)
        for name, frame in (
            ("tight", features.tight_frame(T, D, key=key)),
            ("harmonic", features.harmonic_frame(T, D, key=key)),
        ):
            vectors = np.asarray(frame.vectors, np.float64)
            product = D / T * vectors @ vectors.T
            cross = float((product**2).sum() - (np.diag(product) ** 2).sum())
            points.append(Point(T, cross / floor, (D / T) ** 2, rival=1, series=name))
    return Evidence(points, "T", "cross-talk / floor", tolerance=1e-4, log_y=True)
