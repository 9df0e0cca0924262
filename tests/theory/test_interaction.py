"""The derived interaction of mean weights against matrices, for S = 1..10."""

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.analytics.claims._matrices import allocation_for, incidence, interaction


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


def test_differences_of_random_sign():
    """Within 3 % of drawn matrices; the direct part alone, or rho, is off by more."""
    design, rng = allocation_for(250, 500, 6), np.random.default_rng(0)
    measured = np.mean([interaction(design, rng, "rademacher") for _ in range(4)])
    derived = theory.rademacher_interaction(500, design.overlap_rate)
    assert derived == pytest.approx(measured, rel=0.03)
    rho = theory.overlap_rate_published(4, 1000, 6, 500)
    assert theory.rademacher_interaction(500, rho) < 0.95 * measured
    assert theory.rademacher_interaction(2, design.overlap_rate) < 0.8 * measured


def drawn(design, rng):
    """f and phi of all t ≠ v by drawing; neurons shared in the layer before are left out."""
    S, T = design.redundancy, design.n_circuits
    to, source = incidence(design, rng), incidence(design, rng)
    linked = (to.T @ source > 0).astype(np.float64)
    off = ~np.eye(T, dtype=bool)
    mean = (to @ linked @ source.T)[off].mean()
    chi = mean / (S**2 - mean)
    tilde = linked - chi * (1 - linked)
    members = np.argsort(-to, axis=1, kind="stable")[:, :S]
    # phi[t, v, s]: neuron s of t reads v, but for what t itself uses.
    phi = np.einsum("nm,vm->nv", tilde, source)[members]
    shared = np.einsum("tsm,vm->tsv", tilde[members] * source[:, None], source)
    phi = ((phi - shared) / S).transpose(0, 2, 1)
    return phi.mean(axis=2), phi, to, members, off


@pytest.mark.parametrize("width, count", [(250, 400), (500, 300), (100, 80)])
def test_what_is_received(width, count):
    """Moments from the loads against drawn matrices, and what they would be with shared neurons."""
    design, rng = allocation_for(width, count, 6), np.random.default_rng(0)
    found = []
    for _ in range(4):
        f, phi, to, members, off = drawn(design, rng)
        free = np.stack([1 - to[:, members[t]] for t in range(count)]).astype(np.float64)
        pairs = f[off].reshape(count, count - 1)
        common = (pairs.sum(axis=1) ** 2 - (pairs**2).sum(axis=1)).mean()
        common /= (count - 1) * (count - 2)
        found.append(
            [
                pairs.mean(),
                (pairs**2).mean(),
                common,
                (phi**2 * free)[off].mean(),
            ]
        )
    mean, circuit, common, neuron = np.mean(found, axis=0)
    received = theory.received_by(design.loads[design.sets])
    Se = 6 * received.overlap_rate
    assert mean == pytest.approx(-Se, rel=0.02)
    assert received.circuit == pytest.approx(circuit, rel=0.04)
    assert received.circuit_common == pytest.approx(common, rel=0.2)
    assert received.share @ received.neuron == pytest.approx(neuron, rel=0.04)
    # With the shared neurons, J + 2 e, the mean square is another.
    assert abs(theory.mean_interaction(design.loads[design.sets]) / circuit - 1) > 0.1


def test_distinct_hits():
    """Two throws at three boxes that always hit: the same box with 1/3; from one hit before alike."""
    np.testing.assert_allclose(theory.distinct_hits([2], 1.0, 3)[0, 0], [0, 1 / 3, 2 / 3, 0])
    np.testing.assert_allclose(
        theory.distinct_hits([1, 0], 0.5, 4, 1)[0, 1], [0, 5 / 8, 3 / 8, 0, 0]
    )
    np.testing.assert_allclose(theory.distinct_hits([1, 0], 0.5, 4, 1)[1, 1], [0, 1, 0, 0, 0])
    # The mean number is that of the density of C: B (1 - (1 - P/B)^throws).
    mean = theory.distinct_hits([20], 0.3, 12)[0, 0] @ np.arange(13)
    assert mean == pytest.approx(12 * (1 - (1 - 0.3 / 12) ** 20))


def test_disjoint_probability():
    """Two of four and one of four: C(2,1)/C(4,1) = 1/2; three and two of four always meet."""
    assert theory.disjoint_probability(4, 2, 1) == pytest.approx(0.5)
    assert theory.disjoint_probability(4, 3, 2) == 0
