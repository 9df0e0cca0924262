"""Claims about the range of attention: what tells local from long-range layers (notes#attention).

Networks of known ranges: the same heads sorted by range, against it, or mixed in every layer. The
source reads in lines that move together that layers do not specialise; the opposite reading sees in
where a line falls how far a layer reaches.
"""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ... import attention, theory
from ._evidence import Evidence, Point
from ._registry import claim, Run


_SOURCE = "[S], on the range of context; networks ours; notes#attention"
# Heads whose targets are near..far tokens back.
_WINDOWS = ((1, 1), (0, 4), (6, 12), (20, 30))
_SHORT = attention.Design(n_positions=64, longest=30.0, width=32)
_SORTED = attention.Design(order=1.0)
_LINES = [2, 5, 10, 20]


@eqx.filter_jit
def _pattern(net, temperature, tokens):
    net = eqx.tree_at(lambda net: net.temperature, net, temperature)
    return net.patterns(tokens)


@claim(
    "attention.ranges",
    "Attention distances give the ranges of heads back, with what the softmax leaks at its temperature to "
    "all other keys.",
    tier="science",
    formula=r"p = \frac{m\,e^{1/t}}{m\,e^{1/t} + q + 1 - m}",
    source="this library; notes#attention",
    regime="windows 1, 0-4, 6-12 and 20-30 tokens back, t = .1, .2 and .3",
    rival="the middle of the window, without the leakage",
)
def _ranges(run: Run) -> Evidence:
    heads, T, start, points = [attention.Head("window", *ends) for ends in _WINDOWS], 96, 48, []
    net = attention.HandSet.random([heads], T, key=run.key("ranges"), width=4)
    for temperature in (0.1, 0.2, 0.3):
        pattern = _pattern(net, jnp.float32(temperature), jnp.arange(T))
        found = attention.distances_of(
            attention.patterns_of(np.asarray(pattern)), attention.Rule(), start
        )
        for place, (near, far) in enumerate(_WINDOWS):
            leaking = theory.window_distances(near, far, T, start, temperature)
            said = float(leaking @ np.arange(T))
            rival = (near + far) / 2
            series, mean = f"{near} to {far} back", found.mean("mean")[0, place]
            points.append(Point(temperature, mean, said, rival=rival, series=series))
    return Evidence(points, "temperature", "mean distance", tolerance=1e-4)


def _means(
    run: Run, design: attention.Design, arrangement: str, rule: attention.Rule, count: int
) -> Float[np.ndarray, "n L"]:
    """Return the mean distance by layer of each of some networks, once per ledger."""

    def pattern(network: int) -> np.ndarray:
        net = attention.network_of(design, arrangement, seed=run.seed, network=network)
        tokens = attention.random_tokens(2, design.n_positions, seed=1000 * network + run.seed)
        name = ("attention patterns", design, arrangement, network)
        return run.once(name, lambda: np.asarray(attention.patterns_in(net, jnp.asarray(tokens))))

    half = design.n_positions // 2
    found = (
        attention.distances_of(attention.patterns_of(pattern(network)), rule, half)
        for network in range(count)
    )
    return np.array([one.mean("mean", layers=True) for one in found])


_FOUND, _ALL = attention.Rule(found=True, least_queries=16), attention.Rule()


@claim(
    "attention.order-from-distances",
    "Octaves by which the mean distance grows from layer to layer, sinks left out, say how heads are "
    "arranged: log2(longest)/L if sorted by range, minus that if against it, 0 if mixed in every layer.",
    tier="science",
    formula=r"\Delta \log_2 \bar d = \pm \log_2(r_{max})/L",
    source=_SOURCE,
    regime="6 layers of 4 heads and a sink, ranges 1 to 30 of 64 tokens, t = .1",
    rival="layers that differ in nothing: 0",
)
def _order(run: Run) -> Evidence:
    count, points = run.draws(12, 20), []
    step = float(np.log2(_SHORT.longest)) / _SHORT.n_layers
    for place, (name, said) in enumerate(
        zip(attention.ARRANGEMENTS, (step, -step, 0.0), strict=True)
    ):
        means = _means(run, _SHORT, name, _FOUND, count)
        slopes = [attention.octaves_per_layer(each) for each in means]
        rival = 0.0 if said else None
        points.append(Point.from_draws(place, slopes, said, rival=rival, series=name))
    return Evidence(points, "arrangement", "octaves per layer", slack=0.3)


