"""Closed forms with edges: identity, counts, inhibition from the definition, decisions by simulation."""

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.theory.seizure import critical_circuits, critical_edges, edge_loads, even_loads


SETS = allocation.allocate(125, 4, 100, "transversal").sets
LOADS = np.bincount(SETS.ravel(), minlength=125)[SETS]
ONES = np.ones(100, int)


def flow(links, own, n_layers=4, z=2, **gap):
    """Return errors of programs whose layers are all alike."""
    gaps = [theory.Gap(links, own, **gap)] * (n_layers - 1)
    return theory.edge_errors(LOADS, [theory.Stage(z)] * n_layers, gaps)


@pytest.mark.parametrize("z", [1, 3])
def test_circuits_that_succeed_themselves(z):
    """One edge into each circuit and one out, in all layers: the closed forms there were before."""
    links = theory.edges_received(SETS, ONES, ONES)
    found = flow(links, 100 - z, z=z, returns=1.0, same=True)
    for name, values in theory.rotation_errors(LOADS, z, 4).items():
        assert np.allclose(found[name], values, rtol=1e-12)
    assert found["mse_on_active"] == [0.0] * 4
    # Were the edges counted twice, third circuits would bring twice as much, all of it at z = 1.
    twice = flow(links, 2 * (100 - z), z=z, returns=1.0, same=True)["mse_x_active"]
    assert twice[3] > (1.3 if z == 1 else 1.04) * found["mse_x_active"][3]


def test_noise_goes_by_the_number_of_edges():
    """With one circuit on, all noise is what third circuits bring: one by edge."""
    links = theory.edges_received(SETS, ONES, ONES)
    few, many = (np.array(flow(links, own, 2, 1)["mse_x_active"]) for own in (25, 50))
    assert np.isclose(many[1] / few[1], 2, rtol=0.02) and few[0] == 0
    # First order: N e V with V = z e.
    e = theory.received_by(LOADS).overlap_rate
    assert np.isclose(few[1], 25 * e * e, rtol=0.1)


def test_unused_edges_come_in_undivided():
    links = theory.edges_received(SETS, ONES, ONES)
    plain = flow(links, 98, 2)
    more = flow(links, 98, 2, fan_in=1.0)
    gain = more["mse_x_active"][1] - plain["mse_x_active"][1]
    assert np.isclose(gain, plain["mse_x_inactive"][0], rtol=0.25)
    opened = flow(links, 98, 2, fan_in=1.0, openers=1.0)["mse_x_active"][1]
    assert opened > more["mse_x_active"][1] + gain
    # Circuits of one source do not open each other twice.
    siblings = flow(links, 98, 2, siblings=1.0)["mse_x_active"][1]
    assert siblings < plain["mse_x_active"][1]


def inhibition(sets, targets, sources, random):
    """Return chi' from the definition: C of one draw, over all pairs that no edge joins."""
    to, from_ = (sets[random.permutation(len(sets))] for _ in range(2))
    linked = np.zeros((sets.max() + 1,) * 2, bool)
    for target, source in zip(targets, sources, strict=True):
        linked[np.ix_(to[target], from_[source])] = True
    joined = set(zip(targets.tolist(), sources.tolist(), strict=True))
    each = [
        linked[np.ix_(to[t], from_[v])].sum()
        for t in np.unique(targets)
        for v in np.unique(sources)
        if (t, v) not in joined
    ]
    mean = np.mean(each)
    return mean / (sets.shape[1] ** 2 - mean)


