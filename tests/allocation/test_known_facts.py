"""Facts about families of sets that are known in closed form."""

import numpy as np
import pytest
from jaxsuper import allocation, theory


def lines(q, redundancy):
    """All q^2 lines over GF(q), q prime, on redundancy·q neurons."""
    slope, shift = np.divmod(np.arange(q * q), q)
    groups = np.arange(redundancy)
    sets = groups * q + (slope[:, None] * groups + shift[:, None]) % q
    return allocation.Allocation(np.sort(sets, axis=1).astype(np.int32), redundancy * q)


@pytest.mark.parametrize("q, redundancy", [(5, 5), (11, 4), (23, 5), (31, 8)])
def test_transversal_designs(q, redundancy):
    """q^2 sets, every neuron in q of them, overlap rate 1/(S(q+1)) and not 1/(S q)."""
    table = lines(q, redundancy)
    assert len({tuple(row) for row in table.sets}) == q * q
    assert allocation.max_overlap(table) == 1
    assert (table.loads == q).all()
    assert table.overlap_rate == pytest.approx(1 / (redundancy * (q + 1)))
    assert table.overlap_rate != pytest.approx(1 / (redundancy * q), rel=0.01)


@pytest.mark.parametrize("width", [200, 250, 500])
@pytest.mark.parametrize("redundancy", [3, 4, 6, 10])
def test_order_of_the_bounds(width, redundancy):
    """Capacities stay below Johnson's bound, which stays below the count of pairs."""
    johnson = allocation.johnson_bound(width, redundancy)
    assert johnson <= theory.pair_count_bound(width, redundancy)
    for family in ("prime-steps", "transversal"):
        held = allocation.capacity(width, redundancy, family)
        assert held is not None and held <= johnson
    # Three quarters of it are exceeded: the bound is nearly attained.
    assert allocation.transversal_capacity(width, redundancy) > 0.75 * johnson


def test_bounds_that_are_attained():
    """The Fano plane uses every pair of its 7 neurons once."""
    assert theory.pair_count_bound(7, 3) == allocation.johnson_bound(7, 3) == 7


@pytest.mark.parametrize("family", ["prime-steps", "balanced-prime-steps", "transversal"])
@pytest.mark.parametrize("redundancy, count", [(3, 900), (5, 500), (8, 140)])
def test_overlaps_of_at_most_one(family, redundancy, count):
    assert allocation.max_overlap(allocation.allocate(200, redundancy, count, family)) == 1
