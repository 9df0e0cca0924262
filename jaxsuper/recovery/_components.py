"""Scores of rank-one components of a layer's weights."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ._answer import Answer
from ._export import Export
from ._match import FOUND, span_cosines
from ._truth import spans


class Parts(NamedTuple):
    """The truth of a layer's weights: what belongs to each edge, and its rank-one pairs.

    Attributes:
        writes: (E, R), the neurons that an edge writes.
        reads: (E, R), those that it reads.
        blocks: (E, R, R), its weights between them, [to, from].
        part: (P,), the edge of each pair.
        u: (P, R), what a pair writes, at the neurons of its edge.
        v: (P, R), what it reads.
        sources: (E,), circuits.
        targets: (E,), circuits.
    """

    writes: Int[np.ndarray, "E R"]
    reads: Int[np.ndarray, "E R"]
    blocks: Float[np.ndarray, "E R R"]
    part: Int[np.ndarray, " P"]
    u: Float[np.ndarray, "P R"]
    v: Float[np.ndarray, "P R"]
    sources: Int[np.ndarray, " E"]
    targets: Int[np.ndarray, " E"]


def parts_of(export: Export, layer: int) -> Parts:
    """Return what belongs to each edge in the weights of a layer, k = 1..K-1."""
    truth, rows = export.truth, np.asarray(export.truth["rows"])
    sources, targets, part = (
        np.asarray(truth[name]).astype(np.int64)
        for name in (f"parts.{layer}.sources", f"parts.{layer}.targets", f"pairs.{layer}.part")
    )
    weights = np.asarray(truth[f"parts.{layer}.weights"])
    return Parts(
        np.asarray(truth[f"neurons.{layer}"])[targets].astype(np.int64),
        np.asarray(truth[f"neurons.{layer - 1}"])[sources].astype(np.int64),
        weights[:, rows][:, :, rows],
        part,
        np.asarray(truth[f"pairs.{layer}.u"])[:, rows],
        np.asarray(truth[f"pairs.{layer}.v"])[:, rows],
        sources,
        targets,
    )


def dense_pairs(
    parts: Parts, n_neurons: int
) -> tuple[Float[np.ndarray, "P D"], Float[np.ndarray, "P D"]]:
    """Return the pairs of the truth in the neurons of both layers: u and v."""
    u = np.zeros((len(parts.part), n_neurons), np.float32)
    v = np.zeros_like(u)
    np.put_along_axis(u, parts.writes[parts.part], parts.u, axis=1)
    np.put_along_axis(v, parts.reads[parts.part], parts.v, axis=1)
    return u, v


def edge_cosines(
    u: Float[np.ndarray, "C D"], v: Float[np.ndarray, "C D"], export: Export, layer: int
) -> Float[np.ndarray, "C E"]:
    """Return the cosine of each component with the nearest matrix that joins an edge's two spans.

        cos(u v^T, e) = ||P_target u|| ||P_source v|| / (||u|| ||v||)

    Args:
        u: what components write.
        v: what they read.
        export: the network.
        layer: k = 1..K-1.

    Returns:
        Cosines in 0..1.
    """
    truth = export.truth
    to = span_cosines(u, spans(export, layer))[:, np.asarray(truth[f"parts.{layer}.targets"])]
    of = span_cosines(v, spans(export, layer - 1))[:, np.asarray(truth[f"parts.{layer}.sources"])]
    return to * of


def component_scores(answer: Answer, export: Export, layer: int) -> dict[str, float]:
    """Return scores of the components of a layer.

    A component is that of the edge (without a program: the circuit) with which it has the largest
    cosine (`edge_cosines`); components of one `owner` go where most of their energy is, together.

        component_cosine     mean over edges of the best cosine among its components, 0 without any
        component_recall     share of edges that have a component with a cosine of 0.9 at least
        component_precision  components of 0.9 at least, at most as many per edge as its part has
                             pairs, over all that are not 0
        part_explained       mean over edges of max(0, 1 - ||part - sum of its components||^2 /
                             ||part||^2)
        explained            1 - ||W - sum of all components||^2 / ||W||^2
        explained_inside     the same over weights that circuits use (labels 1 and 2) alone
        explained_outside    over all other weights; the truth's own parts are 0 there
        drift                of components started at the truth's pairs:
                             sqrt(sum ||u v^T - u_p v_p^T||^2 / sum ||u_p v_p^T||^2)
        drift_cosine         mean cosine of u v^T with u_p v_p^T there

    Args:
        answer: what was found.
        export: the network.
        layer: k = 1..K-1.

    Returns:
        Scores by name; drifts only if the answer names pairs.
    """
    u, v = answer[f"components.{layer}.u"], answer[f"components.{layer}.v"]
    sizes = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    living = sizes > 0
    parts = parts_of(export, layer)
    scores = _shares(u, v, export, layer)
    if (name := f"components.{layer}.pair") in answer:
        scores |= _drift(u, v, parts, answer[name])
    empty = dict.fromkeys(
        ("component_cosine", "component_recall", "component_precision", "part_explained"), 0.0
    )
    if not living.any():
        return empty | scores
    u, v, sizes = u[living], v[living], sizes[living]
    near = edge_cosines(u, v, export, layer)
    edge = near.argmax(axis=1)
    if (name := f"components.{layer}.owner") in answer:
        _, owner = np.unique(answer[name][living], return_inverse=True)
        energy = np.zeros((owner.max() + 1, near.shape[1]), np.float32)
        np.add.at(energy, owner, (near * sizes[:, None]) ** 2)
        edge = energy.argmax(axis=1)[owner]
    cosine = near[np.arange(len(near)), edge]
    best = np.zeros(near.shape[1], np.float32)
    np.maximum.at(best, edge, cosine)
    hits = np.bincount(edge[cosine >= FOUND], minlength=len(best))
    most = np.bincount(parts.part, minlength=len(best))
    return scores | {
        "component_cosine": float(best.mean()),
        "component_recall": float((hits > 0).mean()),
        "component_precision": float(np.minimum(hits, most).sum() / len(u)),
        "part_explained": float(_explained(u, v, edge, parts).mean()),
    }


def _explained(u: np.ndarray, v: np.ndarray, edge: np.ndarray, parts: Parts) -> np.ndarray:
    """Return for each edge how much of its part the sum of its components explains."""
    energies = (parts.blocks**2).sum(axis=(1, 2))
    found = np.zeros(len(parts.blocks))
    for each in np.unique(edge):
        own_u, own_v = u[edge == each], v[edge == each]
        write, read = own_u[:, parts.writes[each]], own_v[:, parts.reads[each]]
        shared = np.einsum("cr,rq,cq->", write, parts.blocks[each], read, optimize=True)
        own = float(((own_u @ own_u.T) * (own_v @ own_v.T)).sum())
        if energies[each] > 0:
            found[each] = (2 * float(shared) - own) / energies[each]
    return np.maximum(found, 0)


def _shares(u: np.ndarray, v: np.ndarray, export: Export, layer: int) -> dict[str, float]:
    """Return how much of W all components together explain, inside and outside of circuits."""
    weights = np.asarray(export.model[f"layers.{layer}.weight"])
    inside = np.isin(np.asarray(export.truth[f"labels.{layer}"]), (1, 2))
    wrong, energy = (weights - u.T @ v) ** 2, weights**2
    found = {}
    for name, where in (("", None), ("_inside", inside), ("_outside", ~inside)):
        total = energy.sum() if where is None else energy[where].sum()
        missed = wrong.sum() if where is None else wrong[where].sum()
        if total > 0:
            found[f"explained{name}"] = float(1 - missed / total)
    return found


def _drift(u: np.ndarray, v: np.ndarray, parts: Parts, pair: np.ndarray) -> dict[str, float]:
    """Return how far components have gone from the pairs that they were started at."""
    # Differences of nearly equal squares: in double precision. Some were started elsewhere.
    started = pair >= 0
    pair, u, v = pair[started], u[started].astype(np.float64), v[started].astype(np.float64)
    if not len(pair):
        return {}
    edge, true_u, true_v = parts.part[pair], parts.u[pair], parts.v[pair]
    write = np.take_along_axis(u, parts.writes[edge], axis=1)
    read = np.take_along_axis(v, parts.reads[edge], axis=1)
    shared = (write * true_u).sum(axis=1) * (read * true_v).sum(axis=1)
    start = (true_u.astype(np.float64) ** 2).sum(axis=1) * (true_v.astype(np.float64) ** 2).sum(
        axis=1
    )
    now = (u**2).sum(axis=1) * (v**2).sum(axis=1)
    total = float(start.sum())
    apart = float((now + start - 2 * shared).sum())
    norms = np.sqrt(start * now)
    cosine = np.where(norms > 0, shared / np.where(norms > 0, norms, 1), 0)
    return {
        "drift": max(apart, 0.0) ** 0.5 / total**0.5 if total else 0.0,
        "drift_cosine": float(cosine.mean()),
    }
