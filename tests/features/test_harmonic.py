"""Harmonic frames: tight, almost orthogonal, and optimal for a linear readout at every z."""

import jax
import numpy as np
import pytest
from jaxsuper import features, theory


SIZES = [(61, 21), (7, 1), (7, 7), (9, 5), (12, 4), (12, 5), (12, 11), (12, 12), (2, 2), (1, 1)]


@pytest.mark.parametrize("n_features, width", SIZES)
def test_optimal_for_every_number_of_active_features(n_features, width, getkey):
    frame = features.harmonic_frame(n_features, width, key=getkey())
    projection = width / n_features * np.asarray(frame.gram(), np.float64)
    np.testing.assert_allclose(projection @ projection, projection, atol=1e-6)
    np.testing.assert_allclose(projection.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(np.diag(projection), width / n_features, atol=1e-6)
    readout = features.scaled(frame, width / n_features)
    for z in {1, min(2, n_features), n_features // 2 or 1, n_features}:
        bound = theory.linear_mse_bound(n_features, width, z)
        assert features.linear_mse(frame, readout, z) == pytest.approx(bound, abs=1e-5)
        squared_sum = n_features**2 / width
        said = theory.tight_frame_mse(n_features, width, z, squared_sum)
        assert said == pytest.approx(bound, abs=1e-12)


def test_it_is_the_constant_that_makes_them_optimal(getkey):
    """The other coordinates alone are a tight frame too, good at z = 1 and at no other z."""
    T, D = 61, 21
    frame = features.harmonic_frame(T, D, key=getkey())
    without = np.asarray(frame.vectors)[:, 1:] * (D / (D - 1)) ** 0.5
    np.testing.assert_allclose(np.linalg.norm(without, axis=1), 1, atol=1e-5)
    other = features.Embedding(without)
    for z in (1, 2, 4):
        bound = theory.linear_mse_bound(T, D - 1, z)
        for readout in (features.scaled(other, (D - 1) / T), features.least_squares(other, z)):
            excess = features.linear_mse(other, readout, z) / bound - 1
            assert abs(excess) < 1e-6 if z == 1 else excess > 0.01


@pytest.mark.parametrize("n_features, width", [(301, 101), (300, 100), (1009, 101)])
def test_almost_orthogonal(n_features, width, getkey):
    frame = features.harmonic_frame(n_features, width, key=getkey()).vectors
    square = theory.welch_mean_square(n_features, width)
    assert features.mean_square_overlap(frame) == pytest.approx(square, rel=1e-4)
    random = features.random_unit(n_features, width, key=getkey()).vectors
    assert features.max_overlap(frame) < 0.9 * features.max_overlap(random)
    # The overlap of a pair depends on its distance alone.
    gram = np.asarray(features.cosines(frame))
    np.testing.assert_allclose(np.roll(gram, 1, axis=(0, 1)), gram, atol=1e-5)


def test_angles_of_large_frames_are_exact():
    """A product f·t of a million turns would cost float32 all its digits."""
    frame = features.harmonic_frame(20_011, 3, key=jax.random.key(0)).vectors
    gap = np.asarray(frame, np.float64).T @ np.asarray(frame, np.float64) * 3 / 20_011 - np.eye(3)
    assert np.abs(gap).max() < 1e-6
