"""Closed forms against counting, and against typed-in variants that must fail."""

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.analytics.claims._matrices import allocation_for, incidence
from jaxsuper.theory import _cut
from scipy.stats import binom


def test_rotation_form_is_the_general_form_and_the_published_one_at_b_1():
    for l, z in ((1, 1), (3, 2), (5, 4)):
        published = (l - 1) * 300 * 0.002**2 * (z + 8 * (z - 1)) + l * 0.002 * (z - 1) * 9
        assert theory.rotation_active_mse(l, 300, 0.002, z, 1.0) == pytest.approx(published)
    assert theory.rotation_active_mse(1, 300, 0.002, 1, 1.0) == 0


def test_the_forms_as_published_follow_from_the_sizes():
    """Typed in: rho = d/D - 1/(S T), and 8 and 9 for the gate."""
    rho = 4 / 1000 - 1 / (6 * 557)
    errors = theory.rotation_errors_published(1000, 557, 6, 3, 4)
    expected = [(l - 1) * 557 * rho**2 * (3 + 8 * 2) + 9 * l * rho * 2 for l in range(1, 5)]
    assert errors["mse_x_active"] == pytest.approx(expected)
    assert errors["mse_on_active"] == [0.0] * 4
    for name in ("mse_on_inactive", "mse_x_inactive"):
        assert errors[name] == pytest.approx([3 * rho] * 4)
    # Too few circuits for any two to meet.
    assert theory.rotation_errors_published(1000, 40, 6, 3, 4)["mse_x_active"] == [0.0] * 4


@pytest.mark.parametrize("b", [0.25, 1.0, 2.0])
def test_factor_of_the_gate(b):
    """E|x + (1+b)·1|^2 over the circle is 1 + 2(1+b)^2; the published 9 is its value at b = 1."""
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    vector = np.stack([np.cos(angle), np.sin(angle)]) + 1 + b
    power = (vector**2).sum(axis=0).mean()
    # One layer, z = 2, e = 1, no third circuits: the direct term alone.
    assert theory.rotation_active_mse(1, 0, 1.0, 2, b) == pytest.approx(power)
    assert (power == pytest.approx(9)) == (b == 1)


def test_even_overlap_is_exact_for_even_loads():
    """All lines of slope 0..q-1 on a 5 x 5 grid: even loads, overlaps 0 or 1."""
    q = 5
    sets = [[i * q + (a * i + c) % q for i in range(q)] for a in range(q) for c in range(q)]
    design = allocation.Allocation(np.array(sets, dtype=np.int32), q * q)
    assert allocation.max_overlap(design) == 1
    assert design.mean_overlap == pytest.approx(theory.mean_overlap_even(25, 5, 25))
    assert design.overlap_rate == pytest.approx(theory.overlap_rate_lower_bound(25, 5, 25))
    assert design.overlap_rate == pytest.approx(1 / (q * (q + 1)))
    assert theory.overlap_rate_from_loads(design.loads, 5, 25) == pytest.approx(1 / 30)
    assert theory.overlap_rate_published(1, 25, 5, 25) != pytest.approx(1 / 30, rel=0.01)


def test_no_overlap_below_capacity():
    assert theory.mean_overlap_even(100, 5, 20) == 0
    assert theory.overlap_rate_published(4, 400, 5, 20) == 0
    assert theory.mean_overlap_naive(100, 5) == 0.25


def test_interference_and_active_fraction():
    assert theory.interference_parameter(557, 4, 1000) == pytest.approx(0.008912)
    assert theory.correct_active_fraction(2, 6, 250) == pytest.approx(0.048)


def test_layers_count_from_one():
    with pytest.raises(ValueError, match="`l` must be at least 1"):
        theory.rotation_active_mse(0, 1, 0.1, 1, 1.0)


def test_common_terms_of_other_active_circuits():
    """(z-1)(z-2) pairs: none up to z = 2, once C_1 and C in every layer after the first."""
    plain = [theory.rotation_active_mse(l, 300, 0.002, 4, 1.0, 0.003) for l in (1, 3)]
    both = [theory.rotation_active_mse(l, 300, 0.002, 4, 1.0, 0.003, (1e-4, 2e-4)) for l in (1, 3)]
    assert np.subtract(both, plain) == pytest.approx([6 * 8 * 1e-4, 6 * 8 * 5e-4])
    assert theory.rotation_active_mse(3, 300, 0.002, 2, 1.0, 0.003, (1.0, 1.0)) == pytest.approx(
        theory.rotation_active_mse(3, 300, 0.002, 2, 1.0, 0.003)
    )


def even(n, T, S):
    """Equal loads, rounded."""
    return np.full((T, S), round(T * S / n))


