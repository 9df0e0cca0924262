"""Private links: exact for one active circuit, small errors for more."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation

from .. import jitted


L, B = 4, 6


def make(key, width=50, redundancy=4, count=100, layers=L, bias=10.0, per_layer=False) -> Any:
    angles = 3 * jax.random.normal(key, (layers, count) if per_layer else (count,))
    made = circuits.Rotation3(angles, gate_bias=bias)
    sets = allocation.transversal(width, redundancy, count)
    return network.build(made, sets, layers, "private", key=key)


def test_weights_of_their_own_in_every_layer(getkey):
    """Structured against dense, with other angles in every layer."""
    net = make(getkey(), per_layer=True)
    inputs = jitted.sample_inputs(net.circuits, 3, L, jnp.arange(B), key=getkey())
    one = jitted.forward(net, inputs)
    other = jitted.dense_forward(net, jitted.dense_layers(net), inputs)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, atol=3e-5)


def test_links_are_private(getkey):
    """Every link between different neurons is the weight of one circuit, and none is a self-link."""
    net = make(getkey(), count=120)
    n, sets = net.block_width, np.asarray(net.placement.sets[0])
    weights = np.asarray(jitted.dense_layers(net).weights[0]).reshape(3, n, 3, n)
    links = weights[1:, :, 1:, :].transpose(1, 3, 0, 2)
    expected = np.zeros_like(links)
    rotations = np.asarray(net.circuits.difference_weights()[0])
    for members, rotation in zip(sets, rotations, strict=True):
        for to in members:
            for source in members:
                if to != source:
                    assert (expected[to, source] == 0).all()
                    expected[to, source] = rotation / (net.redundancy - 1)
    np.testing.assert_allclose(links, expected, atol=1e-6)


@pytest.mark.parametrize(
    "redundancy, count", [(2, 1225), (3, 389), pytest.param(6, 49, marks=pytest.mark.slow)]
)
def test_one_active_circuit_is_exact(redundancy, count, getkey):
    """Over twelve layers, with up to as many circuits as there are pairs of neurons."""
    net = make(getkey(), redundancy=redundancy, count=count, layers=12)
    measured = simulation.simulate(net, 1, 64, key=getkey())
    for name in ("mse_on_active", "mse_x_active"):
        assert measured[name].max() < 1e-10
    # Other circuits see it on the neurons they share with it, as in every construction.
    assert measured["mse_on_inactive"].max() < 2 / 50


def test_self_links_would_spoil_it(getkey):
    """The same network with the shared self-links left in, W = sum_t e_t ⊗ e_t / S, is not exact."""
    net = make(getkey())
    inputs = jitted.sample_inputs(net.circuits, 1, L, jnp.arange(64), key=getkey())
    dense = jitted.dense_layers(net)
    n, redundancy = net.block_width, net.redundancy
    own = np.asarray(net.layers().own[0])
    weights = np.array(dense.weights).reshape(L - 1, 3, n, 3, n)
    spots = np.arange(n)
    weights[:, 1:, :, 1:, :] *= (redundancy - 1) / redundancy
    for o in range(2):
        for i in range(2):
            weights[:, 1 + o, spots, 1 + i, spots] += own[:, o, i] / redundancy
            weights[:, 1 + o, spots, 0, spots] += own[:, o, i] / redundancy
    wrong = network.DenseNetwork(jnp.asarray(weights.reshape(L - 1, 3 * n, 3 * n)), dense.biases)
    ids = jnp.arange(64)
    for matrices, exact in ((dense, True), (wrong, False)):
        view = jitted.dense_forward(net, matrices, inputs)
        found = np.asarray(view.estimates[-1, 1:])[:, np.asarray(inputs.active_at(0)[0]), ids]
        error = ((found - np.asarray(inputs.truth[-1, 1:, 0])) ** 2).sum(0).mean()
        assert (error < 1e-9) == exact


def test_a_weak_gate_lets_noise_in(getkey):
    """Below b = z S/(S-1) max|x| closed neurons open."""
    for bias, small in ((0.05, False), (10.0, True)):
        net = make(getkey(), redundancy=3, count=389, bias=bias)
        measured = simulation.simulate(net, 1, 64, key=getkey())
        assert (measured["mse_x_active"].max() < 1e-10) == small


def test_parts_are_checked(getkey):
    made = circuits.Rotation.random(20, key=getkey())
    with pytest.raises(ValueError, match="`circuits` must have one on-neuron"):
        network.build(made, allocation.transversal(50, 4, 20), 2, "private", key=getkey())
    made = circuits.Rotation3.random(40, key=getkey())
    sets = allocation.random_sets(50, 6, 40, key=jax.random.key(0))
    with pytest.raises(ValueError, match="`allocation` must share at most one"):
        network.build(made, sets, 2, "private", key=getkey())
