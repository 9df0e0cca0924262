"""Laws that every family of allocations keeps, and the capacities it is known to have."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import allocation, Configuration, simulation, testing, theory
from jaxsuper.allocation import _overlaps


# Reference capacities of the prime steps (theory 2), by block width and redundancy.
CAPACITIES = {
    200: {3: 2473, 4: 1115, 5: 519, 6: 317, 8: 148, 10: 100, 12: 54},
    250: {3: 3854, 4: 1773, 5: 815, 6: 557, 8: 224, 10: 142, 12: 81},
    500: {3: 15437, 4: 7046, 5: 3237, 6: 2101, 8: 926, 10: 559, 12: 376},
    1000: {3: 61735, 4: 28284, 5: 12901, 6: 8243, 8: 3661, 10: 2240, 12: 1394},
}
KEY = jax.random.key(0)
ADMISSIBLE = [name for name in allocation.families() if allocation.is_admissible(name)]


@pytest.mark.parametrize("block_width", CAPACITIES)
def test_capacity_table(block_width):
    """By formula and by listing."""
    for redundancy, capacity in CAPACITIES[block_width].items():
        assert allocation.prime_step_capacity(block_width, redundancy) == capacity
        assert len(allocation.prime_step_family(block_width, redundancy)) == capacity


@pytest.mark.parametrize("redundancy", [1, 2, 3, 4, 6, 8, 9, 13])
def test_capacity_is_the_length_of_the_list(redundancy):
    for width in range(redundancy, 90):
        family = allocation.prime_step_family(width, redundancy)
        assert allocation.prime_step_capacity(width, redundancy) == len(family)
        first = allocation.prime_step_family(width, redundancy, 1 + len(family) // 2)
        np.testing.assert_array_equal(first, family[: 1 + len(family) // 2])


@pytest.mark.parametrize("redundancy", [*range(2, 21), 25])
def test_the_formula_is_the_sum_over_all_steps(redundancy):
    """Beyond S = 17 by steps in slices; without the step of length one per round it would differ."""
    from jaxsuper.allocation._prime_steps import _starts, admissible_steps

    for width in (*range(redundancy, redundancy + 40), 999, 5001, 54321):
        steps = admissible_steps(width, redundancy)
        expected = int(_starts(steps, width, redundancy).sum())
        assert allocation.prime_step_capacity(width, redundancy) == expected
        rounds = (width - steps * (redundancy - 1)) // (steps * redundancy)
        if width > 900:
            assert int((rounds * steps).sum()) < expected


def test_primes_of_an_interval():
    from jaxsuper.allocation._fields import nearest_prime_powers, prime_numbers, prime_powers

    primes = [p for p in range(2, 400) if all(p % q for q in range(2, p))]
    assert prime_numbers(2, 399) == primes
    assert prime_numbers(101, 399) == [p for p in primes if p > 100] and not prime_numbers(5, 2)
    assert prime_numbers(10**9 - 100, 10**9) == [999_999_929, 999_999_937]
    powers = prime_powers(2, 399)
    assert {4, 8, 9, 128, 243, 256, 343, 361} <= set(powers) and 12 not in powers
    at = sum(power <= 200 for power in powers)
    assert nearest_prime_powers(2, 399, 200, 5) == powers[at - 5 : at + 5]
    assert nearest_prime_powers(2, 5, 3, 9) == [2, 3, 4, 5]


def test_all_pairs_are_transversal():
    assert [allocation.transversal_capacity(n, 2) for n in range(2, 60)] == [
        len(allocation.transversal_family(n, 2)) for n in range(2, 60)
    ]


@pytest.mark.parametrize("count, family", [(558, "transversal"), (5000, "random")])
def test_advice_is_a_family_that_holds_them(count, family):
    with pytest.raises(ValueError, match=f"use the family '{family}'"):
        allocation.allocate(250, 6, count)
    assert allocation.allocate(250, 6, count, family).n_circuits == count


def test_capacities_of_wide_networks_are_not_listed():
    """8·10^11 sets of 6 could not be held; the bound is Johnson's, 3.3·10^12."""
    bound = allocation.johnson_bound(10_000_000, 6)
    assert 0.25 < allocation.prime_step_capacity(10_000_000, 6) / bound < 0.26
    assert 0.999 < allocation.transversal_capacity(10_000_000, 6) / bound <= 1


