"""Inputs are uniform, and what is measured agrees with what is counted."""

from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import features


METRICS = ("mse", "l4", "worst", "ranked_accuracy", "threshold_accuracy")


def set_counts(table, n_features, n_active):
    """How often each z-subset occurs among the rows."""
    everything = np.asarray(features.all_features(n_features, n_active))
    order = {row.tobytes(): number for number, row in enumerate(everything)}
    rows = np.asarray(table, np.float32)
    return np.bincount([order[row.tobytes()] for row in rows], minlength=len(order))


def test_samples_are_uniform_over_subsets(getkey, sigmas):
    count, draws = comb(6, 3), 20_000
    sampled = features.sample_features(6, 3, jnp.arange(draws), key=getkey())
    error = np.sqrt(draws / count * (1 - 1 / count))
    off = np.abs(set_counts(sampled, 6, 3) - draws / count).max()
    assert off < sigmas * error
    # Independent draws whose repeats are moved to the next free feature are not uniform.
    rng = np.random.default_rng(0)
    patched = np.zeros((draws, 6))
    for row, picks in zip(patched, rng.integers(0, 6, (draws, 3)), strict=True):
        for pick in picks:
            while row[pick]:
                pick = (pick + 1) % 6
            row[pick] = 1
    assert np.abs(set_counts(patched, 6, 3) - draws / count).max() > sigmas * error


def test_samples_do_not_depend_on_the_batch(getkey):
    key = getkey()
    whole = features.sample_features(30, 4, jnp.arange(10), key=key)
    part = features.sample_features(30, 4, jnp.array([7, 2]), key=key)
    np.testing.assert_array_equal(part, np.asarray(whole)[[7, 2]])


@pytest.mark.parametrize("n_features, n_active", [(5, 1), (5, 2), (5, 5), (12, 4)])
def test_all_features_are_all(n_features, n_active):
    found = np.asarray(features.all_features(n_features, n_active))
    assert len(np.unique(found, axis=0)) == len(found) == comb(n_features, n_active)
    assert (found.sum(axis=1) == n_active).all() and set(np.unique(found)) <= {0, 1}


READOUTS = {
    "linear": lambda e: features.least_squares(e, 3),
    "rectified": lambda e: features.Rectified(0.8 * e.vectors, -0.2),
    "threshold": lambda e: features.Threshold(e.vectors, 0.6),
}


@pytest.mark.parametrize("kind", READOUTS)
def test_measured_agrees_with_counted(kind, getkey, sigmas):
    embedding = features.random_unit(12, 8, key=getkey())
    readout = READOUTS[kind](embedding)
    exact = features.enumerate_losses(embedding, readout, 3)
    found = features.measure(embedding, readout, 3, 3000, key=getkey(), chunk=700)
    assert exact.exact and exact.n_samples == comb(12, 3) and found.n_samples == 3000
    for name in METRICS:
        truth, estimate = getattr(exact, name), getattr(found, name)
        assert truth.stderr == 0
        assert abs(estimate.mean - truth.mean) <= sigmas * estimate.stderr, name
    assert found.largest_error <= exact.largest_error * (1 + 1e-6)
    if isinstance(readout, features.Linear):
        # At another number of active features the error is another one.
        other = features.linear_mse(embedding, readout, 4)
        assert abs(found.mse.mean - other) > sigmas * found.mse.stderr


def test_losses_by_hand():
    """Three features in two neurons, (1,0), (0,1), (1,1), read along the vectors; z = 1 and 2."""
    embedding = features.Embedding([[1, 0], [0, 1], [1, 1]])
    readout = features.scaled(embedding, 0.5)
    found = features.enumerate_losses(embedding, readout, 1)
    errors = np.array([[-0.5, 0, 0.5], [0, -0.5, 0.5], [0.5, 0.5, 0]])
    np.testing.assert_allclose(found.mse.mean, (errors**2).sum(axis=1).mean())
    np.testing.assert_allclose(found.l4.mean, (errors**4).sum(axis=1).mean())
    np.testing.assert_allclose(found.worst.mean, 0.5)
    assert found.largest_error == 0.5
    # Outputs (.5, 0, .5) and (0, .5, .5) are ties, (.5, .5, 1) is right but for the threshold's .5.
    np.testing.assert_allclose(found.ranked_accuracy.mean, 1 / 3)
    np.testing.assert_allclose(found.threshold_accuracy.mean, 1 / 3)
    both = features.enumerate_losses(embedding, readout, 2)
    # (.5, .5, 1), (1, .5, 1.5), (.5, 1, 1.5) for {0,1}, {0,2}, {1,2}.
    np.testing.assert_allclose(both.ranked_accuracy.mean, 2 / 3)
    np.testing.assert_allclose(both.threshold_accuracy.mean, 2 / 3)


