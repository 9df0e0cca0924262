"""Clean-up layers: what they compute, how they are counted, their closed form, and what they buy."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation, theory
from jaxsuper.network._cleaned import _gated as gated

from .. import jitted


T, S, N, L = 40, 4, 50, 3


def make(key, construction="cleaned", layers=L, **options) -> Any:
    made = circuits.Rotation.random(T, key=key, gate_bias=0.7)
    design = allocation.prime_steps(N, S, T)
    return network.build(made, design, layers, construction, key=key, **options)


@pytest.mark.slow
def test_clean_up_layers_by_hand_and_as_matrices(getkey):
    """From the definition in numpy, sample 0: cut, wait, open, rotate; two matrices for each step."""
    net = make(getkey(), inhibition="receiver", inhibition_factor=1.2)
    inputs = jitted.sample_inputs(net.circuits, 3, L, jnp.arange(2), key=getkey())
    found = np.asarray(jitted.forward(net, inputs).activations)
    views = found[..., 0]
    sets, angles, b = np.asarray(net.placement.sets), np.asarray(net.circuits.angles[0]), 0.7
    for layer in range(1, L):
        g, unused, y = views[layer - 1][0], views[layer - 1][1], views[layer - 1][2:]
        assert (unused == 0).all()
        linked = np.zeros((N, N), bool)
        for to, from_ in zip(sets[layer], sets[layer - 1], strict=True):
            linked[np.ix_(to, from_)] = True
        chi = 1.2 * np.asarray(net.inhibition[layer - 1])[:, None]
        seen = np.where(linked, 1.0, -chi) @ g / S
        alpha = np.clip((seen - 0.25) / 0.5, 0, 1)
        held = y - g
        assert held.min() > -1 - 1e-6  # waiting never cuts
        moved = np.zeros((2, N))
        for t, (to, from_) in enumerate(zip(sets[layer], sets[layer - 1], strict=True)):
            cos, sin = np.cos(angles[t]), np.sin(angles[t])
            x = np.array([[cos, -sin], [sin, cos]]) @ held[:, from_].mean(axis=1)
            moved[:, to] += x[:, None]
        gate = (1 + b) * alpha - b
        np.testing.assert_allclose(views[layer][0], np.maximum(gate, 0), atol=1e-4)
        np.testing.assert_allclose(views[layer][2:], np.maximum(gate + moved, 0), atol=1e-4)
        # Gates opened by the raw sum, as published, would be others.
        raw = np.maximum((1 + b) * seen - b + moved, 0)
        assert np.abs(raw - views[layer][2:]).max() > 0.1

    assert (net.n_layers, net.depth, net.network_width) == (L, 2 * L, 4 * N)
    write, run = jitted.dense_layers, jitted.dense_forward
    other = eqx.tree_at(lambda one: one.inhibition, net, net.inhibition * 1.02)
    dense, wrong = write(net), write(other)
    assert dense.weights.shape == (2 * (L - 1), 4 * N, 4 * N)
    assert dense.biases.shape == (2 * L - 1, 4 * N)
    assert np.abs(run(net, dense, inputs).activations - found).max() < 1e-4
    assert np.abs(run(net, wrong, inputs).activations - found).max() > 1e-3


def test_the_gate_is_its_own_offset(getkey):
    """A half-open gate with nothing brought in reads x = 0; with alpha as offset it would not."""
    net = make(getkey())
    alpha = jnp.linspace(0, 1, 11)[:, None]
    mean, bias = net.circuits.mean_weights()[0], net.circuits.biases()[0]
    nothing = jnp.zeros((2, 11, 1))
    after = jax.nn.relu(gated(mean, bias, alpha, nothing))
    np.testing.assert_array_equal(np.asarray(net.channels(after)[1:]), 0)
    other = net.channels(after.at[0].set(alpha))[1:]
    assert np.abs(np.asarray(other)).max() > 0.3


def test_shared_neurons_in_the_first_layer(getkey, sigmas):
    """The error e (z-1) c is exact for two circuits: open gates are cut, the ReLU clips at -1."""
    design = allocation.transversal(100, 6, 150)
    made = circuits.Rotation.random(150, key=getkey())
    net = network.build(made, design, 1, "cleaned", key=getkey())
    measured, e = simulation.simulate(net, 2, 8000, key=getkey()), design.overlap_rate
    value, error = measured["mse_x_active"][0], measured.stderr_of("mse_x_active")[0]
    assert abs(value - theory.cleaned_active_mse(1, 150, e, 2)[0]) < sigmas * error
    # Without the clipping |x'|^2 = 1; with gates that open twice, as published, 9.
    assert abs(value - e) > sigmas * error
    assert abs(value - theory.rotation_active_mse(1, 150, e, 2, 1.0)) > sigmas * error


def rotations(construction, key, layers):
    """Measure z = 2 at T(d/D)^2 = 0.009."""
    made = circuits.Rotation.random(356, key=key, lower_threshold=0.4, upper_threshold=0.7)
    design = allocation.transversal(200, 3, 356)
    net = network.build(made, design, layers, construction, key=key)
    return design.overlap_rate, simulation.simulate(net, 2, 300, key=key)


@pytest.mark.slow
def test_clean_up_layers_help(getkey):
    """They follow their closed form, and beat the clipped network at equal rotations and depth."""
    e, clean = rotations("cleaned", getkey(), 5)
    found = clean["mse_x_active"]
    ratio = found[1:] / np.array(theory.cleaned_active_mse(5, 356, e, 2))[1:]
    assert (ratio[:3] < 1.4).all() and (ratio > 0.8).all()
    published = [theory.rotation_active_mse(l, 356, e, 2, 1.0) for l in range(1, 6)]
    assert (found < 0.5 * np.array(published)).all()
    clipped = rotations("clipped", getkey(), 10)[1]["mse_x_active"]
    assert found[4] < 0.5 * clipped[4]  # equal rotations
    assert found[4] < 0.5 * clipped[9]  # equal depth: ten layers, of which five compute