def test_second_order_ends_in_the_first():
    """With few circuits in many neurons nothing is left of the second order, without a ReLU."""
    T, n, S, z = 4000, 20000, 6, 3
    loads = np.full((T, S), 2)
    e = theory.overlap_rate_from_loads([2] * (T * S // 2), S, T)
    J, common = theory.mean_interference(loads), theory.common_interference(loads)
    first = [theory.rotation_active_mse(l, T, e, z, 1.0, J, common) for l in range(1, 5)]
    errors = theory.rotation_errors(loads, z, 4, rectified=False)
    assert errors["mse_x_active"] == pytest.approx(first, rel=0.01)
    assert errors["mse_on_inactive"] == pytest.approx([z * e] * 4, rel=0.01)
    assert n * 2 > T * S


def test_what_returns_at_one_active_circuit():
    """T e^2 ( (l-1) + 2 (l-2) P + (l-2)(l-3) P^2 ) but for the noise of single neurons."""
    loads = even(250, 417, 6)
    T, P = 417, theory.received_by(loads).overlap_rate * 36
    third = T * (P / 36) ** 2
    l = np.arange(1, 6)
    returns = third * ((l - 1) + 2 * np.maximum(l - 2, 0) * P + (l - 2) * (l - 3) * (l > 3) * P**2)
    errors = np.array(theory.rotation_errors(loads, 1, 5, rectified=False)["mse_x_active"])
    np.testing.assert_allclose(errors, returns, rtol=0.05)
    # Without them it is a quarter too low.
    assert errors[3] > 1.2 * 3 * third


def test_the_cut_by_drawing(sigmas):
    """A mixture of two gates on six neurons; without the cut the error is another."""
    rng, S, gain = np.random.default_rng(0), 6, 2.0
    neuron = _cut.Open(
        np.array([0.7, 0.3]), np.array([-0.2, 0.4]), np.array([0.2, 0.3]), np.array([0.9, 1]), 0.01
    )
    error, rho, shared, draws = 0.08, 0.05, 0.1, 200_000
    angle = rng.uniform(0, 2 * np.pi, draws)
    x = np.stack([np.cos(angle), np.sin(angle)])
    noise = rng.normal(0, np.sqrt((error - rho**2) / 2 + 0.01), (2, draws))
    kind = (rng.random((2, draws, S)) < 0.3).astype(int)
    before = ((1 - rho) * x + noise)[..., None] + neuron.mean[kind]
    own = rng.normal(size=kind.shape) * neuron.sd[kind]
    holds = np.maximum(1 + before + own, 0) - neuron.alpha[kind]
    met = rng.random((draws, S)) < shared
    other = rng.uniform(0, 2 * np.pi, (draws, S))
    brought = np.stack([np.cos(other), np.sin(other)]) * np.sqrt(1 + error) + gain
    off = (holds + met * brought).mean(axis=2) - x
    samples = (
        (off**2).sum(axis=0),
        (holds**2).mean(axis=2).sum(axis=0),
        -((holds.mean(axis=2) - x) * x).sum(axis=0),
    )
    derived = _cut.cut(neuron, S, error, rho, shared, gain)
    for value, sample in zip(derived, samples, strict=True):
        # The quadrature is good to a thousandth.
        assert abs(value - sample.mean()) < sigmas * sample.std() / draws**0.5 + 1e-3 * value
    uncut = ((before + own + met * brought).mean(axis=2) + 1 - neuron.alpha.mean() - x) ** 2
    assert abs(uncut.sum(axis=0).mean() / derived[0] - 1) > 0.03


@pytest.mark.parametrize("z", [1, 3])
def test_idle_activity_by_drawing(z):
    """Neurons that fire at layer 2, of drawn matrices; a binomial tail for all loads alike is off."""
    design, rng = allocation_for(250, 200, 6), np.random.default_rng(0)
    received = theory.received_by(design.loads[design.sets])
    total = []
    for _ in range(6):
        to, source = incidence(design, rng), incidence(design, rng)
        linked = to.T @ source > 0
        chosen = [rng.choice(200, z, replace=False) for _ in range(100)]
        sent = (np.stack([source[each].sum(axis=0) for each in chosen]) > 0).astype(float)
        idle = np.stack([to[each].sum(axis=0) for each in chosen]) == 0
        h = ((1 + received.chi) * sent @ linked.T - received.chi * 6 * z) / 6
        total.append((np.clip((h - 0.25) / 0.5, 0, 1) ** 2 * idle).sum(axis=1).mean() / (6 * z))
    loads = design.loads[design.sets]
    activity, first = theory.idle_activity(loads, z)
    assert activity == pytest.approx(np.mean(total), rel=0.15)
    assert first == {1: 2, 3: 4}[z]
    binomial = 1 - (1 - 36 / 250**2) ** 200
    k = np.arange(6 * z + 1)
    tail = binom.pmf(k, 6 * z, binomial) @ (
        np.clip((((1 + received.chi) * k / 6 - received.chi * z) - 0.25) / 0.5, 0, 1) ** 2
    )
    assert abs(250 * tail / (6 * z) / np.mean(total) - 1) > 0.15


def test_the_working_regime_shrinks_with_the_size():
    """At T (d/D)^2 = 0.004 and z = 1 a block of 100 neurons is inside, of 250 and more not."""
    inside = [
        theory.in_working_regime(even(n, round(0.004 * n**2), 6), 1) for n in (100, 250, 1000)
    ]
    assert inside == [True, False, False]
    # More active circuits and lower thresholds make more of them fire.
    loads = even(250, 167, 6)
    assert theory.in_working_regime(loads, 1) and not theory.in_working_regime(loads, 4)
    assert not theory.in_working_regime(loads, 1, lo=0.1, hi=0.3)
