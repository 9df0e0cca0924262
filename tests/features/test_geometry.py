"""Cosines, overlaps and their dispersion."""

import jax
import numpy as np
import pytest
from jaxsuper import features
from scipy.stats import ortho_group


def disguised(vectors, seeds, flip=False):
    """The same geometry rotated and renumbered, and each vector with a random sign."""
    rng = np.random.default_rng(1)
    width = vectors.shape[1]
    stack = []
    for seed in range(seeds):
        turned = vectors @ ortho_group.rvs(width, random_state=seed) * (1 + seed)
        turned = turned[rng.permutation(len(vectors))]
        signs = rng.choice([-1, 1], len(vectors)) if flip else np.ones(len(vectors))
        stack.append(turned * signs[:, None])
    return np.stack(stack)


def test_cosines_are_free_of_scale(getkey):
    vectors = np.asarray(jax.random.normal(getkey(), (6, 4)))
    found = features.cosines(vectors * np.arange(1, 7)[:, None])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(found, units @ units.T, atol=1e-6)
    assert (np.asarray(features.cosines(np.zeros((2, 3)))) == 0).all()


@pytest.mark.parametrize("count", [2, 256, 700])
def test_overlaps_by_blocks(count, getkey):
    vectors = features.random_unit(count, 24, key=getkey()).vectors
    # The largest overlap stands in the last rows: a missed block would be noticed.
    vectors = vectors.at[-1].set(vectors[-2] + 0.1 * vectors[-1])
    cosines = np.abs(features.cosines(vectors))[np.triu_indices(count, 1)]
    assert features.max_overlap(vectors) == pytest.approx(cosines.max(), abs=1e-6)
    mean = features.mean_square_overlap(vectors)
    assert mean == pytest.approx((cosines**2).mean(), rel=1e-4, abs=1e-6)


def test_dispersion_sees_geometry_and_nothing_else():
    """A regular pentagon in disguise has dispersion 0; unsorted, its cosines differ."""
    pentagon = np.asarray(features.polygon(5).vectors)
    stack = disguised(pentagon, 12)
    assert features.dispersion(stack) < 1e-5
    assert features.count_geometries(stack) == 1
    unsorted = np.asarray(jax.vmap(features.cosines)(stack))[:, *np.triu_indices(5, 1)]
    assert np.sqrt(unsorted.var(axis=0, ddof=1).mean()) > 0.3
    # Lines forget signs, cosines do not.
    flipped = disguised(pentagon, 12, flip=True)
    assert features.dispersion(flipped, lines=True) < 1e-5
    assert features.dispersion(flipped) > 0.1


def test_dispersion_of_known_spread():
    """Two vectors at angles 0 and phi: the dispersion is the standard deviation of cos phi."""
    angles = np.linspace(0.2, 2.9, 7)
    stack = np.stack([np.array([[1, 0], [np.cos(a), np.sin(a)]]) for a in angles])
    expected = np.cos(angles).std(ddof=1)
    assert features.dispersion(stack) == pytest.approx(expected, rel=1e-5)
    assert features.count_geometries(stack, tolerance=0.02) == 7
    assert features.count_geometries(stack, tolerance=2.0) == 1


def test_different_geometries_are_counted():
    square = np.asarray(features.polygon(4).vectors)
    other = np.asarray(features.polygon(7).vectors)[:4]
    both = np.concatenate([disguised(square, 3), disguised(other, 4)])
    assert features.count_geometries(both) == 2
    assert features.dispersion(both) > 0.1


def test_balanced_encoders_depend_on_the_product_alone(getkey):
    encoder, decoder = jax.random.normal(getkey(), (2, 5, 3))
    change = jax.random.normal(getkey(), (4, 3, 3))
    encoders = np.einsum("td,ndk->ntk", encoder, change)
    decoders = np.einsum("td,nkd->ntk", decoder, np.linalg.inv(change))
    even, readout = features.balanced(jax.numpy.asarray(encoders), jax.numpy.asarray(decoders))
    product = np.asarray(decoder) @ np.asarray(encoder).T
    for seed in range(4):
        np.testing.assert_allclose(readout[seed] @ even[seed].T, product, atol=1e-3)
        np.testing.assert_allclose(
            even[seed].T @ even[seed], readout[seed].T @ readout[seed], atol=1e-3
        )
    assert features.dispersion(even) < 1e-3
    assert features.dispersion(encoders) > 0.1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: features.dispersion(np.zeros((1, 3, 2))), "`stack` must hold at least two seeds"),
        (lambda: features.dispersion(np.zeros((3, 1, 2))), "`stack` must hold at least two feat"),
        (lambda: features.max_overlap(np.zeros((1, 2))), "`vectors` must be at least two"),
        (lambda: features.mean_square_overlap(np.zeros((1, 2))), "`vectors` must be at least two"),
        (
            lambda: features.count_geometries(np.zeros((2, 3, 2)), tolerance=-1.0),
            "`tolerance` must be at least 0",
        ),
    ],
)
def test_bad_stacks(call, message):
    with pytest.raises(ValueError, match=message):
        call()