def test_separable_embeddings_are_read_without_mistake():
    orthogonal = features.one_per_neuron(6, 6)
    for readout in (features.Linear(np.eye(6)), features.Threshold(np.eye(6), 0.5)):
        found = features.enumerate_losses(orthogonal, readout, 2)
        assert found.ranked_accuracy.mean == found.threshold_accuracy.mean == 1
        assert found.mse.mean == found.largest_error == 0
    # Features that share a neuron cannot be told apart: only both of a neuron are read right, by
    # the threshold and, as both reach 2, by rank.
    shared = features.shared_neurons(12, 6)
    found = features.enumerate_losses(shared, features.Linear(shared.vectors), 2)
    np.testing.assert_allclose(found.threshold_accuracy.mean, 6 / comb(12, 2), rtol=1e-5)
    np.testing.assert_allclose(found.ranked_accuracy.mean, 6 / comb(12, 2), rtol=1e-5)
    # A threshold readout that is never on is wrong even where all features are active.
    never = features.Threshold(np.eye(6), 9.0)
    assert features.enumerate_losses(orthogonal, never, 6).threshold_accuracy.mean == 0


def test_chunks_do_not_matter(getkey):
    embedding, key = features.random_unit(9, 4, key=getkey()), getkey()
    readout = features.best_scale(embedding, 2)
    runs = [features.measure(embedding, readout, 2, 50, key=key, chunk=c) for c in (None, 7)]
    for name in METRICS:
        means = [getattr(run, name).mean for run in runs]
        errors = [getattr(run, name).stderr for run in runs]
        np.testing.assert_allclose(means, means[0], rtol=1e-5)
        np.testing.assert_allclose(errors, errors[0], rtol=1e-4)
    assert np.isnan(features.measure(embedding, readout, 2, 1, key=key, chunk=7).mse.stderr)


def test_large_embeddings(getkey, sigmas):
    """T = 4000 in D = 1000: z(T-1)/(D+T-1) on average over random vectors."""
    embedding = features.random_unit(4000, 1000, key=getkey())
    scale = 1000 / 4999
    found = features.measure(embedding, features.scaled(embedding, scale), 5, 64, key=getkey())
    expected = 5 * 3999 / 4999
    assert abs(found.mse.mean - expected) < sigmas * found.mse.stderr + 2e-3 * expected
    assert found.mse.stderr < 0.02 * expected


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda e, r, k: features.measure(e, r, 0, 5, key=k), "`n_active` must be at least 1"),
        (lambda e, r, k: features.measure(e, r, 7, 5, key=k), "must be at most the 6 features"),
        (lambda e, r, k: features.measure(e, r, 1, 0, key=k), "`batch_size` must be at least 1"),
        (lambda e, r, k: features.measure(e, r, 1, 5, key=k, chunk=0), "`chunk` must be at leas"),
        (lambda e, r, k: features.enumerate_losses(features.polygon(5), r, 1), "`readout` must ha"),
        (lambda e, r, k: features.all_features(60, 4), "at most 200000 inputs"),
        (lambda e, r, k: features.sample_features(3, 4, jnp.arange(2), key=k), "at most the 3"),
    ],
)
def test_bad_input(call, message):
    embedding = features.simplex(5)
    with pytest.raises(ValueError, match=message):
        call(embedding, features.best_scale(embedding, 1), jax.random.key(0))