def test_capacity_without_extra_steps_is_rejected():
    """The family without the steps s·S^k, a plausible misreading, is smaller."""
    from jaxsuper.allocation._prime_steps import _progressions, admissible_steps

    steps = admissible_steps(250, 6).tolist()
    assert sum(len(_progressions(s, 250, 6)) for s in steps) == CAPACITIES[250][6]
    coprime = [s for s in steps if s % 2 and s % 3 and s % 5]
    assert sum(len(_progressions(s, 250, 6)) for s in coprime) < CAPACITIES[250][6]


@pytest.mark.parametrize("family", allocation.families())
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_laws(family, data):
    # A draw of random sets is one program for each T and S: few of them, on any width.
    random = allocation.capacity(60, 6, family) is None
    width = data.draw(st.integers(9 if random else 8, 60), label="block_width")
    sizes = st.sampled_from((1, 3, 9)) if random else st.integers(1, min(width, 9))
    redundancy = data.draw(sizes, label="redundancy")
    limit = allocation.capacity(width, redundancy, family)
    counts = st.sampled_from((1, 2, 9, 80)) if limit is None else st.integers(1, limit)
    count = data.draw(counts, label="n_circuits")
    testing.allocation_keeps_laws(family, width, redundancy, count, count)


def dense_pairs(n, s, t, key):
    """Sets of neighbours: two of them share up to S - 1 neurons."""
    return allocation.Allocation((np.arange(t)[:, None] + np.arange(s)).astype(np.int32) % n, n)


def test_families_from_outside(monkeypatch):
    """They are used by name and listed; one that breaks the rule it claims is noticed."""
    from jaxsuper.allocation import _registry

    assert tuple(ADMISSIBLE) == ("prime-steps", "balanced-prime-steps", "transversal")
    monkeypatch.setattr(_registry, "_FAMILIES", dict(_registry._FAMILIES))
    allocation.register("runs", dense_pairs, lambda n, s: n)
    allocation.register("wrong", dense_pairs, lambda n, s: n, admissible=True)
    assert allocation.families()[-2:] == ("runs", "wrong")
    assert allocation.capacity(50, 6, "runs") == 50
    testing.check_family("runs")
    with pytest.raises(AssertionError, match="share more than one"):
        testing.check_family("wrong")
    with pytest.raises(ValueError, match="`name` must be new, got 'random'"):
        allocation.register("random", dense_pairs)
    settings = Configuration(200, 40, allocation="runs", n_layers=2)
    assert simulation.prepare(settings).n_circuits == 40


@pytest.mark.parametrize("width, redundancy", [(250, 6), (250, 4), (500, 6), (200, 12)])
def test_whole_families_overlap_at_most_once(width, redundancy):
    count = allocation.prime_step_capacity(width, redundancy)
    table = allocation.prime_steps(width, redundancy, count)
    assert allocation.max_overlap(table) == 1


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
    table = allocation.random_sets(7, 3, 40_000, key=jax.random.key(1))
    share = table.loads / 40_000
    assert np.abs(share - 3 / 7).max() < sigmas * np.sqrt(3 / 7 * 4 / 7 / 40_000)
    pairs = np.zeros((7, 7))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        np.add.at(pairs, (table.sets[:, i], table.sets[:, j]), 1)
    pairs = (pairs + pairs.T)[np.triu_indices(7, 1)] / 40_000
    assert np.abs(pairs - 1 / 7).max() < sigmas * np.sqrt(1 / 7 * 6 / 7 / 40_000)
    # With replacement, a seventh of the second draws would repeat the first.
    assert (table.sets[:, 0] != table.sets[:, 1]).all()


