"""Closed forms of the error of embeddings against every input listed, with variants that fail."""

import jax
import numpy as np
import pytest
from jaxsuper import features, theory
from scipy.stats import norm


SIZES = [(20, 5), (9, 4), (12, 9)]


def inputs_of(n_features, z):
    sets = features.active_sets(n_features, z)
    inputs = np.zeros((len(sets), n_features))
    np.put_along_axis(inputs, sets, 1, axis=1)
    return inputs


def fit(inputs, hidden, bias):
    """The least-squares readout over all inputs, by QR and not by the second moments."""
    if bias:
        hidden = np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)
    weights, *_ = np.linalg.lstsq(hidden, inputs, rcond=1e-6)
    return weights, ((inputs - hidden @ weights) ** 2).sum(axis=1).mean()


@pytest.mark.parametrize("T, D", SIZES)
@pytest.mark.parametrize("z", [1, 2, 3])
def test_guess_of_dropped_features(T, D, z):
    """Regression on one neuron per feature finds a' for the dropped features, 1 for the others."""
    inputs = inputs_of(T, z)
    weights, error = fit(inputs, inputs[:, :D], bias=False)
    expected = np.full((D, T), theory.dedicated_guess_scale(T, D, z))
    expected[:, :D] = np.eye(D)
    np.testing.assert_allclose(weights, expected, atol=1e-9)
    assert error == pytest.approx(theory.dedicated_guess_mse(T, D, z))
    q = (z - 1) / (T - 1)
    above = theory.linear_mse_bound(T, D, z) * (1 + q / (1 + q * (D - 1)))
    assert error == pytest.approx(above)
    if z == 2:
        assert expected[0, -1] == pytest.approx(1 / (T + D - 2))
        assert abs(theory.dedicated_guess_published_scale(T, D) / expected[0, -1] - 1) > 0.1


def test_why_the_printed_guess_is_lower():
    """Half the probability that one of two is represented gives 1/(T+3D-4), printed as 1/(3D+T)."""
    T, D = 2000, 500
    one, both = D * (T - D), D * (D - 1)
    halved = one / (T - D) / (one + 4 * both)
    assert halved == pytest.approx(1 / (T + 3 * D - 4))
    assert halved == pytest.approx(theory.dedicated_guess_published_scale(T, D), rel=2e-3)
    right = 2 * one / (T - D) / (2 * one + 4 * both)
    assert right == pytest.approx(theory.dedicated_guess_scale(T, D, 2))


@pytest.mark.parametrize("T, D", SIZES)
@pytest.mark.parametrize("z", [1, 2, 3])
def test_constant_for_dropped_features(T, D, z):
    inputs = inputs_of(T, z)
    outputs = np.where(np.arange(T) < D, inputs, z / T)
    error = ((inputs - outputs) ** 2).sum(axis=1).mean()
    assert error == pytest.approx(theory.dedicated_constant_mse(T, D, z))
    # Divided by T, as in [M2], it is not the printed z(1-D/T)(1-z/T).
    assert error / T < 0.2 * z * (1 - D / T) * (1 - z / T)


def kinds(T, D, getkey):
    without = np.asarray(features.random_unit(T, D, key=getkey()).vectors)
    harmonic = features.harmonic_frame(T, D, key=getkey())
    rest = np.asarray(features.tight_frame(T, D - 1, key=getkey()).vectors)
    return {
        "random": features.random_unit(T, D, key=getkey()),
        "tight": features.tight_frame(T, D, key=getkey()),
        "dedicated": features.one_per_neuron(T, D),
        "shared": features.shared_neurons(T, D),
        "harmonic": harmonic,
        "orthogonal to 1": features.Embedding(without - without.mean(axis=0)),
        "1 beside others": features.Embedding(np.concatenate([np.ones((T, 1)), rest], axis=1)),
    }


HOLD_ONE = {"shared", "harmonic", "1 beside others"}


@pytest.mark.parametrize("z", [1, 2, 4])
def test_optimal_if_and_only_if_the_range_holds_the_vector_1(z, getkey):
    T, D = 13, 5
    inputs, bound = inputs_of(T, z), theory.linear_mse_bound(T, D, z)
    for name, embedding in kinds(T, D, getkey).items():
        vectors = np.asarray(embedding.vectors, np.float64)
        basis = np.linalg.svd(vectors, full_matrices=False)[0]
        share = float((basis.sum(axis=0) ** 2).sum() / T)
        _, error = fit(inputs, inputs @ vectors, bias=False)
        said = theory.least_squares_mse(T, D, z, min(share, 1.0))
        assert error == pytest.approx(said, rel=1e-6), name
        assert (error < bound * (1 + 1e-6)) == (z == 1 or name in HOLD_ONE), name
        if name == "dedicated":
            assert said == pytest.approx(theory.dedicated_guess_mse(T, D, z))


