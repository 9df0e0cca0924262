"""Small circuits: weights, exact trajectories, checks of their parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import circuits


# Those that a kind has no use for are left out.
PARAMETERS = {"lower_threshold": 0.4, "upper_threshold": 0.9, "gate_bias": 0.5}


def draw(kind):
    return lambda key: circuits.make(kind, 7, key=key, **PARAMETERS)


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
    """Mean and difference part through channels equal one matrix, applied to any activation."""
    small = ALL[name](getkey())
    activation = jax.random.normal(getkey(), (small.width,))
    layer = (small.depth or 1) - 1
    pick = lambda stack: stack[layer if stack.shape[0] > 1 else 0]
    seen = small.layout.matrix @ np.asarray(activation)
    expected = np.asarray(pick(small.mean_weights())) @ seen[list(small.layout.mean_channels)]
    expected = np.tile(expected, (7, 1))
    for t in range(7):
        change = np.asarray(pick(small.difference_weights())[t])
        rows = list(small.layout.difference_outputs)
        expected[t, rows] += change @ seen[list(small.layout.difference_channels)]
    weights = circuits.small_weights(small, layer)
    np.testing.assert_allclose(weights @ activation, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", circuits.kinds())
def test_parameters_are_the_constructors(kind):
    """Each listed parameter is taken, checked and used; one that is not listed changes nothing."""
    small = draw(kind)(jax.random.key(0))
    assert circuits.width_of(kind) == small.width and circuits.layout_of(kind) == small.layout
    circuits.check_parameters(kind, **PARAMETERS)
    for name in PARAMETERS:
        changed = PARAMETERS | {name: 0.45}
        other = circuits.make(kind, 7, key=jax.random.key(0), **changed)
        differs = (small.biases() != other.biases()).any()
        assert differs == (name in small.parameters)
        if name in small.parameters:
            with pytest.raises(ValueError, match=f"`{name}`"):
                circuits.check_parameters(
                    kind, **PARAMETERS | {name: -1.0 if "upper" not in name else 2.0}
                )


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
    small = ALL[name](getkey())
    quiet = circuits.exact_trajectory(small, jnp.arange(7), jnp.zeros((7, small.width)), 3)
    np.testing.assert_array_equal(quiet, 0)


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