@claim(
    "attention.sink-turns-the-verdict",
    "Sinks in the early layers, left in, make them look long-range: of networks sorted by range the mean "
    "distance falls from layer to layer; with sinks left out it grows.",
    tier="science",
    formula=r"\Delta \log_2 \bar d < 0 < \Delta \log_2 \bar d\,|_{no\ sinks}",
    source=_SOURCE,
    regime="as order-from-distances, the first position scores 1.2 in layers 1 to 3",
    rival="with sinks left in it grows, left out it falls",
)
def _sinks(run: Run) -> Evidence:
    design, count, points = replace(_SHORT, early_sink=1.2), run.draws(12, 20), []
    for place, (series, rule) in enumerate({"left in": _ALL, "left out": _FOUND}.items()):
        slopes = [
            attention.octaves_per_layer(each)
            for each in _means(run, design, "specialised", rule, count)
        ]
        relations = ("at most", "at least") if rule is _ALL else ("at least", "at most")
        point = Point.from_draws(
            place, slopes, 0.0, rival=0.0, series=series,
            relation=relations[0], rival_relation=relations[1],
        )  # fmt: skip
        points.append(point)
    return Evidence(points, "sinks", "octaves per layer")


@claim(
    "attention.sink-heads-change-nothing",
    "A head that attends to the first position alone, added to each layer, leaves the layers' mean "
    "distances as they were, if sinks are left out and all mass counts alike.",
    tier="science",
    formula=r"|\bar d - \bar d'| < .05\,\bar d",
    source="this library; notes#attention",
    regime="as order-from-distances, mixed layers, t = .1",
    rival="sinks left in",
)
def _sink_heads(run: Run) -> Evidence:
    count, bare = run.draws(6, 12), replace(_SHORT, n_sinks=0)
    rows = {
        name: _means(run, design, "unspecialised", rule, count)
        for name, design, rule in (
            ("without", bare, _FOUND),
            ("with", _SHORT, _FOUND),
            ("left in", _SHORT, _ALL),
        )
    }
    # The rival has what one finds with sinks left in be found.
    points = []
    for layer in range(_SHORT.n_layers):
        ratio = rows["with"][:, layer] / rows["without"][:, layer]
        rival = float((rows["left in"][:, layer] / rows["without"][:, layer]).mean())
        points.append(Point.from_draws(layer, ratio, 1.0, rival=rival, series="unspecialised"))
    return Evidence(points, "layer", "mean distance against that without sinks", slack=0.05)


@eqx.filter_jit
def _two(net, embedding, amplification):
    names = lambda net: (net.embedding, net.amplification)
    streams = eqx.tree_at(names, net, (embedding, amplification))(jnp.arange(2))[1:]
    return jnp.sum(streams[:, 0] * streams[:, 1], -1) / net.embedding.shape[1]


@claim(
    "attention.amplified-in-place",
    "Layers that attend to nothing lose similarity, by an amount that follows from their strength: what "
    "falls in a layer need not be attended to there.",
    tier="science",
    formula=r"c' = \frac{c + a^2 \frac{2}{\pi} \arcsin c}{1 + a^2}",
    source="[S] has the words, the form is ours; notes#attention",
    regime="c = .95 to .3, a = 1 and 2, width 64, three layers in a row",
    rival="nothing is lost where nothing is attended to: c' = c",
)
def _amplified(run: Run) -> Evidence:
    count, width, points = run.draws(24, 64), 64, []
    head = [[attention.Head("window", 0, 0)]]
    draws = np.random.default_rng([run.seed, 41])
    nets = [
        attention.HandSet.random(
            head, 4, key=run.key(f"in place {place}"), width=width, n_tokens=2, in_place=3, gain=0
        )
        for place in range(count)
    ]
    for amplification, cosine in ((1.0, 0.95), (1.0, 0.6), (2.0, 0.95), (2.0, 0.3)):
        found = []
        for net in nets:
            pair = np.linalg.qr(draws.normal(size=(width, 2)))[0].T
            other = cosine * pair[0] + np.sqrt(1 - cosine**2) * pair[1]
            made = jnp.asarray(np.stack([pair[0], other]), jnp.float32)
            found.append(np.asarray(_two(net, made, jnp.float32(amplification))))
        said = cosine
        for layer in range(3):
            said = theory.amplified_cosine(said, amplification)
            values = np.array(found)[:, layer + 1]
            series = f"a = {amplification:g}, c = {cosine:g}"
            points.append(Point.from_draws(layer + 1, values, said, rival=cosine, series=series))
    return Evidence(points, "layer in place", "cosine", slack=0.1)


def _compared(run: Run) -> tuple[attention.Comparison, attention.Comparison]:
    """Return networks as built, and with layers in place behind, once per ledger."""
    count = run.draws(24, 40)

    def make() -> tuple[attention.Comparison, attention.Comparison]:
        of = lambda design: attention.compare(design, count, 4, _LINES, n_ends=12, seed=run.seed)
        return of(_SORTED), of(attention.amplified(_SORTED, 3, 1.0))

    return run.once(("attention lines", run.effort), make)


def _difference(
    x: int, first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"], series: str, **more
) -> Point:
    """Return the point of a difference over networks that have the same heads."""
    return Point.from_draws(x, first - second, 0.0, rival=0.0, series=series, **more)


