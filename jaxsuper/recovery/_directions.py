"""Scores of directions and of indicators, by layer."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from ._export import Export
from ._match import best, cosines, FOUND, Match, span_cosines
from ._truth import spans, templates


# Columns that are ranked at once.
_COLUMNS = 256


def alive(directions: Float[np.ndarray, "C D"]) -> Float[np.ndarray, "M D"]:
    """Return the directions that are not 0: units that were never used are no claim."""
    return directions[np.linalg.norm(directions, axis=1) > 0]


def direction_scores(
    directions: Float[np.ndarray, "C D"], export: Export, layer: int
) -> tuple[dict[str, float], Match]:
    """Return scores of directions in a reported layer.

        cosine          mean over circuits of |cos| of the matched direction with the circuit's mean
                        activity (`templates`); circuits without a direction count as 0
        cosine_span     the same of the cosine with the nearest direction in the circuit's span of d
                        dimensions: a circuit's plane has no basis of its own
        recall          share of circuits whose matched cosine_span is at least 0.9
        precision       share of directions that are matched so; a second direction of a circuit is
                        matched to another one, or to none

    Both matchings are one to one and maximise the sum of cosines (Hungarian method). Of D / d circuits
    with disjoint spans a single random direction has the mean matched cosine_span^2 of H_(D/d) d / D,
    H the harmonic number, where d = 2.

    Args:
        directions: found; rows of 0 are left out.
        export: the network.
        layer: k, a reported one.

    Returns:
        Scores by name, and the matching by span, whose units count the rows that are not 0.
    """
    found = alive(directions)
    n_circuits = int(export.config.n_circuits)
    if not len(found):
        none = Match(np.full(n_circuits, -1), np.zeros(n_circuits, np.float32))
        return dict.fromkeys(("cosine", "cosine_span", "recall", "precision"), 0.0), none
    strict = best(cosines(found, templates(export, layer)))
    match = best(span_cosines(found, spans(export, layer)))
    hits = int((match.cosine >= FOUND).sum())
    return {
        "cosine": float(strict.cosine.mean()),
        "cosine_span": float(match.cosine.mean()),
        "recall": hits / n_circuits,
        "precision": hits / len(found),
    }, match


def correlations(
    predicted: Float[np.ndarray, "N C"], true: Float[np.ndarray, "N T"]
) -> Float[np.ndarray, "C T"]:
    """Return the correlation of each predicted with each true indicator; 0 where one is constant."""
    return _standard(predicted).T @ _standard(true)


def _standard(table: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and norm 1; 0 for constant ones."""
    centred = table - table.mean(axis=0, keepdims=True)
    norms = np.linalg.norm(centred, axis=0, keepdims=True)
    # Of a constant the centred values are rounding errors.
    floor = 1e-5 * np.abs(table).max(axis=0, keepdims=True) * len(table) ** 0.5
    return np.where(norms > floor, centred / np.where(norms > 0, norms, 1), 0)


def areas(
    predicted: Float[np.ndarray, "N M"], true: Float[np.ndarray, "N M"]
) -> Float[np.ndarray, " M"]:
    """Return the area under the ROC curve of each column: P(a sample that is on ranks higher).

        AUC = (sum of ranks of those on - n_on (n_on + 1) / 2) / (n_on n_off),    ties share ranks

    Args:
        predicted: any numbers.
        true: 0 and 1.

    Returns:
        Areas; NaN where all samples are the same.
    """
    found = []
    for start in range(0, predicted.shape[1], _COLUMNS):
        ranks = rankdata(predicted[:, start : start + _COLUMNS], axis=0)
        on = true[:, start : start + _COLUMNS].astype(np.float64)
        n_on = on.sum(axis=0)
        pairs = n_on * (len(on) - n_on)
        area = ((ranks * on).sum(axis=0) - n_on * (n_on + 1) / 2) / np.where(pairs > 0, pairs, 1)
        found.append(np.where(pairs > 0, area, np.nan))
    return np.concatenate(found).astype(np.float32)


def indicator_scores(
    predicted: Float[np.ndarray, "N C"], true: Float[np.ndarray, "N T"]
) -> tuple[dict[str, float], Float[np.ndarray, " T"]]:
    """Return how well units say who is on, measured on samples that did not match them.

        auc     mean over circuits of the area under the ROC curve of the matched unit
        r2      mean over circuits of max(0, correlation)^2, what the best line through it explains

    Units are matched to circuits by their correlation in the even samples (one to one, Hungarian), and
    scored in the odd ones: of random units the mean area is 1/2, however many there are to choose
    from. Circuits that have no unit count as 1/2 and 0; those that are always or never on in either
    half are left out.

    Args:
        predicted: larger means rather on.
        true: 0 and 1.

    Returns:
        Scores by name, none if no circuit can be scored; and the area of each circuit, NaN for those
        that are left out.
    """
    match = best(correlations(predicted[::2], true[::2]))
    counted = [half.any(axis=0) & ~half.all(axis=0) for half in (true[::2], true[1::2])]
    scored = np.flatnonzero(counted[0] & counted[1])
    if not len(scored):
        return {}, np.full(true.shape[1], np.nan)
    matched = scored[(match.unit[scored] >= 0) & (match.cosine[scored] > 0)]
    auc, r2 = np.full(true.shape[1], 0.5), np.zeros(true.shape[1])
    if len(matched):
        guess, fact = predicted[1::2][:, match.unit[matched]], true[1::2][:, matched]
        auc[matched] = areas(guess, fact)
        r2[matched] = np.maximum((_standard(guess) * _standard(fact)).sum(axis=0), 0) ** 2
    left = np.ones(true.shape[1], bool)
    left[scored] = False
    auc[left] = np.nan
    return {"auc": float(auc[scored].mean()), "r2": float(r2[scored].mean())}, auc