@pytest.mark.parametrize("fan", [(1, 1), (2, 1), (1, 2)])
def test_inhibition_of_edges(fan):
    """Of sixty edges, two into or out of a circuit or one, against the definition."""
    fan_in, fan_out = fan
    targets = np.repeat(np.arange(60 // fan_in), fan_in)
    sources = np.arange(60) % (60 // fan_out)
    into, out_of = (np.bincount(ids, minlength=100) for ids in (targets, sources))
    random = np.random.default_rng(0)
    draws = [inhibition(SETS, targets, sources, random) for _ in range(6)]
    stderr = np.std(draws, ddof=1) / 6**0.5
    found = theory.edges_received(SETS, into, out_of)
    assert abs(found.chi - np.mean(draws)) < 5 * stderr + 0.01 * found.chi
    # Counted by circuits that have an edge it would be that of fan-in and fan-out 1.
    if fan != (1, 1):
        alone = theory.edges_received(SETS, np.minimum(into, 1), np.minimum(into, 1)).chi
        assert abs(alone - np.mean(draws)) > 5 * stderr + 0.01 * found.chi
    assert found.n_circuits == 60 and found.n_fed == 60 // fan_in


def test_edges_that_do_not_add_up():
    with pytest.raises(ValueError, match="`out_of` must add up to 100"):
        theory.edges_received(SETS, ONES, 0 * ONES)
    with pytest.raises(ValueError, match="`into` must hold at least 3 edges"):
        theory.edges_received(SETS, ONES * (np.arange(100) < 2), ONES * (np.arange(100) < 2))
    with pytest.raises(ValueError, match="`gaps` must be 1"):
        theory.edge_errors(LOADS, [theory.Stage(1)] * 2, [])


def test_decisions_against_draws():
    """Of S clipped neurons with noise in common and of their own, by chance."""
    random = np.random.default_rng(1)
    values, S = np.array([1.0, 1.4, 2.0]), 5
    common, own = (
        0.4 * random.standard_normal((3, 40000, 1)),
        0.5 * random.standard_normal((3, 40000, S)),
    )
    alpha = np.clip(values[:, None, None] + common + own, 0, 1).mean(axis=2)
    found = theory.decided(values, S, 0.16, 0.25)
    share, square = (alpha < 0.5).mean(), ((alpha - 1) ** 2).mean()
    assert abs(found.wrong / share - 1) < 0.1 and abs(found.square / square - 1) < 0.03
    # All noise taken for common, or for each neuron's own, it would be something else.
    for other in (theory.decided(values, S, 0.41, 0.0), theory.decided(values, S, 0.0, 0.41)):
        assert abs(other.wrong / share - 1) > 0.3
    pushed = theory.decided(values, S, 0.16, 0.25, events=[([0.9, 0.1], [0.0, -1.0])])
    shifted = theory.decided(values, S, 0.16, 0.25, shift=-1.0)
    assert np.isclose(pushed.wrong, 0.9 * found.wrong + 0.1 * shifted.wrong)


def test_wrong_decisions_by_margin():
    law = [theory.wrong_decisions(margin, 0.1, 5).wrong for margin in (0.05, 0.2, 0.4, 0.8)]
    assert np.all(np.diff(law) < 0) and theory.wrong_decisions(0.2, 0.0, 5).wrong < 1e-12
    # Without noise of neurons' own it is that of the value itself: x_0 + noise changes its sign.
    random = np.random.default_rng(2)
    x = np.cos(2 * np.pi * random.random(400000))
    x = x[np.abs(x) > 0.2]
    share = ((x + 0.05**0.5 * random.standard_normal(len(x))) * np.sign(x) < 0).mean()
    assert abs(law[1] / share - 1) < 0.05
    with pytest.raises(ValueError, match="must leave some value outside"):
        theory.wrong_decisions(1.5, 0.1, 5)


def test_right_so_far():
    """A product, and what is shaky costs the decision after it half of the time."""
    sure, shaky = theory.Decided(0.1, 0.0), theory.Decided(0.1, 0.0, shaky=0.2)
    assert np.allclose(theory.still_right([sure] * 3), [0.9, 0.81, 0.729])
    assert np.allclose(theory.still_right([shaky, sure, sure]), [0.9, 0.72, 0.648])
    # Without noise nothing is shaky; at the edge of the step all is.
    assert theory.decided([1.2], 5, 0.0, 0.0).shaky == 0
    edge = theory.decided([0.6], 5, 1e-6, 0.0)
    assert edge.shaky > 0.99 and np.isclose(edge.next_square, 0.3**2, rtol=0.05)


def test_loads_in_edges():
    for share in (1.0, 0.4):
        loads = edge_loads(600, 3, 250, share)
        assert np.isclose(loads.values @ loads.neurons, 600 * share * 3)
        assert np.isclose(loads.n_circuits, 600 * share)
    even, all_of = even_loads(600, 3, 250), edge_loads(600, 3, 250)
    assert np.allclose(even.values, all_of.values) and np.allclose(even.neurons, all_of.neurons)
    with pytest.raises(ValueError, match="`share` must lie in 0..1"):
        edge_loads(600, 3, 250, 1.2)


@pytest.mark.slow
def test_critical_edges():
    """As many edges as circuits is the old number; uneven loads hold somewhat fewer."""
    sizes = 250, 3, 1, 5, 0.6, 0.9
    whole = critical_edges(*sizes).n_circuits
    assert whole == critical_circuits(*sizes).n_circuits
    assert 0.8 * whole < critical_edges(*sizes, 0.5).n_circuits < 0.95 * whole
