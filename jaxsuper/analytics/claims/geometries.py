"""Claims about overlaps of vectors, readouts that threshold, and learnt geometries (notes#embeddings)."""

from collections.abc import Iterator

import jax
import numpy as np

from ... import features, theory
from ._evidence import Evidence, Point, Relation
from ._registry import claim, Run


def _largest(run: Run, T: int, D: int) -> list[float]:
    """Return the largest overlaps of independent draws of T random unit vectors."""

    def draw():
        keys = jax.random.split(run.key(f"largest {T} {D}"), run.choose(24, 60))
        return [features.max_overlap(features.random_unit(T, D, key=key).vectors) for key in keys]

    return run.once(f"largest {T} {D}", draw)


@claim(
    "geometries.random-max-overlap",
    "The largest overlap of T random unit vectors is near 2 sqrt(ln T/D).",
    formula=r"\max_{i \neq j} |\langle v_i, v_j\rangle| \approx 2 \sqrt{\frac{\ln T}{D}}",
    source="a standard result; notes#overlaps",
    regime="ln T < D/10; within 12 %",
    expected="holds in regime",
    rival="sqrt(2 ln T/D): a maximum over T overlaps, not over all pairs",
)
def _random_max_overlap(run: Run) -> Evidence:
    points = []
    for T, D in ((300, 1000), (1000, 1000), (1000, 300), (1000, 100), (1000, 50), (1000, 20)):
        found = _largest(run, T, D)
        points.append(
            Point(
                np.log(T) / D,
                np.mean(found),
                theory.random_max_overlap(T, D),
                np.std(found, ddof=1) / len(found) ** 0.5,
                np.sqrt(2 * np.log(T) / D),
                len(found) - 1,
                "random unit vectors",
            )
        )
    note = "Beyond, overlaps come close to 1: geometries.random-max-overlap-median holds there too."
    return Evidence(
        points, "ln T / D", "largest overlap", tolerance=0.12, regime=True, log_x=True, note=note
    )


@claim(
    "geometries.random-max-overlap-median",
    "The largest overlap of random unit vectors has the median at which a cosine's distribution to "
    "the power T(T-1)/2 is 1/2, for any D.",
    formula=r"P(|\langle v, w\rangle| \leq x)^{T(T-1)/2} = \frac{1}{2}, \quad "
    r"\langle v, w\rangle^2 \sim \mathrm{Beta}\left(\frac{1}{2}, \frac{D-1}{2}\right)",
    source="derived in `theory.random_max_overlap_median`",
    regime="within 3 %",
    expected="holds",
    rival="the leading order 2 sqrt(ln T/D)",
)
def _random_max_median(run: Run) -> Evidence:
    points = []
    for T, D in ((300, 1000), (1000, 300), (1000, 100), (1000, 20)):
        found = _largest(run, T, D)
        points.append(
            Point(
                np.log(T) / D,
                np.median(found),
                theory.random_max_overlap_median(T, D),
                # The error of a median is about 1.25 times that of the mean.
                1.25 * np.std(found, ddof=1) / len(found) ** 0.5,
                theory.random_max_overlap(T, D),
                len(found) - 1,
                "random unit vectors",
            )
        )
    return Evidence(points, "ln T / D", "largest overlap, median", tolerance=0.03, log_x=True)


@claim(
    "geometries.thresholds-change-the-ranking",
    "With a threshold the ranking turns over: random directions recover the active set where shared "
    "neurons, best under a linear readout, cannot.",
    formula=r"P_{\mathrm{random}}(\hat x = x) > \frac{1}{2} > P_{\mathrm{shared}}(\hat x = x)",
    source="notes#embeddings; [H], [W]",
    regime="T = 400, D = 200, z = 1 to 3",
    expected="holds",
    rival="the ranking of the linear readout",
)
def _thresholds(run: Run) -> Evidence:
    points, T, D, key = [], 400, 200, run.key("threshold")
    kinds: tuple[tuple[str, features.Embedding, Relation, Relation], ...] = (
        ("random", features.random_unit(T, D, key=key), "at least", "at most"),
        ("shared", features.shared_neurons(T, D, key=key), "at most", "at least"),
    )
    for z in run.choose((1, 3), (1, 2, 3)):
        for name, embedding, relation, opposite in kinds:
            readout = features.scan_threshold(embedding, z, key=jax.random.fold_in(key, z))
            found = features.measure(
                embedding, readout, z, run.choose(2000, 20_000), key=jax.random.fold_in(key, 10 + z)
            ).threshold_accuracy
            points.append(
                Point(
                    z,
                    found.mean,
                    0.5,
                    found.stderr,
                    0.5,
                    None,
                    name,
                    relation,
                    opposite,
                )
            )
    return Evidence(points, "z", "share of inputs recovered without error")


