"""Scores of edges between what was found in two layers, by hops."""

import numpy as np
from jaxtyping import Int

from ._answer import Answer
from ._export import Export, reported_of
from ._match import FOUND, span_cosines
from ._truth import paths, spans


# Directions whose cosines with all circuits are held at once.
_AT_ONCE = 4096


def circuits_of(
    directions: np.ndarray, export: Export, layer: int, threshold: float = FOUND
) -> Int[np.ndarray, " C"]:
    """Return the circuit whose span each direction lies in by a cosine of 0.9; -1 for none.

    Args:
        directions: (C, D).
        export: the network.
        layer: k.
        threshold: the least cosine.
    """
    planes, found = spans(export, layer), []
    for start in range(0, len(directions), _AT_ONCE):
        near = span_cosines(directions[start : start + _AT_ONCE], planes)
        found.append(np.where(near.max(axis=1) >= threshold, near.argmax(axis=1), -1))
    return np.concatenate(found)


def edge_scores(answer: Answer, export: Export, place: int, hops: int) -> dict[str, float]:
    """Return scores of the edges of so many hops from a reported layer.

    Both ends of an edge are circuits if their directions have a cosine of 0.9 at least with the span
    of one; true are the pairs of `paths`.

        edge_recall        share of true pairs that an edge has
        edge_precision     true pairs that were found (each counts once), over all edges handed in; a
                           circuit's path to itself is left out in programs beyond one hop
        edge_recall_found  recall among true pairs both of whose ends some edge or direction has

    Args:
        answer: what was found.
        export: the network.
        place: g of the first layer among the reported ones.
        hops: h.

    Returns:
        Scores by name; none where there is nothing to find.
    """
    true = paths(export, place, hops)
    if not len(true):
        return {}
    stem, layers = f"edges.{place}.{hops}", reported_of(export)
    ends = layers[place], layers[place + hops]
    if f"{stem}.sources" in answer:
        sources, targets = (circuits_of(answer[f"directions.{end}"], export, end) for end in ends)
        known = set(sources), set(targets)
        pairs = np.stack(
            [sources[answer[f"{stem}.sources"]], targets[answer[f"{stem}.targets"]]], axis=1
        )
    else:
        one, other = (
            circuits_of(answer[f"{stem}.{name}"], export, end)
            for name, end in zip(("reads", "writes"), ends, strict=True)
        )
        known, pairs = (set(one), set(other)), np.stack([one, other], axis=1)
    if hops > 1 and export.config.program:
        pairs = pairs[(pairs[:, 0] != pairs[:, 1]) | (pairs[:, 0] < 0)]
    found = {(int(s), int(t)) for s, t in pairs} & {(int(s), int(t)) for s, t in true}
    reachable = sum(s in known[0] and t in known[1] for s, t in true.tolist())
    scores = {
        "edge_recall": len(found) / len(true),
        "edge_precision": len(found) / max(len(pairs), 1),
    }
    if reachable:
        scores["edge_recall_found"] = len(found) / reachable
    return scores