@claim(
    "attention.synchronised-lines-mean-unspecialised",
    "The source's reading: lines of 5 and 10 tokens that fall in the same layers show that layers do not "
    "specialise, so that they are closer together where every layer mixes ranges than in either order.",
    tier="science",
    formula=r"r_{unspecialised} \geq r_{specialised},\ r_{reversed}",
    source=_SOURCE,
    regime="6 layers, ranges 1 to 60 of 128 tokens, sorted strictly, 4 sequences of each network",
    expected="refuted",
    rival="against the order of ranges the lines move together more closely than in mixed layers",
    quick=False,
)
def _synchronised(run: Run) -> Evidence:
    built, _ = _compared(run)
    mixed = built.values("correlation", "unspecialised")
    against = built.values("correlation", "reversed")
    point = _difference(
        1, against, mixed, "reversed less unspecialised",
        relation="at most", rival_relation="at least",
    )  # fmt: skip
    with_order = built.values("correlation", "specialised")
    note = f"correlations: specialised {with_order.mean():.3f}, reversed {against.mean():.3f}, "
    note += f"unspecialised {mixed.mean():.3f}"
    return Evidence([point], "arrangement", "difference of correlations", note=note)


@claim(
    "attention.sinks-synchronise-lines",
    "Where early layers have sinks the lines of 5 and 10 tokens move together, r > .98, however heads are "
    "arranged: cut contexts have another first token, and all layers after miss what it was.",
    tier="science",
    formula=r"r > .98",
    source="this library; notes#attention",
    regime="as synchronised-lines-mean-unspecialised, the first position scores 1.2 in layers 1 to 3",
    rival="as far apart in networks sorted by range as without those sinks, r < .9",
    quick=False,
)
def _with_sinks(run: Run) -> Evidence:
    design, count = replace(_SORTED, early_sink=1.2), run.draws(24, 40)
    found = attention.compare(design, count, 4, _LINES, n_ends=12, seed=run.seed)
    points = []
    for place, name in enumerate(attention.ARRANGEMENTS):
        point = Point.from_draws(
            place, found.values("correlation", name), 0.98, rival=0.9, series=name,
            relation="at least", rival_relation="at most",
        )  # fmt: skip
        points.append(point)
    return Evidence(points, "arrangement", "correlation of losses")


@claim(
    "attention.lines-apart-where-sorted",
    "Where early layers are local and late ones long-range the lines of 5 and 10 tokens are further apart "
    "than where every layer mixes ranges: there the source's reading is right.",
    tier="science",
    formula=r"r_{unspecialised} \geq r_{specialised}",
    source=_SOURCE,
    regime="as synchronised-lines-mean-unspecialised",
    rival="the other way round",
    quick=False,
)
def _apart(run: Run) -> Evidence:
    built, _ = _compared(run)
    first, second = (built.values("correlation", name) for name in attention.ARRANGEMENTS[::2])
    point = _difference(
        0,
        first,
        second,
        "specialised less unspecialised",
        relation="at most",
        rival_relation="at least",
    )
    return Evidence([point], "arrangement", "difference of correlations")


@claim(
    "attention.lines-fall-where-ranges-are-long",
    "The opposite reading: the mean layer in which the line of 10 tokens falls is later in networks sorted "
    "by range than in mixed ones, and earlier in those against it; the plot does show the order.",
    tier="science",
    formula=r"\bar l_{specialised} > \bar l_{unspecialised} > \bar l_{reversed}",
    source="the reading that [S] rejects; networks ours; notes#attention",
    regime="as synchronised-lines-mean-unspecialised, without and with layers in place behind",
    rival="the other way round",
    quick=False,
)
def _fall(run: Run) -> Evidence:
    points = []
    for kind, found in zip(("as built", "in place"), _compared(run), strict=True):
        layers = [found.values("centroid 10", name) for name in attention.ARRANGEMENTS]
        sorted_, against, mixed = layers
        for x, (first, second) in enumerate(((sorted_, mixed), (mixed, against))):
            points.append(
                _difference(x, first, second, kind, relation="at least", rival_relation="at most")
            )
    return Evidence(points, "pair", "difference of mean layers")


@claim(
    "attention.amplification-pulls-lines-together",
    "Layers in place behind hide specialisation: the lines of 5 and 10 tokens of networks sorted by range "
    "then move together more closely, and fall later, without attending to anything there.",
    tier="science",
    formula=r"r_{in\ place} > r,\quad \bar l_{in\ place} > \bar l",
    source=_SOURCE,
    regime="as synchronised-lines-mean-unspecialised, three layers in place, a = 1",
    rival="the other way round",
    quick=False,
)
def _together(run: Run) -> Evidence:
    built, behind = _compared(run)
    points = [
        _difference(
            x, behind.values(name, "specialised"), built.values(name, "specialised"), name,
            relation="at least", rival_relation="at most",
        )
        for x, name in enumerate(("correlation", "centroid 10"))
    ]  # fmt: skip
    return Evidence(points, "measurement", "with layers in place less without")