@pytest.mark.parametrize("slice_", [1, 50, 4_000_000])
@pytest.mark.parametrize(
    "width, redundancy, count", [(12, 7, 30), (60, 3, 90), (9, 9, 4), (9, 1, 20)]
)
def test_overlaps_of_any_table(width, redundancy, count, slice_, monkeypatch):
    """Exact whichever product is taken and however it is sliced; T·S^2 and sum r^2 lie both ways."""
    monkeypatch.setattr(_overlaps, "_AT_ONCE", slice_)
    rng = np.random.default_rng(width)
    sets = np.array([rng.permutation(width)[:redundancy] for _ in range(count)], np.int32)
    table = allocation.Allocation(sets, width)
    overlaps, _ = testing.pairwise_overlaps(table)
    assert _overlaps.sum_of_squared_overlaps(sets, width) == 2 * (overlaps**2).sum()
    assert allocation.max_overlap(table) == overlaps.max()
    assert overlaps.max() > 1 or redundancy == 1


def test_one_repeated_pair_in_a_large_family_is_seen():
    """64 000 sets on 16 000 neurons that meet at most once, and one that shares two with another."""
    table = allocation.allocate(16_000, 6, 64_000)
    summary = allocation.diagnostics(table)
    assert summary["max_overlap"] == 1
    exact = theory.overlap_rate_from_loads(table.loads, 6, 64_000)
    np.testing.assert_allclose(summary["overlap_rate"], exact, rtol=1e-12)
    sets = table.sets.copy()
    sets[-1, :2] = sets[0, :2]
    assert allocation.max_overlap(allocation.Allocation(sets, 16_000)) == 2


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


def test_padding_counts_nothing():
    """What is added has no loads and no members, and padded tables have no overlap statistics."""
    table = allocation.prime_steps(40, 3, 50)
    padded = allocation.Padded(table, (60, 45, 4, 20))
    widened = allocation.Widened(table, 20)
    extent = allocation.extent_of(padded)
    counts = (extent.n_circuits, extent.block_width, extent.redundancy)
    assert tuple(int(count) for count in counts) == (50, 40, 3)
    assert allocation.extent_of(widened) == allocation.extent_of(table)
    assert (padded.n_circuits, padded.block_width, padded.redundancy) == (60, 45, 4)
    assert (padded.sets[50:] == 44).all() and (padded.sets[:, 3:] == 44).all()
    np.testing.assert_array_equal(padded.loads, (padded.members < 60).sum(axis=1))
    np.testing.assert_array_equal(widened.loads, (widened.members < 50).sum(axis=1))
    assert padded.loads.sum() == table.loads.sum()
    assert not any(hasattr(each, "overlap_rate") for each in (padded, widened))


def test_joined_allocations():
    """One set in each of two allocations, on separate neurons, shuffled independently."""
    parts = [allocation.prime_steps(20, 3, 24), allocation.random_sets(9, 2, 24, key=KEY)]
    joint = allocation.redundant(parts, key=KEY)
    assert (joint.n_circuits, joint.block_width, joint.redundancy) == (24, 29, 5)
    for part, columns in zip(parts, (joint.sets[:, :3], joint.sets[:, 3:] - 20), strict=True):
        order = lambda sets: sets[np.lexsort(sets.T)]
        np.testing.assert_array_equal(order(columns), order(part.sets))
        assert (columns != part.sets).any()
    with pytest.raises(ValueError, match="`allocations` must hold equally many sets"):
        allocation.redundant([parts[0], allocation.prime_steps(20, 3, 23)], key=KEY)
    with pytest.raises(ValueError, match="`allocations` must not be empty"):
        allocation.redundant([], key=KEY)


def test_johnson_bound():
    assert [allocation.johnson_bound(250, s) for s in (6, 8, 10)] == [2041, 1093, 675]
    assert allocation.johnson_bound(7, 3) == 7  # the Fano plane attains it
