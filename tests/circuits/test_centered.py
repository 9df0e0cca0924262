"""Rotations with their mean in the mean weights: the same circuits, split in another way."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, predict, simulation


ANGLES = jax.random.normal(jax.random.key(0), (3, 40))
SETS = allocation.prime_steps(50, 4, 40)


@pytest.mark.parametrize("angles", [ANGLES[0], ANGLES], ids=["shared", "per layer"])
def test_the_same_weights_but_differences_that_sum_to_nothing(angles):
    plain, centred = circuits.Rotation(angles), circuits.CenteredRotation(angles)
    for layer in range(plain.depth or 1):
        np.testing.assert_allclose(
            circuits.small_weights(plain, layer), circuits.small_weights(centred, layer), atol=1e-6
        )
    sums = [np.abs(small.difference_weights().sum(1)).max() for small in (plain, centred)]
    assert sums[1] < 1e-4 < 1 < sums[0]
    mean = plain.mean_rotation()
    np.testing.assert_allclose(centred.mean_weights()[:, 2, 1], np.real(mean), atol=1e-6)
    np.testing.assert_allclose(centred.mean_weights()[:, 3, 1], np.imag(mean), atol=1e-6)


def test_structured_equals_dense():
    @eqx.filter_jit
    def views(small, key):
        net = network.make_network(small, SETS, 3, "clipped", key=key)
        inputs = simulation.sample_inputs(small, 3, 3, jnp.arange(5), key=key)
        dense = network.dense_layers(net)
        return simulation.forward(net, inputs), simulation.dense_forward(net, dense, inputs)

    structured, dense = views(circuits.CenteredRotation(ANGLES), jax.random.key(1))
    for one, other in zip(jax.tree.leaves(structured), jax.tree.leaves(dense), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.slow
def test_a_common_vector_is_balanced_away():
    """What all circuits have in common reaches a neuron T S/n times Rbar, or not at all."""

    def brought(kind):
        """Mean over neurons of the payload's field, for the same vector (1, 1) everywhere."""
        net = network.build(kind(ANGLES[0]), SETS, 2, "clipped", key=jax.random.key(2))
        layer = jax.tree.map(lambda stack: stack[0], net.layers())
        n = net.block_width
        used = np.isin(np.arange(n), np.asarray(net.placement.sets[0]))
        channels = jnp.zeros((3, n, 1)).at[1:].set(jnp.asarray(used, jnp.float32)[:, None])
        means = jnp.zeros((3, 40, 1)).at[1:].set(1.0)
        bias = circuits.Rotation(ANGLES[0]).gate_bias
        return np.asarray(layer(channels, means))[2:, :, 0] + bias

    common = np.asarray(circuits.Rotation(ANGLES[0]).mean_rotation())[0] * (1 + 1j)
    load = 40 * 4 / 50
    plain, centred = brought(circuits.Rotation), brought(circuits.CenteredRotation)
    wanted = load * np.array([common.real, common.imag])
    np.testing.assert_allclose(plain.mean(1), wanted, rtol=1e-4)
    # One circuit's own share is what is left on average.
    assert (np.abs(centred.mean(1)) < 0.5 * np.abs(wanted)).all()


@pytest.mark.parametrize("construction", ["separate", "block", "cleaned"])
def test_constructions_that_read_the_indicator_alone_refuse_them(construction):
    with pytest.raises(ValueError, match="`circuits` must (be rotations|have an on-indicator)"):
        network.build(
            circuits.CenteredRotation(ANGLES), SETS, 3, construction, key=jax.random.key(0)
        )


def test_theories_know_them():
    """State evolution has no mean rotation for them, whatever the angles."""
    nets = [
        network.build(kind(ANGLES[0]), SETS, 3, "clipped", key=jax.random.key(0))
        for kind in (circuits.Rotation, circuits.CenteredRotation)
    ]
    plain, centred = (predict(net, 2) for net in nets)
    assert plain.closed_form and centred.closed_form and centred.state_evolution
    for metric, values in plain.closed_form.values.items():
        np.testing.assert_array_equal(values, centred.closed_form.values[metric])
    assert centred.state_evolution.network_sd["mse_x_active"].max() == 0
    assert predict(nets[1], 2, given=True)["mse_x_active"].tolist() == (
        centred["mse_x_active"].tolist()
    )
