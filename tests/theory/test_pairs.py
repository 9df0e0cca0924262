"""Private links: two active circuits held against networks of those alone, and counts of their meetings."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, theory


S, LAYERS, INPUTS = 3, 4, 2
# The sets of v, w and u, disjoint but for what is to happen.
BY_NEURON = np.array([[0, 1, 2], [0, 3, 4], [5, 6, 7]])
BY_LINK = np.array([[0, 1, 2], [3, 4, 5], [0, 3, 6]])


@pytest.fixture(scope="module")
def small():
    draws = np.random.default_rng(0)
    sizes = ((4, INPUTS), (4, 4), (3, 4))
    layers = [
        (draws.uniform(-0.5, 1, (3, *size)), draws.uniform(-0.2, 1, (3, size[0]))) for size in sizes
    ]
    return circuits.Gated.from_layers(layers, n_layers=LAYERS, gate_bias=40.0)


@pytest.mark.parametrize("event", [0, 1])
def test_pairs_are_networks_of_two(event, small):
    """Of one neuron, or one link, in common; exactly, layer by layer."""
    inputs = np.random.default_rng(1).uniform(size=(2, INPUTS))
    sets = allocation.Allocation((BY_NEURON, BY_LINK)[event], 8)
    large = network.build(small, sets, LAYERS, "private", key=jax.random.key(0))
    # Which circuit got which set was drawn: u is the one that meets none, or both.
    placed = [set(each.tolist()) for each in np.asarray(large.placement.sets[0])]
    meets = [sum(bool(one & other) for other in placed) - 1 for one in placed]
    u = meets.index((0, 2)[event])
    active = np.array([t for t in range(3) if t != u])
    expected = np.asarray(large(active, inputs) - small(active, inputs))[:, 0, 1:]
    states = circuits.exact_trajectory(small, jnp.array(active), small.from_inputs(inputs), LAYERS)
    own = np.asarray(small.difference_weights(), np.float64)
    first, second = (
        theory.Active(np.asarray(states[1:, i : i + 1, 1:], np.float64), own[:, t : t + 1])
        for i, t in enumerate(active)
    )
    shared = np.asarray(small.mean_weights()[:, 1:, 0] + small.biases()[:, 1:], np.float64)
    found = theory.pair_errors(first, second, own[:, u : u + 1], shared, small.layout.matrix, S)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found[event][:, 0], expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("n", "redundancy", "count"), [(49, 3, 80), (40, 2, 90)])
def test_links_of_third_circuits_are_counted(n, redundancy, count):
    """One by one; what counts u among the w has more of them."""
    sets = allocation.allocate(n, redundancy, count, "transversal").sets.tolist()
    owner = {pair: u for u, each in enumerate(sets) for pair in itertools.permutations(each, 2)}
    links = sum(
        owner.get((i, j), v) not in (v, w)
        for v, w in itertools.permutations(range(count), 2)
        for i, j in itertools.product(sets[v], sets[w])
    ) / (count * (count - 1))
    expected = theory.third_party_links(count, n, redundancy) * redundancy**2
    load = count * redundancy / n
    assert links == pytest.approx(expected, rel=0.07)
    assert links < 0.9 * (load - 1) * (redundancy - 1) / (n - redundancy) * redundancy**2


def test_powers_add_and_means_are_squared():
    """Of errors d that are all alike: (z-1)(q + l) d^2 + ((z-1)(q + l) d)^2 - (z-1) q^2 d^2."""
    same = np.full((1, 5, 4, 1), 0.3)
    T, n, size, z, e = 300, 240, 2, 3, 0.002
    q, links = size**2 * e, size**2 * theory.third_party_links(T, n, size)
    expected = 2 * ((q + links) + 2 * (q + links) ** 2 - q**2) * 0.09
    found = theory.private_pair_mse(same, same, T, n, size, z, e)
    np.testing.assert_allclose(found, [[expected]])
    # Errors of mean zero leave their powers alone.
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(2, 1, 4000, 8, 1))
    found = theory.private_pair_mse(0.3 * signs[0], 0.3 * signs[1], T, n, size, z, e)
    np.testing.assert_allclose(found, [[2 * (q + links) * 0.09]], rtol=0.01)
