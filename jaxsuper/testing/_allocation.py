"""Laws that every family of allocations keeps, by its registered name."""

import numpy as np
from jaxtyping import Int

from .. import allocation, theory
from .._arrays import root_key


def pairwise_overlaps(table: allocation.Allocation) -> tuple[Int[np.ndarray, " pairs"], np.ndarray]:
    """Return the overlaps of all pairs through the T x n incidence matrix, and that matrix."""
    incidence = np.zeros((table.n_circuits, table.block_width), int)
    np.put_along_axis(incidence, table.sets, 1, axis=1)
    gram = incidence @ incidence.T
    return gram[np.triu_indices(table.n_circuits, 1)], incidence


def allocation_keeps_laws(
    family: str, block_width: int, redundancy: int, n_circuits: int, seed: int = 0
) -> None:
    """Check one size: shape, loads and members, overlaps and their rate, the overlap rule if it has one.

    Args:
        family: one of `allocation.families()`.
        block_width: n.
        redundancy: S.
        n_circuits: T.
        seed: of the key.

    Raises:
        AssertionError: for a law that is broken.
    """
    key = root_key(seed)
    table = allocation.allocate(block_width, redundancy, n_circuits, family, key=key)
    assert table.sets.shape == (n_circuits, redundancy)
    overlaps, incidence = pairwise_overlaps(table)
    assert (incidence.sum(axis=1) == redundancy).all()
    np.testing.assert_array_equal(table.loads, incidence.sum(axis=0))
    rebuilt = np.zeros_like(incidence)
    for neuron, members in enumerate(table.members):
        rebuilt[members[members < n_circuits], neuron] = 1
    np.testing.assert_array_equal(rebuilt, incidence)
    assert allocation.max_overlap(table) == (overlaps.max() if overlaps.size else 0)
    rate = (overlaps**2).mean() / redundancy**2 if overlaps.size else 0.0
    np.testing.assert_allclose(table.overlap_rate, rate, rtol=1e-12)
    mean = overlaps.mean() if overlaps.size else 0.0
    np.testing.assert_allclose(table.mean_overlap, mean, rtol=1e-12, atol=1e-15)
    if allocation.is_admissible(family):
        assert overlaps.size == 0 or overlaps.max() <= 1, "two sets share more than one neuron"
        assert n_circuits <= allocation.johnson_bound(block_width, redundancy)
        exact = theory.overlap_rate_from_loads(table.loads, redundancy, n_circuits)
        np.testing.assert_allclose(table.overlap_rate, exact, rtol=1e-12)
        bound = theory.overlap_rate_lower_bound(block_width, redundancy, n_circuits)
        assert table.overlap_rate >= bound - 1e-12


def check_family(name: str) -> None:
    """Check that a registered family keeps the laws, at widths 8 to 60 with up to all its circuits.

    Args:
        name: one of `allocation.families()`.

    Raises:
        AssertionError: for a law that it breaks.
        ValueError: for an unknown name.
    """
    for width in (8, 13, 30, 49, 60):
        for redundancy in (1, 3, 4, 7):
            limit = allocation.capacity(width, redundancy, name)
            for count in (1, 9, 80) if limit is None else sorted({1, max(1, limit // 2), limit}):
                if limit is None or 0 < count <= limit:
                    allocation_keeps_laws(name, width, redundancy, count)
