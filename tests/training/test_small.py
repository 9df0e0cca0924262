"""Small networks trained on tasks of their own, and the tasks."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jaxsuper import circuits, training


@pytest.fixture(scope="module")
def boolean():
    """Twelve functions of three bits, and networks trained on them."""
    tasks = training.boolean_tasks(12, 3, key=jax.random.key(0))
    settings = {"key": jax.random.key(1), "noise": 0.1, "steps": 1200, "restarts": 2}
    return tasks, training.train_small(tasks.inputs, tasks.targets, (6,), **settings)


def test_they_learn_their_own_function(boolean):
    """Each network computes its own task and not that of the next."""
    tasks, trained = boolean
    small = circuits.Guarded.from_layers(trained.layers, tasks.inputs)
    active = np.repeat(np.arange(12), 8).reshape(12 * 8, 1)
    inputs = np.tile(tasks.inputs, (12, 1)).reshape(12 * 8, 1, 3)
    outputs = np.asarray(small.outputs(small(active, inputs)))[:, -1, 0].reshape(12, 8, 1)
    assert training.share_right(outputs, tasks.targets) > 0.97
    assert training.share_right(outputs, np.roll(tasks.targets, 1, axis=0)) < 0.8
    squares = ((outputs - np.asarray(tasks.targets)) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(squares, trained.losses, atol=1e-5)


def test_tasks_of_ones_own():
    """Arrays in double precision, any real targets; as an Equinox module they are the same circuits."""
    draws = np.random.default_rng(5)
    # Shapes of the tasks above, so that one program trains both.
    inputs, slopes = draws.normal(size=(8, 3)), draws.normal(size=(12, 3))
    targets = np.maximum(inputs @ slopes.T, 0).T[..., None]
    settings = {"key": jax.random.key(6), "noise": 0.1, "steps": 1200, "restarts": 2}
    trained = training.train_small(inputs, targets, (6,), **settings)
    power = (targets**2).mean()
    assert np.mean(trained.losses) < 0.05 * power
    small = circuits.Guarded.from_layers(trained.layers, inputs)
    active = np.repeat(np.arange(12), 8).reshape(12 * 8, 1)
    rows = np.tile(inputs, (12, 1)).reshape(12 * 8, 1, 3)
    found = np.asarray(small.outputs(small(active, rows)))[:, -1, 0].reshape(12, 8, 1)
    errors = ((found - targets) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(errors, trained.losses, atol=1e-4)
    # Those of the next circuit are others.
    assert ((found - np.roll(targets, 1, axis=0)) ** 2).mean() > 0.3 * power

    module = eqx.nn.MLP(3, 1, 6, 1, final_activation=jax.nn.relu, key=jax.random.key(0))
    parts = lambda net: [
        getattr(layer, name) for layer in net.layers for name in ("weight", "bias")
    ]
    module = eqx.tree_at(parts, module, [part for pair in trained.layers for part in pair])
    again = circuits.Guarded.from_layers(circuits.layers_of(module), inputs)
    np.testing.assert_array_equal(again.own, small.own)


def test_boolean_tasks_depend_on_every_bit():
    tasks = training.boolean_tasks(50, 3, key=jax.random.key(2))
    values = np.asarray(tasks.targets)[:, :, 0]
    for bit in range(3):
        flipped = values[:, np.arange(8) ^ (1 << bit)]
        assert (values != flipped).any(axis=1).all()


def test_addition_tables_are_latin_squares():
    """Every row and column of a table holds every residue once, and tables differ."""
    tasks = training.addition_tasks(9, 4, key=jax.random.key(3))
    sums = np.asarray(tasks.targets).argmax(-1).reshape(9, 4, 4)
    for axis in (1, 2):
        ordered = np.sort(sums, axis=axis)
        assert (np.moveaxis(ordered, axis, -1) == np.arange(4)).all()
    assert len(np.unique(sums.reshape(9, -1), axis=0)) > 5
    assert tasks.inputs.shape == (16, 8) and tasks.classes


def test_waves_have_their_variance():
    tasks = training.regression_tasks(400, 64, key=jax.random.key(4))
    assert float(np.var(np.asarray(tasks.targets))) == pytest.approx(0.25, rel=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": np.full((2, 8, 1), -1.0)}, "`targets` must not be negative.*signed=True"),
        ({"targets": np.zeros((2, 7, 1))}, "`targets` must have shape .T, 8, o."),
        ({"noise": -0.1}, "`noise` must not be negative"),
        ({"hidden": (0,)}, "`hidden` must be at least 1"),
    ],
)
def test_bad_input(change, message):
    given = {"inputs": np.zeros((8, 3)), "targets": np.zeros((2, 8, 1)), "hidden": (4,)} | change
    with pytest.raises(ValueError, match=message):
        training.train_small(**given, key=jax.random.key(0))
