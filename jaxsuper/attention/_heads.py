"""Kinds of heads whose range is known: what each key scores, as numbers that a network holds.

A target scores 1, any other key 0, and the softmax has a temperature: with m targets among q + 1 keys
each takes e^(1/t) / (m e^(1/t) + q + 1 - m) of the query (theory.target_share).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .._errors import check, one_of
from .._limits import check_index, check_number


KINDS = ("window", "match", "induction", "sink")
# A sink that takes what has no other place to go scores less than a target, and more than the rest.
FALLBACK = 0.5


@dataclass(frozen=True)
class Head:
    """A head whose attention is set by hand.

    Attributes:
        kind: "window": the keys that are near..far tokens back (previous token: 1..1); "match": keys
            with the query's own token, at least `near` back; "induction": keys that followed the
            query's token, at least `near` back; "sink": the first position.
        near: the least distance of a target.
        far: the largest, of a window.
        sink: what the first position scores besides; `FALLBACK` takes what finds no target.
    """

    kind: str = "window"
    near: int = 1
    far: int = 1
    sink: float = 0.0

    def __post_init__(self):
        one_of(KINDS, self.kind, "kind")
        check_index("near", self.near, 0)
        check_index("far", self.far, 0)
        check(self.near <= self.far or self.kind != "window", "far", "must reach `near`", self.far)
        check_number("sink", self.sink)


PREVIOUS = Head("window", 1, 1)
SINK = Head("sink")


@dataclass(frozen=True)
class Scores:
    """The numbers of all heads, of L layers with H heads each.

    Attributes:
        by_distance: (L, H, T), score of a key d tokens back.
        match: (L, H), of a key with the query's token.
        induction: (L, H), of a key that followed it.
        near: (L, H), least distance of these two.
        sink: (L, H), of the first position.
    """

    by_distance: Float[np.ndarray, "L H T"]
    match: Float[np.ndarray, "L H"]
    induction: Float[np.ndarray, "L H"]
    near: Float[np.ndarray, "L H"]
    sink: Float[np.ndarray, "L H"]


def scores_of(layers: Sequence[Sequence[Head]], n_positions: int) -> Scores:
    """Return the scores of layers of heads.

    Args:
        layers: of equally many heads each.
        n_positions: T; windows reach as far as there are positions.

    Raises:
        ValueError: for layers of unequal length.
    """
    check(len(layers) > 0 and len(layers[0]) > 0, "layers", "must have heads", "none")
    same = all(len(layer) == len(layers[0]) for layer in layers)
    check(same, "layers", "must have equally many heads each", [len(layer) for layer in layers])
    each = lambda value: np.array([[value(h) for h in layer] for layer in layers], np.float32)
    distance = np.arange(n_positions)
    window = each(lambda h: (h.kind == "window") * ((distance >= h.near) & (distance <= h.far)))
    return Scores(
        window,
        each(lambda h: h.kind == "match"),
        each(lambda h: h.kind == "induction"),
        each(lambda h: h.near),
        each(lambda h: max(h.sink, h.kind == "sink")),
    )
