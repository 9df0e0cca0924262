"""Networks of known ranges, measured in every way: what tells the arrangements apart?

Each network gives one number for each measurement, from the same sequences:

* from distances: "slope", octaves by which the mean distance grows per layer, sinks left out, and
  "slope with sinks"; both are to fall from specialised over unspecialised to reversed networks;
  "spread", standard deviation over layers of log2 of the mean distance, to be larger where ordered;
* from similarity: "centroid k", the layer in which window k loses similarity in the mean, and "shift",
  the centroid of 20 tokens less that of 2; to fall as slopes do; "correlation" of the losses over
  layers, between the lines of 5 and of 10 tokens, and "overlap" of their profiles; to be larger where
  unspecialised, by the reading that lines which move together show that layers do not specialise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check
from .._journal import anew, Once
from .._limits import check_cost, check_index, Cost
from ._arrangements import ARRANGEMENTS, Design, network_of
from ._distances import distances_of
from ._drops import drop_correlation, same_layers
from ._patterns import patterns_of
from ._power import Area, area_of
from ._scan import Rule
from ._transformer import HandSet, random_tokens
from ._truncation import truncation_similarity, WINDOWS


LINES = (5, 10)
_SHIFT = (2, 20)
# Measurement, without its window -> what it is said to be for each of `ARRANGEMENTS`, in ranks.
SAID: dict[str, tuple[int, int, int]] = {
    "slope": (1, -1, 0),
    "slope with sinks": (1, -1, 0),
    "spread": (1, 1, 0),
    "centroid": (1, -1, 0),
    "correlation": (0, 0, 1),
    "overlap": (0, 0, 1),
    "shift": (1, -1, 0),
}
PAIRS = (
    ("specialised", "reversed"),
    ("specialised", "unspecialised"),
    ("reversed", "unspecialised"),
)


@dataclass(frozen=True)
class Measured:
    """What was found of one network.

    Attributes:
        values: measurement -> number.
        similarity: cosine, (K, layers), mean over its sequences.
        drops: losses of it, (K, layers - 1).
        layer_means: mean distance by layer, sinks left out.
        head_means: the same by head, (L, H); NaN where nothing is left.
        verdict: of `same_layers` between the two lines, sequences as units; "" for too few.
        correlation_stderr: of the correlation, jackknife over sequences; NaN is -1.
    """

    values: dict[str, float]
    similarity: list[list[float]]
    drops: list[list[float]]
    layer_means: list[float]
    head_means: list[list[float]]
    verdict: str
    correlation_stderr: float


@eqx.filter_jit
def patterns_in(model: HandSet, tokens: Int[Array, "S T"]) -> Float[Array, "S L H T T"]:
    """Return the attention of a network in sequences."""
    return eqx.filter_vmap(lambda each: model.patterns(each))(tokens)


def measure(
    design: Design,
    arrangement: str,
    seed: int,
    network: int,
    sequences: int,
    windows: list[int],
    n_ends: int,
    keep_first: bool,
) -> Measured:
    """Return what is found of one network.

    Args:
        design: of all networks.
        arrangement: of `ARRANGEMENTS`.
        seed: of all networks.
        network: its number.
        sequences: of it, the same for both kinds of measurement.
        windows: lengths of the cut context; those of the lines must be among them.
        n_ends: positions of each sequence at which streams are compared.
        keep_first: put the first token in front of the cut context.
    """
    model = network_of(design, arrangement, seed=seed, network=network)
    tokens = random_tokens(
        sequences, design.n_positions, design.n_tokens, seed=1000 * network + seed
    )
    patterns = patterns_of(np.asarray(patterns_in(model, jnp.asarray(tokens))))
    half = design.n_positions // 2
    without = distances_of(patterns, Rule(found=True), half)
    with_sinks = distances_of(patterns, Rule(), half)
    found = truncation_similarity(model, tokens, windows, n_ends, keep_first=keep_first)
    drops = found.drops()
    means = without.mean("mean", layers=True)
    values = {
        "slope": octaves_per_layer(means),
        "slope with sinks": octaves_per_layer(with_sinks.mean("mean", layers=True)),
        "spread": float(np.nanstd(np.log2(means))),
    }
    lines = [drops[:, windows.index(k)] for k in LINES]
    for place, k in enumerate(windows):
        values[f"centroid {k}"] = _centroid(drops[:, place])
    value, error = drop_correlation(lines[0], lines[1])
    profiles = [line.mean(0) / line.mean(0).sum() for line in lines]
    values |= {
        "correlation": value,
        "overlap": 1 - float(np.abs(profiles[0] - profiles[1]).sum()) / 2,
    }
    if all(k in windows for k in _SHIFT):
        early, late = (_centroid(drops[:, windows.index(k)]) for k in _SHIFT)
        values["shift"] = late - early
    enough = sequences >= drops.shape[-1] + 2
    return Measured(
        values,
        found.mean().tolist(),
        drops.mean(0).tolist(),
        means.tolist(),
        without.mean("mean").tolist(),
        same_layers(lines[0], lines[1]).verdict if enough else "",
        error if np.isfinite(error) else -1.0,
    )


def octaves_per_layer(means: Float[np.ndarray, " L"]) -> float:
    """Return by how many octaves a mean distance grows per layer (least squares)."""
    there = np.isfinite(means) & (means > 0)
    place = np.flatnonzero(there) - np.flatnonzero(there).mean()
    return float(place @ np.log2(means[there]) / (place @ place)) if there.sum() > 1 else 0.0


def _centroid(drops: Float[np.ndarray, "S L"]) -> float:
    """Return the mean layer, from 1 on, of the losses."""
    mean = drops.mean(0)
    return float(mean @ np.arange(1, len(mean) + 1) / mean.sum())


@dataclass(frozen=True)
class Comparison:
    """All networks, by arrangement.

    Attributes:
        design: of the networks.
        found: arrangement -> one result for each network.
        windows: lengths of the cut context.
    """

    design: Design
    found: dict[str, list[Measured]]
    windows: tuple[int, ...]

    def values(self, name: str, arrangement: str) -> Float[np.ndarray, " n"]:
        """Return a measurement, one number for each network."""
        return np.array([one.values[name] for one in self.found[arrangement]])

    def area(self, name: str, pair: tuple[str, str]) -> Area:
        """Return how well a measurement tells two arrangements apart, as it is said to.

        Below 1/2 it says the opposite; where it is said to be alike, the first is taken for larger.
        """
        ranks = dict(zip(ARRANGEMENTS, SAID[name.rstrip(" 0123456789")], strict=True))
        first, second = (self.values(name, arrangement) for arrangement in pair)
        if ranks[pair[0]] < ranks[pair[1]]:
            first, second = second, first
        return area_of(first, second)

    def similarity(self, arrangement: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean cosine over networks, (K, layers), and its standard error."""
        return _over_networks([one.similarity for one in self.found[arrangement]])

    def drops(self, arrangement: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean losses over networks, (K, layers - 1), and their standard error."""
        return _over_networks([one.drops for one in self.found[arrangement]])

    def distances(self, arrangement: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean distance by layer over networks, (L,), and its standard error."""
        return _over_networks([one.layer_means for one in self.found[arrangement]])

    def correlation(self, arrangement: str) -> tuple[float, float]:
        """Return the correlation of losses between the two lines, mean over networks, and its error."""
        mean, stderr = _over_networks(self.values("correlation", arrangement))
        return float(mean), float(stderr)


def _over_networks(given) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(given, float)
    return np.asarray(values.mean(0)), np.asarray(values.std(0, ddof=1) / len(values) ** 0.5)


def compare(
    design: Design,
    n_networks: int = 20,
    sequences: int = 12,
    windows: Sequence[int] = WINDOWS,
    *,
    n_ends: int = 16,
    keep_first: bool = False,
    seed: int = 0,
    once: Once = anew,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Measure networks of each arrangement; those of one number differ in nothing else.

    Args:
        design: of the networks.
        n_networks: of each arrangement, at least 2.
        sequences: of each network.
        windows: lengths of the cut context, 5 and 10 among them.
        n_ends: positions of each sequence at which streams are compared.
        keep_first: put the first token, a sink's, in front of the cut context.
        seed: of all that is random.
        once: measures a network, or has it from an earlier run.
        progress: called with (networks done, networks in all).

    Returns:
        What was found of each.

    Raises:
        ValueError: for sizes that do not fit.
    """
    check_index("n_networks", n_networks, 2)
    check_index("sequences", sequences, 1)
    lines = all(k in windows for k in LINES)
    check(
        lines, "windows", f"must hold {LINES[0]} and {LINES[1]}, whose lines are compared", windows
    )
    room = design.n_positions - max(windows) - 1
    check(room >= 1, "windows", "must leave tokens of the sequence before them", windows)
    n_ends = min(n_ends, room)
    check_cost(
        partial(_cost, design, len(windows)),
        {"positions": design.n_positions, "sequences": sequences, "networks": n_networks},
    )
    found: dict[str, list[Measured]] = {name: [] for name in ARRANGEMENTS}
    total = n_networks * len(ARRANGEMENTS)
    for network in range(n_networks):
        for name in ARRANGEMENTS:
            sizes = (seed, network, sequences, list(windows), n_ends, keep_first)
            found[name].append(once(measure, design, name, *sizes))
            if progress is not None:
                progress(sum(map(len, found.values())), total)
    return Comparison(design, found, tuple(windows))


def _cost(design: Design, windows: int, positions: int, sequences: int, networks: int) -> Cost:
    """Return what a comparison takes, of one network in memory at once."""
    heads = design.n_layers * (design.n_heads + design.n_sinks)
    entries = 1.0 * heads * positions**2 * sequences
    streams = 8.0 * windows * sequences * 16 * (design.n_layers + design.in_place) * design.width
    return Cost(24 * entries + streams, 3 * networks * entries * design.width * 2e-9)


def amplified(design: Design, in_place: int, amplification: float | int) -> Design:
    """Return the design with layers behind that attend to nothing and spread differences."""
    return replace(design, in_place=in_place, amplification=float(amplification))
