"""Levels: what stairs cut, how long they last, and that a rotation's linear part cuts nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import circuits, theory
from jaxsuper.theory._levels import cleaned


KINDS = {"levels2": 2, "levels4": 4, "levels8": 8}


def after(small, inputs):
    active = jnp.zeros(len(inputs), jnp.int32)
    states = circuits.exact_trajectory(small, active, inputs, 1)[1]
    return np.asarray(circuits.exact_channels(small, states))


@pytest.mark.parametrize(("kind", "levels"), KINDS.items())
def test_a_layer_cuts_noise_below_three_eighths_of_a_level(kind, levels):
    """The noise is on a neuron of the payload, in units of x; more than half a level is kept."""
    small = circuits.make(kind, 1, key=jax.random.key(0))
    sign = float(small.difference_weights()[0, 0, 0, 0]) / 4
    keys = jax.random.split(jax.random.key(1), 64)
    inputs = jnp.stack([small.sample_input(key=key) for key in keys])
    x = np.asarray(circuits.exact_channels(small, inputs)[:, 1])
    width = 2 / (levels - 1)
    assert len(np.unique(np.round(x, 4))) == levels
    for share in (0.0, 0.37, -0.37):
        alpha, found = after(small, inputs.at[:, 2].add(share * width)).T
        np.testing.assert_allclose(alpha, 1, atol=1e-5)
        np.testing.assert_allclose(found, x * sign, atol=1e-4)
    moved = after(small, inputs.at[:, 2].add(0.6 * width))[:, 1] * sign
    inner = x < 1 - width / 2
    assert (np.abs(moved - x)[inner] > 0.7 * width).all()


@pytest.mark.parametrize("kind", KINDS)
def test_idle_circuits_stay_silent_under_noise(kind):
    small = circuits.make(kind, 1, key=jax.random.key(0))
    noise = (
        jnp.zeros((2, small.width))
        .at[:, 2]
        .set(jnp.array([0.9, 0.0]))
        .at[:, 3]
        .set(jnp.array([0.0, 0.9]))
    )
    np.testing.assert_array_equal(after(small, noise), 0)


def test_the_law_of_a_level_is_what_draws_give():
    """One rival: S neurons that share their noise, whose mean is as noisy as each of them."""
    k, S, T, n, L = 4, 3, 120, 60, 6
    e = (T * S / n - 1) / ((T - 1) * S)
    said = theory.level_errors(k, S, T, n, L, e)
    rng, draws = np.random.default_rng(0), 40_000
    mean = (T * S / n - 1) * S**2 * e / 2
    found, together = np.zeros(L), np.zeros(L)
    for x in (-1.0, -1 / 3):
        for errors, own in ((found, S), (together, 1)):
            u = np.full(draws, x)
            for layer in range(L):
                errors[layer] += ((u - x) ** 2).mean() / 2
                hits = rng.poisson(mean, (draws, own)) - rng.poisson(mean, (draws, own))
                u = cleaned(k, 4.0, u[:, None] + x * hits / S).mean(1)
    assert said[0] == 0
    np.testing.assert_allclose(said[1:], found[1:], rtol=0.08)
    assert (together[1:] > 1.3 * said[1:]).all()


def test_no_third_circuits_no_failure():
    assert theory.level_errors(4, 3, 20, 60, 50, 0.0) == pytest.approx(np.zeros(50), abs=1e-6)