@pytest.mark.parametrize("z", [1, 2, 4])
def test_a_bias_makes_all_embeddings_equal(z, getkey):
    T, D = 13, 5
    inputs, best = inputs_of(T, z), theory.affine_mse(T, D, z)
    for name, embedding in kinds(T, D, getkey).items():
        _, error = fit(inputs, inputs @ np.asarray(embedding.vectors, np.float64), bias=True)
        # A range that holds 1 spends a neuron on the sum, which the bias knows.
        said = theory.linear_mse_bound(T, D, z) if name in HOLD_ONE else best
        assert error == pytest.approx(said, rel=1e-6), name
    assert best == pytest.approx(z * (1 - z / T) * (1 - D / (T - 1)))
    assert best < theory.linear_mse_bound(T, D, z)


def test_random_signs_make_the_mean_square_of_the_sum_T(getkey, sigmas):
    """|sum v|^2 of `tight_frame` is T on average, and T^2/D at most."""
    T, D = 14, 5
    keys = jax.random.split(getkey(), 200)
    sums = [
        float((np.asarray(features.tight_frame(T, D, key=key).vectors).sum(axis=0) ** 2).sum())
        for key in keys
    ]
    error = np.std(sums, ddof=1) / len(sums) ** 0.5
    assert abs(np.mean(sums) - T) < sigmas * error
    assert max(sums) <= T**2 / D * (1 + 1e-5)
    assert np.mean(sums) < T**2 / D - sigmas * error
    mean = theory.tight_frame_mse(T, D, 3)
    assert mean == pytest.approx(3 * (1 - D / T))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_bad_share(share):
    with pytest.raises(ValueError, match=r"`share` must lie in 0\.\.1"):
        theory.least_squares_mse(10, 3, 2, share)


def test_leading_order_of_random_vectors():
    """z T/(T+D) is the limit at a fixed ratio, too high by the part D/((T+D)(T-1)) before."""
    for T, D in ((8, 4), (80, 40), (8000, 4000)):
        exact = theory.random_embedding_best_mse(T, D, 2)
        leading = theory.random_embedding_leading_mse(T, D, 2)
        assert leading / exact - 1 == pytest.approx(D / ((T + D) * (T - 1)), rel=1e-6)
    assert theory.linear_mse_bound(8000, 4000, 2) < 0.8 * leading


def test_welch_and_the_floor_on_frames_that_attain_them():
    """Equiangular lines: all overlaps equal the bound; the floor is the sum of their squares."""
    for frame in (features.simplex(7), features.equiangular(16, 6), features.equiangular(28, 7)):
        T, D = frame.n_features, frame.width
        overlap = features.max_overlap(frame.vectors)
        assert theory.welch_bound(T, D) == pytest.approx(overlap, rel=1e-5)
        assert theory.welch_mean_square(T, D) == pytest.approx(overlap**2, rel=1e-5)
        assert theory.readout_floor(T, D) == pytest.approx(T * (T - 1) * overlap**2, rel=1e-5)
        assert (T - D) / (D * T) != pytest.approx(overlap**2, rel=1e-3)


@pytest.mark.parametrize("T, z", [(8, 2), (10, 3)])
def test_bound_is_the_sum_of_the_least_eigenvalues(T, z):
    inputs = inputs_of(T, z)
    values = np.linalg.eigvalsh(inputs.T @ inputs / len(inputs))
    for D in (1, 4, T):
        assert theory.linear_mse_bound(T, D, z) == pytest.approx(values[: T - D].sum(), abs=1e-12)
    assert values[:4].sum() != pytest.approx(z * (1 - (T - 4) / T), rel=1e-2)


def test_recovery_by_a_threshold(getkey, sigmas):
    T, D, z = 200, 80, 4
    cut = theory.best_threshold(T, D, z)
    best = theory.threshold_recovery(T, D, z, cut)
    for other in (0.95 * cut, 1.05 * cut):
        assert theory.threshold_recovery(T, D, z, other) < best
    measured = []
    for _ in range(30):
        embedding = features.random_unit(T, D, key=getkey())
        readout = features.Threshold(embedding.vectors, cut)
        losses = features.measure(embedding, readout, z, 500, key=getkey())
        measured.append(losses.threshold_accuracy.mean)
    error = np.std(measured, ddof=1) / len(measured) ** 0.5
    assert abs(np.mean(measured) - best) < sigmas * error + 0.03 * best
    # As many others reach an active feature as an inactive one: wrong.
    wrong = norm.cdf((1 - cut) * (D / z) ** 0.5) ** z * norm.cdf(cut * (D / z) ** 0.5) ** (T - z)
    assert abs(np.mean(measured) - wrong) > sigmas * error + 0.03 * best
    assert theory.threshold_recovery(T, D, 1, 0.5) == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="`z` must be at least 2"):
        theory.best_threshold(T, D, 1)
