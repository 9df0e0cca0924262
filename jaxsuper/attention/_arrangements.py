"""The same heads, arranged in three ways: by range, against it, or every layer mixing both.

A network draws the ranges of its heads, log-uniform; only where they stand differs between the
arrangements. So whatever tells these apart has seen where, and not what, is attended to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float

from .._arrays import root_key
from .._errors import check, one_of
from .._limits import check_index, check_number, check_positive, check_seed
from ._heads import FALLBACK, Head, SINK
from ._transformer import HandSet


ARRANGEMENTS = ("specialised", "reversed", "unspecialised")
# From this range on half of the heads look for content.
_LONG = 12.0


@dataclass(frozen=True)
class Design:
    """What networks of a comparison have in common.

    Attributes:
        n_layers: that attend.
        n_heads: of each, besides sinks.
        n_sinks: heads of each layer that attend to the first position alone.
        n_positions: T.
        n_tokens: V.
        width: D.
        longest: the largest range; the least is 1.
        order: how strictly ranges follow the layers: 1 sorts them, 0 leaves them to chance.
        temperature: of the softmax.
        gain: of what layers add.
        in_place: layers behind that attend to nothing, and spread differences.
        amplification: of these.
        early_sink: score of the first position in all heads of the first half of the layers.
    """

    n_layers: int = 6
    n_heads: int = 4
    n_sinks: int = 1
    n_positions: int = 128
    n_tokens: int = 50
    width: int = 48
    longest: float = 60.0
    order: float = 1.0
    temperature: float = 0.1
    gain: float = 1.0
    in_place: int = 0
    amplification: float = 1.0
    early_sink: float = 0.0

    def __post_init__(self):
        for name in ("n_layers", "n_heads"):
            check_index(name, getattr(self, name))
        for name in ("n_sinks", "in_place"):
            check_index(name, getattr(self, name), 0)
        check_index("n_positions", self.n_positions, 8)
        for name in ("longest", "order", "amplification", "early_sink"):
            check_number(name, getattr(self, name))
        check_positive("temperature", self.temperature)
        rule = f"must lie in 2..{self.n_positions // 2}, half of the positions"
        check(2 <= self.longest <= self.n_positions // 2, "longest", rule, self.longest)
        check(0 <= self.order <= 1, "order", "must lie in 0..1", self.order)


def arranged(
    ranges: Float[np.ndarray, " heads"],
    arrangement: str,
    n_layers: int,
    order: float | int,
    draws: np.random.Generator,
) -> Float[np.ndarray, "L H"]:
    """Return which range stands where.

    Args:
        ranges: of L H heads.
        arrangement: of `ARRANGEMENTS`. Unspecialised deals sorted ranges out in rounds, so that every
            layer has short and long ones.
        n_layers: L.
        order: 1 sorts by range alone, 0 by chance alone.
        draws: what is random.
    """
    one_of(ARRANGEMENTS, arrangement, "arrangement")
    count = len(ranges)
    if arrangement == "unspecialised":
        rounds = np.sort(ranges).reshape(-1, n_layers)
        return np.stack([draws.permutation(each) for each in rounds], 1)
    ranks = np.argsort(np.argsort(ranges)) / max(count - 1, 1)
    placed = np.argsort(order * ranks + (1 - order) * draws.random(count), kind="stable")
    by_layer = ranges[placed].reshape(n_layers, -1)
    return by_layer if arrangement == "specialised" else by_layer[::-1]


def heads_of(
    design: Design, arrangement: str, *, seed: int = 0, network: int = 0
) -> list[list[Head]]:
    """Return the heads of a network; those of the same seed and number are the same in each arrangement.

    Args:
        design: the sizes.
        arrangement: of `ARRANGEMENTS`.
        seed: of all networks.
        network: its number.
    """
    check_seed("seed", seed)
    check_index("network", network, 0)
    draws = np.random.default_rng([seed, network])
    count = design.n_layers * design.n_heads
    # One in each of as many equal parts of the logarithm: no network has short ranges alone.
    places = (draws.permutation(count) + draws.random(count)) / count
    ranges = design.longest**places
    content = draws.random(count) < 0.5
    looks = dict(zip(ranges.tolist(), content.tolist(), strict=True))
    layers = arranged(ranges, arrangement, design.n_layers, design.order, draws)
    made = []
    for place, layer in enumerate(layers):
        early = design.early_sink if place < design.n_layers // 2 else 0.0
        heads = [_head(float(reach), looks[float(reach)], early) for reach in layer]
        made.append([*heads, *[SINK] * design.n_sinks])
    return made


def _head(reach: float, content: bool, sink: float) -> Head:
    """Return a head whose targets are about as far as it is to reach."""
    near, far = max(1, round(reach / 1.5)), max(1, round(reach))
    if reach >= _LONG and content:
        return Head("match" if round(reach) % 2 else "induction", near, sink=max(sink, FALLBACK))
    return Head("window", near, far, sink)


def network_of(design: Design, arrangement: str, *, seed: int = 0, network: int = 0) -> HandSet:
    """Return a network of known ranges.

    Args:
        design: the sizes.
        arrangement: of `ARRANGEMENTS`.
        seed: of all networks.
        network: its number.
    """
    layers = heads_of(design, arrangement, seed=seed, network=network)
    key = jax.random.fold_in(jax.random.fold_in(root_key(seed), network), 29)
    return HandSet.random(
        layers,
        design.n_positions,
        key=key,
        n_tokens=design.n_tokens,
        width=design.width,
        temperature=design.temperature,
        gain=design.gain,
        in_place=design.in_place,
        amplification=design.amplification,
    )


def ranges_of(layers: Sequence[Sequence[Head]]) -> Float[np.ndarray, "L H"]:
    """Return the mean distance of each head's targets, NaN where tokens decide it."""
    middle = lambda head: (head.near + head.far) / 2 if head.kind == "window" else np.nan
    return np.array([[middle(head) for head in layer] for layer in layers])
