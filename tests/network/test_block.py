"""The block construction: no error for one active circuit, and its failure for two."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation

from .. import jitted


def make(key, n_blocks=9, count=81, n_layers=4) -> Any:
    made = circuits.Rotation.random(count, key=key, gate_bias=1.5)
    sets = allocation.blocks(n_blocks, count)
    return network.build(made, sets, n_layers, "block", key=key)


def test_structured_equals_dense_when_full(getkey):
    net = make(getkey(), count=81)
    inputs = jitted.sample_inputs(net.circuits, 3, 4, jnp.arange(8), key=getkey())
    one = jitted.forward(net, inputs)
    dense = jitted.dense_layers(net)
    other = jitted.dense_forward(net, dense, inputs)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_every_piece_of_the_matrix_belongs_to_one_circuit(getkey):
    net = make(getkey())
    sets = np.asarray(net.placement.sets[:, :, 0])
    for layer in range(3):
        assert len(set(zip(sets[layer], sets[layer + 1], strict=True))) == 81
        for neuron, members in enumerate(np.asarray(net.placement.members[layer])):
            np.testing.assert_array_equal(np.sort(members), np.flatnonzero(sets[layer] == neuron))


def test_no_error_with_one_active_circuit(getkey):
    """T = (D/d)^2 = 2500 circuits in D = 200, thirty layers."""
    net = make(getkey(), n_blocks=50, count=2500, n_layers=30)
    assert net.network_width == 200
    measured = simulation.simulate(net, 1, 64, key=getkey())
    assert measured["mse_x_active"].max() < 1e-9
    assert measured["mse_on_active"].max() == 0
    # One block is open, and no neuron outside it is used.
    assert measured["frac_active_neurons_block2"].max() <= 1 / 50 + 1e-6


def test_two_active_circuits_fail(getkey, sigmas):
    """Each brings its whole vector to the other in layer 2, and they drive each other from there."""
    net = make(getkey(), n_blocks=50, count=2500, n_layers=5)
    measured = simulation.simulate(net, 2, 400, key=getkey())
    error, noise = measured["mse_x_active"], measured.stderr_of("mse_x_active")
    # In layer 1 only circuits that start in the same block meet.
    assert error[0] < 0.2
    assert 0.7 - sigmas * noise[1] < error[1] < 1.1 + sigmas * noise[1]
    assert (error[2:] > 2).all()


def test_parts_are_checked(getkey):
    with pytest.raises(ValueError, match="`n_circuits` must be at most 81"):
        allocation.blocks(9, 82)
    made = circuits.Rotation.random(20, key=getkey())
    with pytest.raises(ValueError, match="`redundancy` must be 1"):
        network.build(made, allocation.transversal(50, 4, 20), 2, "block", key=getkey())
