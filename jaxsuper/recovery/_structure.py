"""How sparse and modular weights look between neurons, true directions, found ones and random ones.

    G = B_k W_k B_{k-1}^T / (norms),    rows of B directions in activation space, unit length

G_ij is how strongly direction j of the layer before drives direction i. [S] expects of the true features
that "the network should look sparse and modular, up to noise". Source: ours; notes#parts-of-the-weights.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._errors import check
from .._limits import check_index
from ._export import Export
from ._match import span_cosines, unit_rows
from ._truth import spans


class Structure(NamedTuple):
    """Numbers of one matrix G, (C', C).

    Attributes:
        gini: of |G|, 0 if all entries are alike, near 1 if few have it all.
        participation: (sum G^2)^2 / sum G^4, how many entries share the power, as a share of all C' C.
        within: share of the power sum G^2 on entries whose two directions belong to the same circuit.
        modularity: `within` less what rows and columns of the same sums would have there by chance.
    """

    gini: float
    participation: float
    within: float
    modularity: float


def bases(
    export: Export,
    layer: int,
    found: Mapping[str, Float[np.ndarray, "C D"]] | None = None,
    seed: int = 0,
) -> dict[str, Float[np.ndarray, "C D"]]:
    """Return directions of a layer by the name of the basis.

    Args:
        export: the network.
        layer: k.
        found: others, by name.
        seed: of the random ones, which are as many as the true ones.

    Returns:
        `neurons`, `true` (the d directions of every circuit), `random`, and those found.
    """
    true = np.concatenate([span.toarray() for span in spans(export, layer)])
    draws = np.random.default_rng([seed, layer]).normal(size=true.shape)
    known = {"neurons": np.eye(true.shape[1]), "true": true, "random": draws}
    return {name: np.asarray(each, np.float32) for name, each in {**known, **(found or {})}.items()}


def structure(
    export: Export,
    layer: int,
    before: Float[np.ndarray, "C D"],
    after: Float[np.ndarray, "C D"],
) -> Structure:
    """Return how sparse and modular W_k is between two sets of directions.

    A direction belongs to the circuit whose span it is nearest to, in whatever basis.

    Args:
        export: the network.
        layer: k, from 1.
        before: directions of layer k - 1; length and sign do not matter.
        after: directions of layer k.

    Returns:
        The numbers.

    Raises:
        ValueError: for a layer without a matrix, or directions of another width.
    """
    check_index("layer", layer, 1)
    weights = np.asarray(export.model[f"layers.{layer}.weight"])
    for name, given in {"before": before, "after": after}.items():
        rule = f"must be (C, {len(weights)})"
        check(given.ndim == 2 and given.shape[1] == len(weights), name, rule, given.shape)
    drives = unit_rows(after) @ weights @ unit_rows(before).T
    read, written = (
        np.argmax(span_cosines(directions, spans(export, place)), axis=1)
        for directions, place in ((before, layer - 1), (after, layer))
    )
    return structure_of(drives, written, read)


def structure_of(
    drives: Float[np.ndarray, "R C"], written: np.ndarray, read: np.ndarray
) -> Structure:
    """Return the numbers of a matrix whose rows and columns belong to circuits.

    Args:
        drives: G.
        written: (R,), the circuit of each row.
        read: (C,), that of each column.
    """
    power = np.asarray(drives, np.float64) ** 2
    total = power.sum()
    sizes = np.sort(np.sqrt(power).ravel())
    n = sizes.size
    if total == 0:
        return Structure(0.0, 0.0, 0.0, 0.0)
    gini = 2 * (np.arange(1, n + 1) @ sizes) / (n * sizes.sum()) - (n + 1) / n
    same = written[:, None] == read[None]
    within = power[same].sum() / total
    by_row, by_column = (
        np.bincount(owner, sums, 1 + max(written.max(), read.max())) / total
        for owner, sums in ((written, power.sum(axis=1)), (read, power.sum(axis=0)))
    )
    share = total**2 / (power**2).sum() / n
    return Structure(float(gini), float(share), float(within), float(within - by_row @ by_column))
