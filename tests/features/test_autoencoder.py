"""Learnt embeddings: known optima are reached, and seeds agree where the loss has isolated minima."""

from functools import cache
from typing import Any

import jax
import numpy as np
import pytest
from jaxsuper import features


@cache
def trained(loss, n_active, n_seeds=24, scale=0.3):
    """Four features in two neurons; one compile for each loss, z and number of seeds."""
    options = {"n_steps": 4000, "learning_rate": 0.03, "penalty": 3e-4, "initial_scale": scale}
    return features.train(4, 2, n_active, loss, n_seeds, key=jax.random.key(5), **options)


@cache
def toy_models():
    """Five features in two neurons, tied weights, ReLU and bias."""
    options = {"tied": True, "rectified": True, "initial_scale": 0.5, "learning_rate": 0.03}
    return features.train(5, 2, 1, "mse", 24, key=jax.random.key(6), n_steps=3000, **options)


@pytest.mark.parametrize("n_active", [1, 2])
def test_mse_reaches_its_bound(n_active):
    """z(1-q)(1 - D/T) is the least over all linear autoencoders; without the 1-q it is not."""
    made = trained("mse", n_active)
    q = (n_active - 1) / 3
    bound = n_active * (1 - q) * (1 - 2 / 4)
    np.testing.assert_allclose(made.losses, bound, rtol=1e-3)
    if n_active > 1:
        assert bound / (1 - q) > 1.2 * float(made.losses.max())
    assert (np.asarray(made.curve[0]) > 1.3 * bound).all()


@pytest.mark.parametrize("loss", features.loss_names())
def test_training_lowers_every_loss(loss):
    made = trained(loss, 2)
    start = features.silent_loss(loss, 4, 2)
    assert made.curve.shape == (4000, 24)
    assert (np.asarray(made.losses) < 0.8 * start).all()
    np.testing.assert_allclose(made.curve[-1], made.objectives, rtol=1e-4)
    assert (np.asarray(made.losses) < np.asarray(made.objectives)).all()
    if loss == "categorical":
        assert (np.asarray(made.losses) > np.log(2)).all()


@pytest.mark.parametrize("loss", features.loss_names())
def test_silent_loss_is_the_loss_of_zeros(loss):
    """A start of almost zero weights has it."""
    made = trained(loss, 2, scale=1e-4)
    np.testing.assert_allclose(made.curve[0], features.silent_loss(loss, 4, 2), rtol=1e-4)


def test_seeds_are_independent():
    few, many = trained("l4", 1, 3), trained("l4", 1)
    np.testing.assert_allclose(few.curve[:20], many.curve[:20, :3], rtol=1e-4)
    start = np.asarray(many.curve[0])
    assert len(np.unique(start.round(4))) > 20


def test_training_and_instrument_agree():
    """The final loss is the mean squared error that is measured of the embedding and its readout."""
    linear, toys = trained("mse", 2), toy_models()
    for made, n_active, kind in ((linear, 2, features.Linear), (toys, 1, features.Rectified)):
        for seed in range(3):
            embedding, readout = made.embedding(seed), made.readout(seed)
            assert isinstance(readout, kind)
            found = features.enumerate_losses(embedding, readout, n_active)
            np.testing.assert_allclose(found.mse.mean, made.losses[seed], rtol=1e-4)
    assert np.array_equal(toys.encoders, toys.decoders)
    assert not np.array_equal(linear.encoders, linear.decoders)


def test_relu_and_bias_beat_every_linear_readout():
    """With one feature active, vectors in convex position are read without error: 0, not 1 - D/T."""
    made = toy_models()
    assert float(made.losses.min()) < 1e-3 * (1 - 2 / 5)
    seed = int(made.losses.argmin())
    embedding, readout = made.embedding(seed), made.readout(seed)
    found = features.enumerate_losses(embedding, readout, 1)
    assert found.threshold_accuracy.mean == 1
    # The same vectors with the best linear readout are at the bound.
    linear = features.linear_mse(embedding, features.least_squares(embedding, 1), 1)
    np.testing.assert_allclose(linear, 1 - 2 / 5, rtol=1e-4)


def test_drawn_batches(getkey):
    """Inputs drawn anew in each step lead close to the same bound as all of them."""
    q, options = 3 / 23, {"n_steps": 2000, "learning_rate": 0.02, "batch_size": 64}
    made = features.train(24, 8, 4, "mse", 2, key=getkey(), **options)
    bound = 4 * (1 - q) * (1 - 8 / 24)
    np.testing.assert_allclose(made.losses, bound, rtol=0.05)


@pytest.mark.parametrize("n_active", [1, 2])
def test_mse_has_no_geometry(n_active):
    """Every projection of rank 2 (through the vector 1 for z > 1) is as good: seeds all differ."""
    made = trained("mse", n_active)
    found = features.consistency(made)
    assert found.n_best >= 20 and found.n_geometries >= 16
    assert found.balanced > 0.06
    expected = 2 * (4 - 2) if n_active == 1 else (2 - 1) * (4 - 2)
    assert np.median(features.flat_directions(made)) == expected


@pytest.mark.parametrize("loss, n_active", [("l4", 1), ("l4", 2), ("categorical", 2)])
def test_other_losses_have_one(loss, n_active):
    made = trained(loss, n_active)
    found = features.consistency(made)
    assert found.n_best >= 4 and found.n_geometries <= 6
    assert found.balanced < 0.01
    assert np.median(features.flat_directions(made)) == 0
    if loss == "l4" and n_active == 1:
        # Even losses of one feature do not see signs: signed cosines differ between seeds.
        assert found.raw > 0.1
        best = features.balanced(made.encoders, made.decoders)[0][:1]
        expected = [0, 0, 0.5**0.5, 0.5**0.5, 0.5**0.5, 0.5**0.5]  # lines 45 degrees apart
        lines = features.sorted_cosines(best, lines=True)[0]
        np.testing.assert_allclose(lines, expected, atol=0.02)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"loss": "l3"}, "`loss` must be one of mse, l4"),
        ({"n_active": 6}, "`n_active` must be at most the 5 features"),
        ({"n_seeds": 0}, "`n_seeds` must be at least 1"),
        ({"n_steps": 0}, "`n_steps` must be at least 1"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        ({"initial_scale": 0.0}, "`initial_scale` must be above 0"),
        ({"penalty": -1.0}, "`penalty` must be at least 0"),
        ({"batch_size": 0}, "`batch_size` must be at least 1"),
        ({"loss": "binary", "rectified": True}, "`rectified` must be False"),
        ({"n_features": 60, "n_active": 5}, "at most 200000 inputs"),
    ],
)
def test_bad_settings(options, message):
    base = {"n_features": 5, "width": 2, "n_active": 1, "loss": "mse", "n_seeds": 2}
    given: dict[str, Any] = {**base, **options}
    with pytest.raises(ValueError, match=message):
        features.train(**given, key=jax.random.key(0))


def test_bad_questions(getkey):
    plain = features.train(3, 2, 1, "mse", 1, key=getkey(), n_steps=1)
    with pytest.raises(ValueError, match="`trained` must have a penalty"):
        features.flat_directions(plain)
    with pytest.raises(ValueError, match="`stack` must hold at least two seeds"):
        features.consistency(plain)
    with pytest.raises(ValueError, match="`tolerance` must be at least 0"):
        plain.best(-1.0)
