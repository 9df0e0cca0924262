"""Closed forms against counting, and against typed-in variants that must fail."""

import numpy as np
import pytest
from jaxsuper import allocation, theory


def test_rotation_form_is_the_general_form_and_the_published_one_at_b_1():
    for l, z in ((1, 1), (3, 2), (5, 4)):
        published = (l - 1) * 300 * 0.002**2 * (z + 8 * (z - 1)) + l * 0.002 * (z - 1) * 9
        assert theory.rotation_active_mse(l, 300, 0.002, z, 1.0) == pytest.approx(published)
    assert theory.rotation_active_mse(1, 300, 0.002, 1, 1.0) == 0


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
