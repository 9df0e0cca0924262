"""State evolution as a computation: what it may not depend on, and what its draws must obey."""

import dataclasses

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.theory.evolution import _erroneous, _meetings, _placement, _population, _rotations


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
    leads = np.tile([2, 7, 11, 5], (K, 1, 1))
    vectors = np.tile([1.0, 2, 3, 4], (K, 1, 1)).astype(complex)
    met = _meetings.draw_meetings(rng, others, leads, vectors, T, np.full(K, 0.3j))
    chance = leads[0, 0] / (T - 2)
    number = met.number.mean((0, 1))
    assert number == pytest.approx(others[0, 0] * chance.sum(), rel=0.02)
    # Clipping: covered once or more, by d of T - 2 circuits without replacement.
    silent = theory.disjoint_probability(T - 2.0, others[0, 0][:, None], leads[0, 0] * 1.0)
    assert 1 - met.covered[:, :, :, 0].mean((0, 1)) == pytest.approx(silent, abs=0.015)
    vector = met.turned(met.brought)
    coherent = 0.3j * others[0, 0] * (chance * vectors[0, 0]).sum() / 4
    assert vector.mean((0, 1)) == pytest.approx(coherent, rel=0.05)
    power = (np.abs(vector) ** 2).mean((0, 1)) - np.abs(coherent) ** 2
    wanted = others[0, 0] * (chance * np.abs(vectors[0, 0]) ** 2).sum() / 16
    assert power == pytest.approx(wanted, rel=0.1)


def test_rotations_have_size_one_and_the_given_mean():
    rng = np.random.default_rng(0)
    for mean in (0, 0.04 - 0.02j, -0.5 + 0.3j, 0.9):
        turn = _rotations.turns(rng, np.full(100_000, mean))
        np.testing.assert_allclose(np.abs(turn), 1, rtol=1e-5)
        # Five standard errors of a number of size 1.
        assert abs(turn.mean() - mean) < 5 / np.sqrt(100_000)
    drawn = _rotations.mean_rotations(rng, 500, 557)
    assert (np.abs(drawn) ** 2).mean() == pytest.approx(1 / 557, rel=0.02)


def test_a_neuron_that_active_circuits_share_leads_once():
    """Its circuits are found at its owner alone, and an active circuit is none of them."""
    population = _population.populate(np.full((100, 6), 12), 50, 3, 1.0, "scalar")
    placement = _placement.place(population, np.random.default_rng(0))
    leads = _meetings.leads_of(population, placement)
    (k, u, i, v, j), *_ = placement.coincident
    assert len(k) > 10 and placement.hit[k, u, i].any(-1).all()
    assert (leads[k, v, j] == 0).all()
    once = placement.hit[k, u, i].sum(-1) == 1
    assert (leads[k, u, i][once & ~placement.duplicate[k, u, i]] == 10).all()
    assert (leads <= 11).all()


def test_vectors_of_all_circuits_have_the_mean_of_their_rotations():
    """Receivers agree in r Rbar c, and in a chance part of variance E|x - c|^2/T, and no more."""
    T, c, size = 400, 0.6 + 0.2j, 1.5
    population = _population.populate(np.full((T, 6), 13), 250, 1, 1.0, "scalar")
    K, P = population.samples, population.kept
    rng = np.random.default_rng(0)
    placement = _placement.place(population, rng)
    vector = c + size * (rng.standard_normal((K, P)) + 1j * rng.standard_normal((K, P))) / 2**0.5
    nothing = np.zeros((K, population.circuits[1], 6))
    noise = _erroneous.noise_of(population, placement, nothing, 0j * nothing)
    noise = noise._replace(vector=vector.astype(np.complex64), own=1.0)
    others = np.full(nothing.shape, 12)
    met = _meetings.draw_meetings(
        rng, others, np.zeros((K, 1, 6), int), np.zeros((K, 1, 6)), T, np.zeros(K)
    )
    mean = np.full(K, 0.05 + 0.1j)
    _, g = _erroneous.erroneous(population, placement, noise, others, met, mean, rng)
    by_sample = g.mean((1, 2))
    error = 12 * size * np.sqrt((1 / T + 1 / (12 * 6 * P)) / K)
    assert abs(by_sample.mean() - 12 * mean[0] * c) < 5 * error
    common = np.abs(by_sample - 12 * mean[0] * c) ** 2
    # A normal complex variable's square scatters by its mean.
    wanted = 144 * size**2 / T + 12 * (size**2 + abs(c) ** 2) / g[0].size
    assert common.mean() == pytest.approx(wanted, rel=5 / np.sqrt(K))
    power = (np.abs(g) ** 2).mean()
    coherent = 144 * abs(mean[0] * c) ** 2
    assert power == pytest.approx(12 * (size**2 + abs(c) ** 2) + coherent, rel=0.1)


@pytest.mark.slow
def test_own_errors_are_those_of_the_seeds():
    """The standard error is the scatter from seed to seed, and the mean rotation causes a spread."""
    loads = loads_of(100, 4, 200)
    runs = [theory.state_evolution(loads, 100, 2, 5, seed=seed) for seed in range(12)]
    for metric in runs[0]:
        scatter = np.std([run[metric] for run in runs], axis=0, ddof=1)[2:]
        stated = np.mean([run.stderr[metric] for run in runs], axis=0)[2:]
        assert (scatter < 2 * stated).all() and (scatter > 0.2 * stated).all(), metric
    given = [theory.state_evolution(loads, 100, 2, 5, mean_rotation=mean) for mean in (0.07, -0.07)]
    assert given[0].network_sd["mse_x_inactive"].max() == 0
    spread = np.mean([run.network_sd["mse_x_inactive"][4] for run in runs])
    up, down = (run["mse_x_inactive"][4] for run in given)
    # 0.07 is sqrt(2) standard deviations of Re Rbar.
    assert spread == pytest.approx((up - down) / (2 * 2**0.5), rel=0.5)


@pytest.mark.parametrize("wrong", [1.5, [0.1, 0.2], 0.8 + 0.8j])
def test_impossible_mean_rotations(wrong):
    for evolve in (
        lambda loads: theory.state_evolution(loads, 100, 1, 3, mean_rotation=wrong),
        lambda loads: theory.separate_evolution(loads, 100, loads, 100, 1, 3, mean_rotation=wrong),
    ):
        with pytest.raises(ValueError, match="`mean_rotation`"):
            evolve(loads_of(100, 4, 200))


@pytest.mark.slow
def test_angles_of_each_layer():
    """(L,) means are those of the layers: the same number everywhere is the scalar in law."""
    loads = loads_of(100, 4, 200)
    runs = [
        np.mean(
            [
                theory.state_evolution(loads, 100, 2, 5, mean_rotation=m, seed=s)["mse_x_inactive"]
                for s in range(3)
            ],
            axis=0,
        )
        for m in (0.1, [0.1] * 5, [0.1, 0.1, -0.1, -0.1, -0.1])
    ]
    assert runs[0][4] == pytest.approx(runs[1][4], rel=0.15)
    assert runs[2][4] < 0.75 * runs[0][4]
