"""Readouts: the best linear ones are best, and scans find what they look for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import features


EMBEDDINGS = {
    "random": lambda key: features.random_unit(9, 4, key=key),
    "long": lambda key: features.Embedding(jax.random.normal(key, (9, 4))),
    "dropped": lambda key: features.one_per_neuron(9, 4),
    "shared": lambda key: features.shared_neurons(9, 4, key=key),
    "twins": lambda key: features.Embedding(np.eye(3)[[0, 0, 1, 1, 2, 2, 2, 0, 1]]),
    "flat": lambda key: features.Embedding(np.pad(np.eye(9, 2), ((0, 0), (0, 2)))),
}


@pytest.mark.parametrize("n_active", [1, 3, 9])
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_the_exact_error_is_the_error_over_all_inputs(name, n_active, getkey):
    embedding = EMBEDDINGS[name](getkey())
    readout = features.Linear(jax.random.normal(getkey(), embedding.vectors.shape))
    exact = features.linear_mse(embedding, readout, n_active)
    listed = features.enumerate_losses(embedding, readout, n_active)
    np.testing.assert_allclose(exact, listed.mse.mean, rtol=1e-5)
    if n_active == 3:
        # Without co-activation, q = 0, it is another number.
        alone = n_active * features.linear_mse(embedding, readout, 1)
        assert abs(alone / listed.mse.mean - 1) > 1e-3


@pytest.mark.parametrize("n_active", [1, 4])
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_best_readouts_are_best_of_their_kind(name, n_active, getkey):
    embedding = EMBEDDINGS[name](getkey())
    error = lambda readout: features.linear_mse(embedding, readout, n_active)
    one = error(features.best_scale(embedding, n_active))
    each = error(features.best_feature_scales(embedding, n_active))
    full = error(features.least_squares(embedding, n_active))
    assert full <= each + 1e-6 and each <= one + 1e-6 and one <= n_active + 1e-6
    best = features.optimal_scale(embedding, n_active)
    for factor in (0.97, 1.03):
        assert error(features.scaled(embedding, factor * best)) > one
    scales = features.best_feature_scales(embedding, n_active)
    for t in range(2):
        for factor in (0.9, 1.1):
            changed = features.Linear(scales.weights.at[t].multiply(factor))
            assert error(changed) > each
    weights = features.least_squares(embedding, n_active).weights
    used = jnp.any(embedding.vectors != 0, axis=0).astype(jnp.float32)
    for _ in range(5):
        shift = 0.03 * jax.random.normal(getkey(), weights.shape) * used[None, :]
        assert error(features.Linear(weights + shift)) > full


def test_least_squares_reaches_the_bound(getkey):
    """Any embedding of rank D loses z(1 - D/T) at z = 1; shared neurons lose the bound at any z."""
    for name in ("random", "long", "shared"):
        embedding = EMBEDDINGS[name](getkey())
        error = features.linear_mse(embedding, features.least_squares(embedding, 1), 1)
        np.testing.assert_allclose(error, 1 - 4 / 9, rtol=1e-5)
    shared, n_active = features.shared_neurons(12, 4), 3
    bound = n_active * (1 - 2 / 11) * (1 - 4 / 12)
    for make in (features.best_scale, features.least_squares):
        error = features.linear_mse(shared, make(shared, n_active), n_active)
        np.testing.assert_allclose(error, bound, rtol=1e-5)
    # Random vectors with one scale stay above it.
    loose = features.random_unit(12, 4, key=getkey())
    assert features.linear_mse(loose, features.best_scale(loose, n_active), n_active) > 1.1 * bound


def test_readouts_compute_what_they_say(getkey):
    weights, hidden = jax.random.normal(getkey(), (5, 3)), jax.random.normal(getkey(), (3,))
    product = np.asarray(weights) @ np.asarray(hidden)
    np.testing.assert_allclose(features.Linear(weights)(hidden), product, atol=1e-6)
    bias = np.linspace(-1, 1, 5)
    expected = np.maximum(product + bias, 0)
    np.testing.assert_allclose(features.Rectified(weights, bias)(hidden), expected, atol=1e-6)
    np.testing.assert_array_equal(features.Threshold(weights, 0.2)(hidden), product > 0.2)


def test_threshold_scan_finds_the_gap(getkey):
    """Of a separable embedding it takes the middle of the range that makes no mistake."""
    embedding = features.simplex(5)
    readout = features.scan_threshold(embedding, 2, key=getkey())
    projected = np.asarray(features.all_features(6, 2) @ embedding.gram())
    active = np.asarray(features.all_features(6, 2)) > 0
    low, high = projected[~active].max(), projected[active].min()
    assert low < high
    np.testing.assert_allclose(readout.threshold, (low + high) / 2, atol=0.03)
    assert features.enumerate_losses(embedding, readout, 2).mse.mean == 0


def test_threshold_scan_makes_fewest_mistakes(getkey, sigmas):
    embedding = features.random_unit(12, 6, key=getkey())
    wrong = lambda t: (
        features.enumerate_losses(embedding, features.Threshold(embedding.vectors, t), 2).mse.mean
    )
    found = features.scan_threshold(embedding, 2, 4000, key=getkey())
    best = wrong(found.threshold)
    # Chosen on 4000 inputs: as good as the best of all inputs but for their noise.
    least = min(wrong(t) for t in np.linspace(-0.5, 2, 51))
    assert best <= least + sigmas * np.sqrt(least / 4000)
    assert wrong(found.threshold + 0.4) > best + sigmas * np.sqrt(least / 4000)


def test_scans_take_other_weights(getkey):
    embedding = features.random_unit(12, 6, key=getkey())
    linear = features.least_squares(embedding, 2)
    scanned = features.scan_threshold(embedding, 2, 4000, key=getkey(), linear=linear)
    np.testing.assert_array_equal(scanned.weights, linear.weights)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda e, k: features.scaled(e, np.ones(3)), "`scale` must be a number or"),
        (lambda e, k: features.least_squares(e, 0), "`n_active` must be at least 1"),
        (lambda e, k: features.best_scale(e, 6), "`n_active` must be at most the 5 features"),
        (lambda e, k: features.Linear(np.ones(3)), r"`weights` must be \(T, D\)"),
        (lambda e, k: features.Rectified(np.ones((3, 2)), np.ones(2)), "`bias` must be a number"),
        (lambda e, k: features.Threshold(np.ones((3, 2)), np.ones(3)), "`threshold` must be a num"),
        (lambda e, k: features.linear_mse(e, features.Linear(np.ones((4, 2))), 1), "`readout` mus"),
        (lambda e, k: features.scan_threshold(e, 1, 0, key=k), "`n_samples` must be at least 1"),
    ],
)
def test_bad_readouts(make, message):
    with pytest.raises(ValueError, match=message):
        make(features.polygon(5), jax.random.key(0))