def _trained(run: Run, loss: str) -> Iterator[tuple[int, int, features.Autoencoders]]:
    """Train linear autoencoders with D = 2 from many starts; yields T, z and them."""
    every = [(T, z) for T in (3, 4, 5) for z in (1, 2)]
    for T, z in run.choose([(3, 1), (4, 2)], every):

        def train(T=T, z=z):
            key = jax.random.fold_in(run.key("trained"), 10 * T + z)
            seeds, steps, rate = run.choose((24, 5_000, 0.03), (64, 20_000, 0.01))
            return features.train(
                T, 2, z, loss, seeds, key=key, n_steps=steps, learning_rate=rate, penalty=3e-4
            )

        yield T, z, run.once(f"{loss} {T} {z}", train)


_CRITERION = (
    "Dispersion over seeds of the sorted |cosines| of the balanced encoders, among seeds that came to "
    "the best loss within 1e-4; a penalty of 3e-4 takes out that encoder and decoder are free up to an "
    "invertible map, |cos| that signs are free at z = 1."
)


@claim(
    "geometries.mse-has-none",
    "Linear autoencoders trained under MSE agree on no geometry: their cosines scatter by more than "
    "0.05 between seeds that all reach the least loss.",
    formula=r"\mathrm{sd}_{\mathrm{seeds}}\,|\cos(e_i, e_j)| > 0.05",
    source="[M2]; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1, 2",
    expected="holds",
    rival="they agree within 0.01",
)
def _mse_has_none(run: Run) -> Evidence:
    points = []
    for T, z, trained in _trained(run, "mse"):
        found = features.consistency(trained, tolerance=1e-4)
        points.append(
            Point(
                T,
                found.balanced,
                0.05,
                rival=0.01,
                series=f"z = {z}",
                relation="at least",
                rival_relation="at most",
            )
        )
    return Evidence(points, "T", "dispersion over seeds", log_y=True, note=_CRITERION)


@claim(
    "geometries.l4-and-entropies-have-one",
    "Under L4, binary and categorical cross-entropy all seeds that reach the least loss have the same "
    "geometry.",
    formula=r"\mathrm{sd}_{\mathrm{seeds}}\,|\cos(e_i, e_j)| < 0.01",
    source="[M2]; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1, 2",
    expected="holds",
    rival="their cosines scatter by more than 0.05",
)
def _others_have_one(run: Run) -> Evidence:
    points, notes = [], []
    for loss in ("l4", "binary", "categorical"):
        for T, z, trained in _trained(run, loss):
            found = features.consistency(trained, tolerance=1e-4)
            points.append(
                Point(
                    T,
                    found.balanced,
                    0.01,
                    rival=0.05,
                    series=f"{loss}, z = {z}",
                    relation="at most",
                    rival_relation="at least",
                )
            )
            notes.append(f"{found.n_best}/{found.n_seeds}")
    note = f"{_CRITERION} Seeds that did: {', '.join(notes)}; the others are in local minima."
    return Evidence(points, "T", "dispersion over seeds", log_y=True, note=note)


@claim(
    "geometries.flat-minima",
    "The minima of MSE are continua, D(T-D) dimensions at z = 1 and (D-1)(T-D) above; those of L4 are "
    "points.",
    formula=r"\dim = D(T-D)\ (z = 1), \quad (D-1)(T-D)\ (z > 1)",
    source="derived: which projections have the least tr (I-M) C (I-M)'",
    regime="D = 2, T = 3, 4, 5",
    expected="holds",
    rival="they are points too",
)
def _flat_minima(run: Run) -> Evidence:
    points, D = [], 2
    for loss in ("mse", "l4"):
        for T, z, trained in _trained(run, loss):
            counts = features.flat_directions(trained)[trained.best(1e-4)]
            said = (D if z == 1 else D - 1) * (T - D) if loss == "mse" else 0
            points.append(
                Point(
                    T,
                    float(np.median(counts)),
                    said,
                    rival=0 if loss == "mse" else None,
                    series=f"{loss}, z = {z}",
                )
            )
    return Evidence(points, "T", "flat directions of the minimum")


@claim(
    "geometries.raw-cosines",
    "The cosines of encoders as trained, over all seeds and with nothing taken out, tell L4 from MSE "
    "at z = 1: under L4 they scatter by less than 0.05.",
    formula=r"\mathrm{sd}_{\mathrm{seeds}}\,\cos(e_i, e_j) < 0.05\ \mathrm{(L4)}",
    source="the naive criterion; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1",
    expected="refuted",
    rival="they scatter by more than 0.05 (to be confirmed)",
)
def _raw_cosines(run: Run) -> Evidence:
    points = []
    for T, z, trained in _trained(run, "l4"):
        if z == 1:
            raw = features.consistency(trained, tolerance=1e-4).raw
            points.append(
                Point(
                    T,
                    raw,
                    0.05,
                    rival=0.05,
                    series="L4, z = 1",
                    relation="at most",
                    rival_relation="at least",
                )
            )
    note = (
        "At z = 1 the loss does not change if a feature's encoder and decoder rows change sign: the "
        "geometry is one, its signed cosines are not."
    )
    return Evidence(points, "T", "dispersion over seeds", note=note)
