"""Small circuits: weights, exact trajectories, checks of their parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import circuits, testing


def draw(kind):
    return lambda key: circuits.make(kind, 7, key=key, gate_bias=0.5, upper_threshold=0.9)


# Every registered kind, and what has no name on the command line.
ALL = {kind: draw(kind) for kind in circuits.kinds()} | {
    "rotation-per-layer": lambda key: circuits.Rotation(jax.random.normal(key, (3, 7))),
    "rotation-centered": lambda key: circuits.CenteredRotation.random(7, key=key),
    "mlp": lambda key: circuits.MLP.random(7, 3, key=key),
    "mlp-per-layer": lambda key: circuits.MLP.random(
        7, 3, 3, key=key, bias=-jnp.abs(jax.random.normal(key, (3, 3)))
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_channels_and_parts_make_up_the_weights(name, getkey):
    testing.parts_make_up_the_weights(ALL[name](getkey()))


@pytest.mark.parametrize("kind", circuits.kinds())
def test_a_kind_keeps_the_laws(kind):
    testing.check_circuits(kind)


class Leaking(circuits.Step):
    """A step whose neurons fire without any input."""

    def biases(self):
        return super().biases() + 1.0


def test_kinds_from_outside(monkeypatch):
    """They are made by name and listed; one that is wrong is noticed, names are used once."""
    from jaxsuper.circuits import _registry

    monkeypatch.setattr(_registry, "_KINDS", dict(_registry._KINDS))
    circuits.register("leaking", Leaking)
    assert "leaking" in circuits.kinds()
    assert circuits.kind_of(circuits.make("leaking", 3, key=jax.random.key(0))) == "leaking"
    with pytest.raises(AssertionError):
        testing.check_circuits("leaking")
    with pytest.raises(ValueError, match="`name` must be new, got 'step'"):
        circuits.register("step", Leaking)
    with pytest.raises(ValueError, match="`circuits` must be a class with a `layout`"):
        circuits.register("mlp", circuits.MLP)


@pytest.mark.parametrize("bias", [0.0, 0.25, 1.0, 2.0])
@pytest.mark.parametrize("kind", [circuits.Rotation, circuits.CenteredRotation, circuits.Rotation3])
def test_rotations_rotate(kind, bias, getkey):
    """x^l = R_t^l x^0 with alpha = 1 in every layer, whatever the gate bias."""
    small = kind.random(5, key=getkey(), gate_bias=bias)
    active = jnp.arange(5)
    inputs = jax.vmap(lambda k: small.sample_input(key=k))(jax.random.split(getkey(), 5))
    channels = circuits.exact_channels(small, circuits.exact_trajectory(small, active, inputs, 4))
    angles = small.angles[0]
    start = channels[0, :, 1:]
    np.testing.assert_allclose(channels[:, :, 0], 1, atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(start, axis=1), 1, rtol=1e-5)
    for layer in range(1, 5):
        turn = np.asarray(layer * angles)
        cos, sin = np.cos(turn), np.sin(turn)
        x, y = np.asarray(start).T
        expected = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
        np.testing.assert_allclose(channels[layer, :, 1:], expected, atol=2e-5)


@pytest.mark.parametrize("name", ALL)
def test_inactive_circuits_stay_at_zero(name, getkey):
    testing.inactive_stay_at_zero(ALL[name](getkey()))


def test_the_step_is_a_step():
    """alpha' = clip((alpha - lo)/(hi - lo), 0, 1), from two ReLUs."""
    small = circuits.Step(1, 0.2, 0.7)
    alpha = np.linspace(-0.5, 1.5, 41, dtype=np.float32)
    inputs = jnp.asarray(np.stack([alpha, 0 * alpha], axis=1))
    outputs = circuits.exact_trajectory(small, jnp.zeros(41, int), inputs, 1)[1]
    on = outputs[:, 0] - outputs[:, 1]
    np.testing.assert_allclose(on, np.clip((alpha - 0.2) / 0.5, 0, 1), atol=1e-6)


def test_the_d3_indicator_amplifies_noise_and_d4_does_not(getkey):
    """An error of 0.05 on alpha grows by 1 + b a layer for d = 3 and vanishes for d = 4."""
    three = circuits.Rotation3.random(1, key=getkey())
    four = circuits.Rotation.random(1, key=getkey())
    wrong3 = three.sample_input(key=getkey()).at[0].add(0.05)[None]
    wrong4 = four.sample_input(key=getkey()).at[0].add(-0.05)[None]
    run = lambda small, a: circuits.exact_channels(
        small, circuits.exact_trajectory(small, jnp.zeros(1, int), a, 3)
    )[:, 0, 0]
    np.testing.assert_allclose(run(three, wrong3) - 1, 0.05 * 2.0 ** np.arange(4), rtol=1e-4)
    np.testing.assert_allclose(run(four, wrong4)[1:] - 1, 0, atol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: circuits.Rotation([0.0, np.nan]), "`angles` must be finite"),
        (lambda: circuits.Rotation(np.zeros(0)), "`angles` must hold at least one circuit"),
        (lambda: circuits.Rotation([0.0], 0.8, 0.7), "`lower_threshold` must be below"),
        (lambda: circuits.Rotation([0.0], -0.1, 0.7), "`lower_threshold` must be at least 0"),
        (lambda: circuits.Rotation([0.0], 0.1, 1.7), "`upper_threshold` must be at most 1"),
        (lambda: circuits.Rotation([0.0], gate_bias=-1.0), "`gate_bias` must be at least 0"),
        (lambda: circuits.Rotation([0.0], gate_bias=np.inf), "`gate_bias` must be finite"),
        (lambda: circuits.Step(0), "`n_circuits` must be at least 1"),
        (lambda: circuits.MLP(np.full((1, 2, 3, 3), np.nan)), "`weights` must be finite"),
        (lambda: circuits.MLP(np.zeros((2, 3, 3))), "`weights` must have shape"),
        (lambda: circuits.MLP(np.zeros((1, 2, 3, 3)), np.ones((1, 3))), "`bias` must not be pos"),
        (lambda: circuits.MLP(np.zeros((1, 2, 3, 3)), mean=np.zeros((3, 3))), "`mean` must have"),
        (lambda: circuits.make("rotations", 3, key=jax.random.key(0)), "did you mean 'rotation'"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_depth_must_fit(getkey):
    small = circuits.MLP.random(2, 3, 4, key=getkey())
    small.check_depth(4)
    with pytest.raises(ValueError, match="`n_layers` must be 4"):
        small.check_depth(5)
