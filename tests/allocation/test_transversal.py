"""Fields, capacities, loads and overlaps of the transversal designs."""

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.allocation._fields import Field, prime_power, prime_powers
from jaxsuper.allocation._transversal import lines


# At least q^2 lines for the largest prime power q with S·q <= n, and more with the fill.
AT_LEAST = {(250, 6): 1700, (250, 8): 980, (250, 10): 529, (1000, 6): 26569, (250, 3): 6889}


@pytest.mark.parametrize("q", [2, 4, 7, 8, 9, 16, 25, 27, 32, 49])
def test_field_axioms(q):
    """Addition and products are groups, and every a·x + c = y has one solution for each a ≠ 0."""
    field, all_ = Field(q), np.arange(q)
    a, b = np.meshgrid(all_, all_, indexing="ij")
    total, product = field.add(a, b), field.multiply(a, b)
    np.testing.assert_array_equal(np.sort(total, axis=0), a)
    np.testing.assert_array_equal(np.sort(product[1:, 1:], axis=1), np.tile(all_[1:], (q - 1, 1)))
    np.testing.assert_array_equal(total, total.T)
    np.testing.assert_array_equal(product, product.T)
    np.testing.assert_array_equal(product[1], all_)
    assert (product[0] == 0).all()
    c = np.full_like(a, q - 1)
    np.testing.assert_array_equal(
        field.multiply(a, field.add(b, c)), field.add(product, field.multiply(a, c))
    )
    np.testing.assert_array_equal(
        field.multiply(field.multiply(a, b), c), field.multiply(a, field.multiply(b, c))
    )


def test_integers_modulo_a_prime_power_are_rejected():
    """Arithmetic modulo 9, the plausible mistake, has lines that meet three times."""
    a, c = np.divmod(np.arange(81), 9)
    wrong = np.stack([(a * x + c) % 9 + 9 * x for x in range(4)], axis=1)
    assert allocation.max_overlap(allocation.Allocation(wrong.astype(np.int32), 36)) > 1
    right = lines(9, 4, np.arange(9)).astype(np.int32)
    assert allocation.max_overlap(allocation.Allocation(right, 36)) == 1


def test_prime_powers():
    assert prime_powers(1, 32) == [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 19, 23, 25, 27, 29, 31, 32]
    assert prime_power(343) == (7, 3)
    with pytest.raises(ValueError, match="`q` must be a prime power, got 6"):
        Field(6)


@pytest.mark.parametrize("width, redundancy", AT_LEAST)
def test_capacities(width, redundancy):
    count = allocation.transversal_capacity(width, redundancy)
    assert AT_LEAST[width, redundancy] <= count <= allocation.johnson_bound(width, redundancy)
    sets = allocation.transversal_family(width, redundancy)
    assert sets.shape == (count, redundancy)
    assert allocation.max_overlap(allocation.Allocation(sets, width)) == 1
    assert count > 1.4 * allocation.prime_step_capacity(width, redundancy)


@pytest.mark.parametrize("q", [2, 3, 4, 5, 7, 8, 9])
def test_planes(q):
    """Affine planes hold q^2 + q sets, projective ones q^2 + q + 1: the Johnson bound."""
    for width, redundancy, count in (
        (q**2, q, q**2 + q),
        (q**2 + q + 1, q + 1, q**2 + q + 1),
    ):
        assert allocation.transversal_capacity(width, redundancy) == count
        assert allocation.johnson_bound(width, redundancy) == count
        table = allocation.transversal(width, redundancy, count)
        assert allocation.max_overlap(table) == 1
        assert np.ptp(table.loads) == 0


@pytest.mark.parametrize(
    "width, redundancy, count",
    [(250, 6, 557), (250, 6, 1681), (250, 3, 557), (250, 10, 557), (125, 3, 1600), (200, 12, 144)],
)
def test_loads_are_even(width, redundancy, count):
    table = allocation.transversal(width, redundancy, count)
    assert np.ptp(table.loads) <= 2
    assert allocation.max_overlap(table) == 1
    bound = theory.overlap_rate_lower_bound(width, redundancy, count)
    assert table.overlap_rate == pytest.approx(bound, rel=0.01)


def test_a_random_subset_of_lines_is_uneven():
    sets = lines(41, 6, np.arange(41))
    chosen = np.random.default_rng(0).choice(len(sets), 557, replace=False)
    assert np.ptp(np.bincount(sets[chosen].ravel())) > 8


def test_disjoint_if_there_is_room():
    assert allocation.transversal(50, 4, 12).loads.max() == 1


def test_large_transversals():
    """16 000 sets on 4000 neurons: a T x n table alone would be 64 million entries."""
    table = allocation.transversal(4000, 6, 16_000)
    assert np.ptp(table.loads) <= 2
    assert allocation.max_overlap(table) == 1


def test_too_many():
    with pytest.raises(ValueError, match="must be at most 2011, the capacity of transversal"):
        allocation.transversal(250, 6, 2012)
