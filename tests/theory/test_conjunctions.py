"""Closed forms of the universal AND: limits, optima, exponents."""

from itertools import product

import numpy as np
import pytest
from jaxsuper import theory


def test_orthogonal_features_by_enumeration():
    """Three neurons, s = 2, m = 4: every pattern of connections of every neuron, weighted."""
    m, d, p, s = 4, 3, 0.3, 2
    active = np.array([1, 1, 0, 0])
    pairs = {0: (2, 3), 1: (0, 2), 2: (0, 1)}
    rows = np.array(list(product((0, 1), repeat=m)))
    chance = np.prod(np.where(rows == 1, p, 1 - p), axis=1)
    said = theory.conjunction_errors(m, d, p, s)
    for o, (i, j) in pairs.items():
        held, joint = np.maximum(rows @ active - 1, 0), rows[:, i] * rows[:, j]
        bias = square = 0.0
        for chosen in product(range(len(rows)), repeat=d):
            chosen = list(chosen)
            n = joint[chosen].sum()
            error = (joint[chosen] @ held[chosen] / n if n else 0.0) - (o == 2)
            weight = chance[chosen].prod()
            bias, square = bias + weight * error, square + weight * error**2
        np.testing.assert_allclose(said.bias[o], bias, atol=1e-12)
        np.testing.assert_allclose(said.mse[o], square, atol=1e-12)


def test_wide_inputs_are_orthogonal():
    near = theory.conjunction_errors(500, 300, 0.1, 3, 10**9)
    for one, other in zip(near, theory.conjunction_errors(500, 300, 0.1, 3), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


@pytest.mark.parametrize("D", [None, 700])
def test_the_density_is_the_best_one(D):
    p, error = theory.best_density(1000, 700, 2, D)
    for factor in (0.9, 1.1):
        assert theory.conjunction_errors(1000, 700, p * factor, 2, D).mse.max() > error


def test_exponents_tend_to_the_claims():
    """2/3 for D = d with the constant of the limit, 0 for orthogonal features; neither 1/2 nor 1."""
    needed = lambda m: theory.neurons_needed(m, 2, 0.1, 1.0)
    constant = theory.conjunction_constant(0.1)
    ratios = [needed(m) / (constant * (2 * m) ** (2 / 3)) for m in (10**3, 10**6, 10**9)]
    assert all(above > below > 0.99 for above, below in zip(ratios, ratios[1:], strict=False))
    assert ratios[-1] < 1.01
    # What is left falls as m^(-1/3), a tenth for every thousand.
    np.testing.assert_allclose((ratios[1] - 1) / (ratios[0] - 1), 0.1, atol=0.03)
    assert theory.neurons_needed(10**3, 2, 0.1) == theory.neurons_needed(10**9, 2, 0.1)


def test_twice_the_input_is_half_the_interference():
    wide, narrow = (theory.neurons_needed(10**10, 2, 0.1, ratio) for ratio in (2.0, 1.0))
    np.testing.assert_allclose(narrow / wide, 2 ** (2 / 3), rtol=0.02)


def test_all_pairs_cost_a_logarithm():
    """Orthogonal features: wrong pairs grow as m and fall geometrically with d, so that d ~ ln m."""
    wrong = lambda m, d: theory.wrong_conjunctions(m, d, 0.235, 2)[1]
    first, second = (np.log(wrong(10**4, d) / wrong(10**4, d + 250)) for d in (500, 750))
    np.testing.assert_allclose(second, first, rtol=0.1)
    np.testing.assert_allclose(wrong(10**5, 500) / wrong(10**4, 500), 10, rtol=0.01)
    # One pair costs none: the mean square is the same.
    small, large = (theory.conjunction_errors(m, 500, 0.235, 2).mse for m in (10**4, 10**5))
    np.testing.assert_allclose(small, large, rtol=1e-12)


def test_the_fewest_neurons_are_the_fewest():
    d = theory.neurons_to_recover(200, 2)
    assert (
        theory.least_wrong_density(200, d, 2)[1]
        <= 1
        < theory.least_wrong_density(200, d - 10, 2)[1]
    )


def test_wrong_pairs_by_counting():
    """s = 2, orthogonal: a pair with one active feature holds Bin(N, p) ones of N."""
    from scipy.stats import binom

    m, d, p = 300, 200, 0.2
    n = np.arange(1, d + 1)
    expected = 2 * (m - 2) * (binom.pmf(n, d, p * p) * binom.sf(n // 2, n, p)).sum()
    wrong = theory.wrong_conjunctions(m, d, p, 2)
    np.testing.assert_allclose(wrong[1], expected, rtol=1e-3)
    # With a readout of exactly 1/2 counted as true it is another number.
    strict = 2 * (m - 2) * (binom.pmf(n, d, p * p) * binom.sf((n - 1) // 2, n, p)).sum()
    assert strict > 1.2 * expected
    np.testing.assert_allclose(wrong[2], binom.pmf(0, d, p * p), rtol=1e-3)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: theory.conjunction_errors(5, 5, 0.1, 4), "`s` must be from 2 to 3"),
        (lambda: theory.conjunction_errors(5, 5, 0.0, 2), "`p` must lie between 0 and 1"),
        (lambda: theory.wrong_conjunctions(5, 5, 1.0, 2), "`p` must lie between 0 and 1"),
        (lambda: theory.neurons_needed(9, 2, 1.0), "`mse` must lie between 0 and 1"),
        (lambda: theory.neurons_needed(9, 2, 0.1, 0.0), "`ratio` must be positive"),
        (lambda: theory.neurons_to_recover(9, 2, 0.0), "`wrong` must be positive"),
        (lambda: theory.conjunction_constant(0.0), "`mse` must lie between 0 and 1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
