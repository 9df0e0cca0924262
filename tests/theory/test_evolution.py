"""State evolution as a computation: what it may not depend on, and what its draws must obey."""

import dataclasses

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.theory.evolution import _erroneous, _meetings, _population


def loads_of(n, S, T):
    sets = allocation.prime_steps(n, S, T)
    return sets.loads[sets.sets]


def test_order_of_the_sets_does_not_matter():
    """Layers are shuffled: a network's sets must give the digits of the allocation's."""
    loads = loads_of(100, 4, 200)
    rng = np.random.default_rng(1)
    shuffled = rng.permuted(loads[rng.permutation(len(loads))], axis=1)
    assert not np.array_equal(loads, shuffled)
    for form in (
        lambda table: theory.state_evolution(table, 100, 2, 3),
        lambda table: theory.separate_evolution(table, 100, loads, 100, 2, 3),
        lambda table: theory.separate_evolution(loads, 100, table, 100, 2, 3),
    ):
        right, ours = form(loads), form(shuffled)
        assert all(np.array_equal(right[metric], ours[metric]) for metric in right)


def test_other_seed_other_digits():
    loads = loads_of(100, 4, 200)
    one, two = (theory.state_evolution(loads, 100, 2, 3, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one["mse_x_active"], two["mse_x_active"])
    assert one["mse_on_inactive"] == pytest.approx(two["mse_on_inactive"], rel=0.2)


def test_size_is_bounded():
    """A wide network is tracked by no more circuits than a narrow one."""
    small = _population.populate(np.full((300, 6), 12), 150, 1, 1.0, "scalar")
    wide = _population.populate(np.full((3000, 6), 24), 16000, 1, 1.0, "scalar")
    assert np.prod(wide.circuits) < 1.1 * np.prod(small.circuits)
    assert wide.crowd == 16000 // 6
    assert wide.kept < wide.crowd


def test_activity_fluctuates_as_in_all_neurons():
    """With fewer representatives than n/S, the share c keeps the variance of the mean."""
    rng = np.random.default_rng(0)
    population = dataclasses.replace(
        _population.populate(np.full((3000, 6), 12), 1500, 1, 1.0, "scalar"), crowd=1024.0
    )
    common = 1 + 0.1 * rng.standard_normal((4000, 1))
    activity = common + rng.standard_normal((4000, population.kept))
    own = _erroneous.own_share(population, activity)
    wanted = 0.1**2 + 1 / 1024
    assert (own * activity.mean(1)).var() == pytest.approx(wanted, rel=0.1)
    assert activity.mean(1).var() > 1.5 * wanted


def test_distinct_numbers_are_uniform():
    rng = np.random.default_rng(0)
    counts, sizes = np.tile([3, 0, 5], 20_000), np.tile([4, 7, 5], 20_000)
    numbers = _meetings.distinct(rng, counts, sizes).reshape(-1, 8)
    three, five = numbers[:, :3], numbers[:, 3:]
    assert (np.sort(five, 1) == np.arange(5)).all()
    assert (np.sort(three, 1)[:, 1:] > np.sort(three, 1)[:, :-1]).all()
    frequency = np.bincount(three[:, 1] * 4 + three[:, 2], minlength=16).reshape(4, 4) / 20_000
    wanted = (1 - np.eye(4)) / 12
    # Five standard errors of a frequency of 1/12 in 20,000 draws.
    assert np.abs(frequency - wanted).max() < 5 * np.sqrt(1 / 12 / 20_000)


def test_meetings_have_the_right_mean():
    """A circuit on a receiver is among the r' - 1 of a source neuron with chance (r'-1)/(T-1-z)."""
    rng = np.random.default_rng(0)
    T, K, N = 60, 400, 30
    others = np.tile([2, 9, 5], (K, N, 1))
    loads = np.tile([3, 8, 12, 6], (K, 1, 1))
    vectors = np.tile([1.0, 2, 3, 4], (K, 1, 1)).astype(complex)
    met = _meetings.draw_meetings(rng, others, loads, vectors, T)
    chance = (loads[0, 0] - 1) / (T - 2)
    number = met.number.mean((0, 1))
    assert number == pytest.approx(others[0, 0] * chance.sum(), rel=0.02)
    # Clipping: covered once or more, by d of T - 2 circuits without replacement.
    silent = theory.disjoint_probability(T - 2.0, others[0, 0][:, None], loads[0, 0] - 1.0)
    assert 1 - met.covered[:, :, :, 0].mean((0, 1)) == pytest.approx(silent, abs=0.015)
    power = (np.abs(met.vector) ** 2).mean((0, 1))
    wanted = others[0, 0] * (chance * np.abs(vectors[0, 0]) ** 2).sum() / 16
    assert power == pytest.approx(wanted, rel=0.05)
