"""Laws that every family of allocations keeps, and the capacities it is known to have."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import allocation, theory


# Reference capacities of the prime steps (notes#allocations), by block width and redundancy.
CAPACITIES = {
    200: {3: 2473, 4: 1115, 5: 519, 6: 317, 8: 148, 10: 100, 12: 54},
    250: {3: 3854, 4: 1773, 5: 815, 6: 557, 8: 224, 10: 142, 12: 81},
    500: {3: 15437, 4: 7046, 5: 3237, 6: 2101, 8: 926, 10: 559, 12: 376},
    1000: {3: 61735, 4: 28284, 5: 12901, 6: 8243, 8: 3661, 10: 2240, 12: 1394},
}
ADMISSIBLE = ("prime-steps", "balanced-prime-steps", "transversal")


def brute_overlaps(design):
    """All pairwise overlaps through the T x n incidence matrix."""
    incidence = np.zeros((design.n_circuits, design.block_width), int)
    np.put_along_axis(incidence, design.sets, 1, axis=1)
    gram = incidence @ incidence.T
    return gram[np.triu_indices(design.n_circuits, 1)], incidence


@pytest.mark.parametrize("block_width", CAPACITIES)
def test_capacity_table(block_width):
    found = {s: allocation.prime_step_capacity(block_width, s) for s in CAPACITIES[block_width]}
    assert found == CAPACITIES[block_width]


def test_capacity_without_extra_steps_is_rejected():
    """The family without the steps s·S^k, a plausible misreading, is smaller."""
    from jaxsuper.allocation._prime_steps import _progressions, admissible_steps

    coprime = [s for s in admissible_steps(250, 6) if s % 2 and s % 3 and s % 5]
    assert sum(len(_progressions(s, 250, 6)) for s in coprime) < CAPACITIES[250][6]


@pytest.mark.parametrize("family", allocation.families())
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_laws(family, data):
    width = data.draw(st.integers(8, 60), label="block_width")
    redundancy = data.draw(st.integers(1, min(width, 9)), label="redundancy")
    limit = allocation.capacity(width, redundancy, family) or 80
    count = data.draw(st.integers(1, limit), label="n_circuits")
    design = allocation.allocate(width, redundancy, count, family, key=jax.random.key(count))
    assert design.sets.shape == (count, redundancy)
    overlaps, incidence = brute_overlaps(design)
    assert (incidence.sum(axis=1) == redundancy).all()
    np.testing.assert_array_equal(design.loads, incidence.sum(axis=0))
    rebuilt = np.zeros_like(incidence)
    for neuron, members in enumerate(design.members):
        rebuilt[members[members < count], neuron] = 1
    np.testing.assert_array_equal(rebuilt, incidence)
    assert allocation.max_overlap(design) == (overlaps.max() if overlaps.size else 0)
    rate = (overlaps**2).mean() / redundancy**2 if overlaps.size else 0.0
    np.testing.assert_allclose(design.overlap_rate, rate, rtol=1e-12)
    np.testing.assert_allclose(
        design.mean_overlap, overlaps.mean() if overlaps.size else 0.0, rtol=1e-12, atol=1e-15
    )
    if family in ADMISSIBLE:
        assert overlaps.size == 0 or overlaps.max() <= 1
        assert count <= allocation.johnson_bound(width, redundancy)
        exact = theory.overlap_rate_from_loads(design.loads, redundancy, count)
        np.testing.assert_allclose(design.overlap_rate, exact, rtol=1e-12)
        bound = theory.overlap_rate_lower_bound(width, redundancy, count)
        assert design.overlap_rate >= bound - 1e-12


@pytest.mark.parametrize("width, redundancy", [(250, 6), (250, 4), (500, 6), (200, 12)])
def test_whole_families_overlap_at_most_once(width, redundancy):
    count = allocation.prime_step_capacity(width, redundancy)
    design = allocation.prime_steps(width, redundancy, count)
    assert allocation.max_overlap(design) == 1


def test_published_loads():
    """Use counts 2..14 around 12 at n=250, T=500, S=6; e is 5.6 % above rho at T=557 + its 1/T."""
    loads = allocation.prime_steps(250, 6, 500).loads
    assert (loads.min(), loads.max(), loads.mean()) == (2, 14, 12)
    full = allocation.prime_steps(250, 6, 557)
    assert (full.loads.min(), full.loads.max()) == (5, 17)
    assert full.overlap_rate / theory.overlap_rate_lower_bound(250, 6, 557) == pytest.approx(
        1.056, abs=0.005
    )


@pytest.mark.parametrize("count", [100, 200, 300, 450])
def test_balancing_evens_the_loads(count):
    plain = allocation.prime_steps(250, 6, count)
    balanced = allocation.balanced_prime_steps(250, 6, count)
    assert balanced.loads.std() < 0.85 * plain.loads.std()
    assert balanced.overlap_rate < plain.overlap_rate
    assert len(np.unique(np.sort(balanced.sets, axis=1), axis=0)) == count


def test_random_sets_are_uniform(sigmas):
    """Each neuron is in a set with probability S/n and each pair with S(S-1)/(n(n-1))."""
    design = allocation.random_sets(7, 3, 40_000, key=jax.random.key(1))
    share = design.loads / 40_000
    assert np.abs(share - 3 / 7).max() < sigmas * np.sqrt(3 / 7 * 4 / 7 / 40_000)
    pairs = np.zeros((7, 7))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        np.add.at(pairs, (design.sets[:, i], design.sets[:, j]), 1)
    pairs = (pairs + pairs.T)[np.triu_indices(7, 1)] / 40_000
    assert np.abs(pairs - 1 / 7).max() < sigmas * np.sqrt(1 / 7 * 6 / 7 / 40_000)
    # With replacement, a seventh of the second draws would repeat the first.
    assert (design.sets[:, 0] != design.sets[:, 1]).all()


def test_random_breaks_the_overlap_rule():
    assert allocation.max_overlap(allocation.random_sets(50, 6, 100, key=jax.random.key(0))) > 1


def test_auto_takes_what_fits():
    assert allocation.allocate(250, 6, 600, "auto").family == "transversal"
    assert allocation.allocate(250, 6, 2042, "auto").family == "random"


@pytest.mark.parametrize("width, redundancy, count", [(250, 6, 557), (250, 10, 90), (40, 6, 20)])
def test_auto_has_the_lowest_overlap_rate(width, redundancy, count):
    chosen = allocation.allocate(width, redundancy, count, "auto")
    fitting = [name for name in ADMISSIBLE if count <= allocation.capacity(width, redundancy, name)]
    rates = [allocation.allocate(width, redundancy, count, name).overlap_rate for name in fitting]
    assert chosen.overlap_rate == min(rates)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((250, 6, 558), "`n_circuits` must be at most 557"),
        ((250, 251, 1), "`redundancy` must be at most the block width 250"),
        ((250, 6, 0), "`n_circuits` must be at least 1"),
        ((250, 0, 5), "`redundancy` must be at least 1"),
        ((250, 6, 10, "prime-step"), "did you mean 'prime-steps'"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        allocation.allocate(*arguments)


@pytest.mark.parametrize(
    "sets, message",
    [([[0, 0]], "name each neuron once"), ([[0, 9]], "must lie in 0..4"), ([[]], "at least one")],
)
def test_bad_tables_are_refused(sets, message):
    with pytest.raises(ValueError, match=message):
        allocation.Allocation(np.array(sets, dtype=np.int32), 5)


def test_johnson_bound():
    assert [allocation.johnson_bound(250, s) for s in (6, 8, 10)] == [2041, 1093, 675]
    assert allocation.johnson_bound(7, 3) == 7  # the Fano plane attains it
