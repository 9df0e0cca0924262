"""Claims about overlaps of vectors, readouts that threshold, and learnt geometries (notes#embeddings)."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ... import features, theory
from ._evidence import Evidence, Point
from ._registry import claim, Run


def _largest(run: Run, T: int, D: int) -> Float[np.ndarray, " n"]:
    """Return the largest overlaps of independent draws of T random unit vectors."""

    def one(key):
        overlaps = features.cosines(features.random_unit(T, D, key=key).vectors)
        return jnp.max(jnp.abs(overlaps - jnp.diag(jnp.diag(overlaps))))

    def draw():
        keys = jax.random.split(run.key(f"largest {T} {D}"), run.draws(300, 600))
        return np.asarray(jax.jit(lambda keys: jax.lax.map(one, keys))(keys), np.float64)

    return run.once(f"largest {T} {D}", draw)


@claim(
    "geometries.random-max-overlap",
    "The largest overlap of T random unit vectors is near 2 sqrt(ln T/D), which is too high by up to "
    "15 % for ln T < D/10 and by more beyond.",
    tier="science",
    formula=r"\max_{i \neq j} |\langle v_i, v_j\rangle| \approx 2 \sqrt{\frac{\ln T}{D}}",
    source="a standard result for ln T << D; notes#overlaps",
    regime="ln T/D up to 1/10; within 15 %; T = 300 to 1000",
    expected="established in regime",
    rival="sqrt(2 ln T/D): a maximum over T overlaps, not over all pairs",
)
def _random_max_overlap(run: Run) -> Evidence:
    points = []
    sizes = ((300, 200), (300, 100), (600, 100), (300, 40), (300, 20))
    for T, D in run.choose(sizes, (*sizes, (1000, 1000), (1000, 40))):
        points.append(
            Point.from_draws(
                np.log(T) / D,
                _largest(run, T, D),
                theory.random_max_overlap(T, D),
                rival=np.sqrt(2 * np.log(T) / D),
                series=f"T = {T}",
            )
        )
    note = (
        "Two things lower the maximum: pairs are finitely many, by 10 % for D to infinity at T = 300, "
        "and overlaps end at 1, by about ln T/D. geometries.random-max-overlap-median has both."
    )
    return Evidence(
        points,
        "ln T / D",
        "largest overlap",
        tolerance=0.15,
        # ln 600/100 and ln 300/40: the stated 1/10 lies between.
        boundary=(0.06, 0.15),
        log_x=True,
        note=note,
    )


@claim(
    "geometries.random-max-overlap-median",
    "The largest overlap of random unit vectors has the median at which a cosine's distribution to "
    "the power T(T-1)/2 is 1/2, for any D.",
    tier="science",
    formula=r"P(|\langle v, w\rangle| \leq x)^{T(T-1)/2} = \frac{1}{2}, \quad "
    r"\langle v, w\rangle^2 \sim \mathrm{Beta}\left(\frac{1}{2}, \frac{D-1}{2}\right)",
    source="derived in `theory.random_max_overlap_median`",
    regime="within 3 %",
    expected="established",
    rival="the leading order 2 sqrt(ln T/D)",
)
def _random_max_median(run: Run) -> Evidence:
    points = []
    for T, D in ((300, 200), (300, 100), (600, 100), (300, 40), (300, 20)):
        largest = _largest(run, T, D)
        points.append(
            Point(
                np.log(T) / D,
                np.median(largest),
                theory.random_max_overlap_median(T, D),
                # The error of a median is about 1.25 times that of the mean.
                stderr=1.25 * np.std(largest, ddof=1) / len(largest) ** 0.5,
                rival=theory.random_max_overlap(T, D),
                freedom=len(largest) - 1,
                series=f"T = {T}",
            )
        )
    return Evidence(points, "ln T / D", "largest overlap, median", tolerance=0.03, log_x=True)


@claim(
    "geometries.thresholds-change-the-ranking",
    "With a threshold the ranking turns over: random directions recover the active set as independent "
    "Gaussian overlaps predict, shared neurons, best under a linear readout, never.",
    tier="science",
    formula=r"P(\hat x = x) = \Phi\left((1-c)\sqrt{D/(z-1)}\right)^z\ "
    r"\Phi\left(c\,\sqrt{D/z}\right)^{T-z}",
    source="notes#embeddings; [H], [W] for the rates",
    regime="T = 400, D = 100, z = 3 and 5, c the best of the formula; within 8 %",
    expected="established",
    rival="shared neurons recover as many as random directions",
)
def _thresholds(run: Run) -> Evidence:
    points, T, D = [], 400, 100
    shared = features.shared_neurons(T, D)
    for z in (3, 5):
        cut = theory.best_threshold(T, D, z)
        said = theory.threshold_recovery(T, D, z, cut)

        def recovered(embedding, key, z=z, cut=cut):
            readout = features.Threshold(embedding.vectors, cut)
            return features.measure(embedding, readout, z, 2000, key=key).threshold_accuracy.mean

        keys = jax.random.split(run.key(f"threshold {z}"), run.draws(16, 48))
        pairs = [jax.random.split(key) for key in keys]
        random = [recovered(features.random_unit(T, D, key=a), b) for a, b in pairs]
        points.append(Point.from_draws(z, random, said, series="random"))
        alone = [recovered(shared, b) for _, b in pairs[:2]]
        points.append(Point(z, max(alone), 0, rival=said, series="shared"))
    return Evidence(points, "z", "share of inputs recovered without error", tolerance=0.08)


# Sizes and numbers of active features of autoencoders with D = 2.
_ONE_ACTIVE, _TWO_ACTIVE = ((3, 1), (4, 1), (5, 1)), ((3, 2), (4, 2), (5, 2))
# An objective within this part of the way from zero output to the best counts as the best.
_BEST = 1e-4


def _trained(run: Run, loss: str, settings: tuple[tuple[int, int], ...]) -> Iterator[tuple]:
    """Train linear autoencoders with D = 2 from many starts; yields T, z and them."""
    for T, z in settings:

        def train(T=T, z=z):
            key = jax.random.fold_in(run.key("trained"), 10 * T + z)
            # A variance over seeds needs more of them than whether there is any.
            seeds = run.draws(600, 1200) if loss == "mse" else run.draws(32, 64)
            steps, rate = run.choose((2_000, 0.05), (5_000, 0.03))
            return features.train(
                T, 2, z, loss, seeds, key=key, n_steps=steps, learning_rate=rate, penalty=3e-4
            )

        yield T, z, run.once(f"{loss} {T} {z}", train)


def _scatter(stack: Float[np.ndarray, "seeds T D"]) -> Float[np.ndarray, " seeds"]:
    """Return per seed the squared deviation of its sorted |cosines|; their mean is the variance."""
    listed = features.sorted_cosines(stack, lines=True)
    squares = ((listed - listed.mean(axis=0)) ** 2).mean(axis=1)
    return squares * len(listed) / (len(listed) - 1)


def _at_random(run: Run, T: int, z: int) -> float:
    """Return the mean scatter of uniformly random planes, of those that hold 1 for z above 1."""

    def draw():
        rng = np.random.default_rng([run.seed, T, z])
        # Enough for half a percent, so that its error does not count beside that of the seeds.
        start = rng.normal(size=(40_000, T, 2))
        if z > 1:
            start[:, :, 0] = 1
        return float(_scatter(np.linalg.qr(start)[0].astype(np.float32)).mean())

    return run.once(f"random planes {T} {min(z, 2)}", draw)


def _relative(run: Run, T: int, z: int, trained: features.Autoencoders) -> np.ndarray:
    """Return the scatter of the balanced encoders of the best seeds, relative to random planes."""
    decoders = trained.decoders
    if trained.loss == "categorical":
        # Softmax does not see a number added to all outputs.
        decoders = decoders - decoders.mean(axis=1, keepdims=True)
    best = trained.best(_BEST)
    encoders = features.balanced(trained.encoders, decoders)[0]
    return _scatter(np.asarray(encoders)[best]) / _at_random(run, T, z)


_CRITERION = (
    "Variance over seeds of the sorted |cosines| of the balanced encoders, among seeds that came to "
    "the best loss within 1e-4, in units of that of uniformly random planes (that hold the vector 1 for "
    "z > 1). A penalty of 3e-4 takes out that encoder and decoder are free up to an invertible map, "
    "|cos| that signs are free at z = 1."
)
_SCATTER = r"\mathrm{Var}_{\mathrm{seeds}}\,|\cos(e_i, e_j)|\,/\,\mathrm{Var}_{\mathrm{random}}"


@claim(
    "geometries.mse-has-none",
    "Linear autoencoders trained under MSE agree on no geometry: from a usual start they end in a "
    "uniformly random one of the planes with the least loss.",
    tier="science",
    formula=_SCATTER + r" = 1",
    source="[M2] that there is none, at random is ours; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1, 2; within 30 %; entries of the start of scale 0.3, Adam",
    expected="established",
    rival="they agree: at most a hundredth of that",
)
def _mse_has_none(run: Run) -> Evidence:
    points = []
    settings = run.choose((_ONE_ACTIVE[1], _TWO_ACTIVE[1]), _ONE_ACTIVE + _TWO_ACTIVE)
    for T, z, trained in _trained(run, "mse", settings):
        points.append(
            Point.from_draws(
                T,
                _relative(run, T, z, trained),
                1,
                rival=0.01,
                series=f"z = {z}",
                rival_relation="at most",
            )
        )
    note = (
        f"{_CRITERION} A start of scale 0.05 ends elsewhere: Adam moves all entries alike at first."
    )
    return Evidence(points, "T", "variance over seeds, relative", tolerance=0.3, note=note)


def _one_geometry(run: Run, settings: tuple[tuple[int, int], ...]) -> Evidence:
    points, notes = [], []
    for loss in ("l4", "binary", "categorical"):
        for T, z, trained in _trained(run, loss, settings):
            scatter = _relative(run, T, z, trained)
            points.append(
                Point.from_draws(
                    T,
                    scatter,
                    0.01,
                    rival=0.5,
                    series=f"{loss}, z = {z}",
                    relation="at most",
                    rival_relation="at least",
                )
            )
            notes.append(f"{len(scatter)}/{trained.n_seeds}")
    note = f"{_CRITERION} Seeds that did: {', '.join(notes)}; the others are in local minima."
    return Evidence(points, "T", "variance over seeds, relative", log_y=True, note=note)


@claim(
    "geometries.l4-and-entropies-have-one",
    "With one active feature all seeds that reach the least loss under L4, binary and categorical "
    "cross-entropy have the same geometry.",
    tier="science",
    formula=_SCATTER + r" < 0.01",
    source="[M2]; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1",
    expected="established",
    rival="they scatter half as much as under MSE, at least",
)
def _others_have_one(run: Run) -> Evidence:
    return _one_geometry(run, run.choose(_ONE_ACTIVE[1:2], _ONE_ACTIVE))


@claim(
    "geometries.also-with-two-active",
    "With two active features too, the seeds that reach the least loss under L4, binary and "
    "categorical cross-entropy have the same geometry, if that loss keeps a minimum by a penalty.",
    tier="science",
    formula=_SCATTER + r" < 0.01",
    source="ours: [M2] finds all of them 'a bit wonky' at z = 2, without a penalty; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 2",
    expected="established",
    rival="they scatter half as much as under MSE, at least",
)
def _others_at_two(run: Run) -> Evidence:
    return _one_geometry(run, run.choose(_TWO_ACTIVE[1:2], _TWO_ACTIVE))


@claim(
    "geometries.flat-minima",
    "The minima of MSE are continua, D(T-D) dimensions at z = 1 and (D-1)(T-D) above; those of L4 are "
    "points.",
    tier="science",
    formula=r"\dim = D(T-D)\ (z = 1), \quad (D-1)(T-D)\ (z > 1)",
    source="derived: which projections have the least tr (I-M) C (I-M)'",
    regime="D = 2, T = 3, 4, 5",
    expected="established",
    rival="those of MSE are points too",
)
def _flat_minima(run: Run) -> Evidence:
    points, D = [], 2
    settings = run.choose((_ONE_ACTIVE[1], _TWO_ACTIVE[1]), _ONE_ACTIVE + _TWO_ACTIVE)
    for loss in ("mse", "l4"):
        for T, z, trained in _trained(run, loss, settings):
            counts = features.flat_directions(trained)[trained.best(_BEST)]
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
    "The cosines of encoders as trained, signs and all, tell L4 from MSE at z = 1: under L4 they "
    "scatter a tenth as much, at most.",
    tier="science",
    formula=r"\mathrm{sd}\,\cos(e_i, e_j)_{\mathrm{L4}} < 0.1\ "
    r"\mathrm{sd}\,\cos(e_i, e_j)_{\mathrm{MSE}}",
    source="the naive criterion; notes#embeddings",
    regime="D = 2, T = 3, 4, 5, z = 1",
    expected="refuted",
    rival="at least half as much (to be confirmed)",
)
def _raw_cosines(run: Run) -> Evidence:
    points, settings = [], run.choose(_ONE_ACTIVE[1:2], _ONE_ACTIVE)
    pairs = zip(_trained(run, "l4", settings), _trained(run, "mse", settings), strict=True)
    for (T, _, l4), (_, _, mse) in pairs:
        raw = features.dispersion(l4.encoders) / features.dispersion(mse.encoders)
        points.append(
            Point(
                T,
                raw,
                0.1,
                rival=0.5,
                series="L4 / MSE, z = 1",
                relation="at most",
                rival_relation="at least",
            )
        )
    note = (
        "At z = 1 the loss does not change if a feature's encoder and decoder rows change sign: the "
        "geometry is one, its signed cosines are not."
    )
    return Evidence(points, "T", "dispersion over seeds", note=note)
