"""Which found thing is which true one: cosines, and the assignment that makes their sum largest."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array


# A direction counts as found from this cosine on.
FOUND = 0.9


class Match(NamedTuple):
    """An assignment of found units to circuits, one to one.

    Attributes:
        unit: (T,), the unit of each circuit; -1 where there are too few.
        cosine: (T,), of that pair; 0 where there is none.
    """

    unit: Int[np.ndarray, " T"]
    cosine: Float[np.ndarray, " T"]


def unit_rows(directions: Float[np.ndarray, "C D"]) -> Float[np.ndarray, "C D"]:
    """Return rows of norm 1; rows of zeros stay."""
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    return (directions / np.where(norms > 0, norms, 1)).astype(np.float32)


def span_cosines(
    directions: Float[np.ndarray, "C D"], spans: Sequence[csr_array]
) -> Float[np.ndarray, "C T"]:
    """Return the cosine between each direction and the nearest one in each circuit's span.

        cos(u, t) = ||P_t u|| / ||u||,    P_t the projection on the span of circuit t

    since the plane in which a circuit rotates has no basis of its own. Of a random direction its
    square is d / D in the mean.

    Args:
        directions: anything; the sign does not matter.
        spans: d matrices (T, D) of unit rows, see `spans`.

    Returns:
        Cosines in 0..1.
    """
    units = np.ascontiguousarray(unit_rows(directions).T)
    total = np.zeros((len(spans[0].indptr) - 1, directions.shape[0]), np.float32)
    for span in spans:
        part = span @ units
        total += part * part
    return np.sqrt(np.minimum(total, 1.0)).T


def cosines(
    directions: Float[np.ndarray, "C D"], true: Float[np.ndarray, "T D"]
) -> Float[np.ndarray, "C T"]:
    """Return the absolute cosines between found and true directions."""
    return np.abs(unit_rows(directions) @ unit_rows(true).T)


def best(scores: Float[np.ndarray, "C T"]) -> Match:
    """Return the one-to-one assignment with the largest sum of scores (Hungarian method).

    Args:
        scores: of each unit with each circuit; T = C = 4000 takes 64 MB and some seconds.

    Returns:
        For each circuit its unit.
    """
    n_circuits = scores.shape[1]
    unit, cosine = np.full(n_circuits, -1), np.zeros(n_circuits, np.float32)
    units, circuits = linear_sum_assignment(scores, maximize=True)
    unit[circuits], cosine[circuits] = units, scores[units, circuits]
    return Match(unit, cosine)
