"""The derived interaction of mean weights against matrices, for S = 1..10."""

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.analytics.claims._matrices import allocation_for, interaction


def measured_interaction(design, rng, n_networks=3):
    """E_{t≠v} (<e_t, Ctilde e_v>/S^2)^2 of drawn matrices, chi' from all ordered pairs."""
    return np.mean([interaction(design, rng, "clipped") for _ in range(n_networks)])


@pytest.mark.parametrize("redundancy", range(1, 11))
@pytest.mark.parametrize("width, count", [(200, 300), (300, 700), (500, 2000)])
def test_interaction_within_5_percent(width, count, redundancy):
    design = allocation_for(width, count, redundancy)
    measured = measured_interaction(design, np.random.default_rng(redundancy))
    derived = theory.mean_interaction(design.loads[design.sets])
    assert derived == pytest.approx(measured, rel=0.05)


def test_the_published_guess_is_off():
    """T rho^2 + 2 rho is more than 30 % off for prime steps at S = 6."""
    design = allocation_for(300, 700, 6)
    measured = measured_interaction(design, np.random.default_rng(0))
    rho = theory.overlap_rate_published(4, 1200, 6, design.n_circuits)
    assert abs((design.n_circuits * rho**2 + 2 * rho) / measured - 1) > 0.3


def test_no_overlap_no_interference():
    sets = np.arange(48, dtype=np.int32).reshape(12, 4)
    design = allocation.Allocation(sets, 50)
    assert theory.mean_interference(design.loads[design.sets]) == 0


def test_disjoint_probability():
    """Two of four and one of four: C(2,1)/C(4,1) = 1/2; three and two of four always meet."""
    assert theory.disjoint_probability(4, 2, 1) == pytest.approx(0.5)
    assert theory.disjoint_probability(4, 3, 2) == 0
