"""Laws that every embedding keeps, and the geometries that some are known to have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, features


SIZES = {
    "random-unit": (7, 3),
    "one-per-neuron": (7, 3),
    "shared-neurons": (7, 3),
    "tight-frame": (7, 3),
    "harmonic": (7, 3),
    "simplex": (4, 3),
    "cross-polytope": (6, 3),
    "polygon": (5, 2),
    "equiangular": (16, 6),
}


def tightness(embedding):
    """Largest entry of |V'V - (T/D) I|."""
    vectors = np.asarray(embedding.vectors, np.float64)
    expected = embedding.n_features / embedding.width * np.eye(embedding.width)
    return np.abs(vectors.T @ vectors - expected).max()


def off_diagonal(embedding):
    count = embedding.n_features
    return np.asarray(features.cosines(embedding.vectors))[np.triu_indices(count, 1)]


def welch(n_features, width):
    return np.sqrt((n_features - width) / (width * (n_features - 1)))


def test_every_kind_has_a_size_here():
    assert set(SIZES) == set(features.kinds())


@pytest.mark.parametrize("kind", SIZES)
def test_laws(kind, getkey):
    n_features, width = SIZES[kind]
    made = features.make(kind, n_features, width, key=getkey())
    assert made.vectors.shape == (made.n_features, made.width) == (n_features, width)
    assert made.vectors.dtype == jnp.float32
    norms = np.linalg.norm(made.vectors, axis=1)
    owned = np.arange(n_features) < (width if kind == "one-per-neuron" else n_features)
    np.testing.assert_allclose(norms, owned, atol=1e-6)
    one, two = np.random.default_rng(n_features).normal(size=(2, n_features)).astype(np.float32)
    one, two = jnp.asarray(one), jnp.asarray(two)
    np.testing.assert_allclose(
        made.encode(2 * one + two), 2 * made.encode(one) + made.encode(two), atol=1e-5
    )
    np.testing.assert_allclose(
        [made.encode(x) for x in jnp.eye(n_features)], made.vectors, atol=1e-7
    )
    vectors = np.asarray(made.vectors)
    np.testing.assert_allclose(made.gram(), vectors @ vectors.T, atol=1e-6)


@pytest.mark.parametrize("kind", ["random-unit", "tight-frame", "shared-neurons", "harmonic"])
def test_keys_matter(kind):
    draw = lambda seed: features.make(kind, 20, 6, key=jax.random.key(seed)).vectors
    np.testing.assert_array_equal(draw(0), draw(0))
    assert not np.array_equal(draw(0), draw(1))


@pytest.mark.parametrize("n_features, width", [(5, 5), (12, 5), (7, 1)])
def test_tight_frames_are_tight(n_features, width, getkey):
    made = features.tight_frame(n_features, width, key=getkey())
    assert tightness(made) < 1e-4
    if width > 1:
        loose = features.random_unit(n_features, width, key=getkey())
        assert tightness(loose) > 1e-1
    bound = (n_features - width) / (width * (n_features - 1))
    np.testing.assert_allclose(
        features.mean_square_overlap(made.vectors), bound, rtol=1e-5, atol=1e-6
    )


def test_tight_frames_tell_if_they_are_not(getkey):
    with pytest.raises(ValueError, match="`max_iterations` must suffice .* after 2 rounds"):
        features.tight_frame(20, 10, key=getkey(), max_iterations=2)


@pytest.mark.parametrize("width", [1, 2, 3, 10])
def test_simplex_and_cross_polytope(width):
    simplex = features.simplex(width)
    np.testing.assert_allclose(off_diagonal(simplex), -1 / width, atol=1e-6)
    assert tightness(simplex) < 1e-5
    cosines = np.sort(off_diagonal(features.cross_polytope(width)))
    np.testing.assert_allclose(cosines[:width], -1)
    np.testing.assert_allclose(cosines[width:], 0)


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_polygon(count):
    made = features.polygon(count)
    first, second = np.triu_indices(count, 1)
    expected = np.cos(2 * np.pi * (second - first) / count)
    np.testing.assert_allclose(off_diagonal(made), expected, atol=1e-6)


@pytest.mark.parametrize("n_features, width", [(6, 3), (10, 5), (16, 6), (28, 7)])
def test_equiangular_lines_attain_the_welch_bound(n_features, width):
    made = features.equiangular(n_features, width)
    np.testing.assert_allclose(np.abs(off_diagonal(made)), welch(n_features, width), atol=1e-6)
    assert tightness(made) < 1e-5


def test_a_tight_frame_is_not_yet_equiangular(getkey):
    n_features, width = 16, 6
    tight = features.tight_frame(n_features, width, key=getkey())
    assert features.max_overlap(tight.vectors) > 1.1 * welch(n_features, width)


@pytest.mark.parametrize("n_features, width", [(12, 4), (10, 4), (3, 4), (9, 1)])
def test_shared_neurons_are_even(n_features, width, getkey):
    def loads(vectors):
        table = np.asarray(vectors)
        assert ((table == 1).sum(axis=1) == 1).all() and (table.sum(axis=1) == 1).all()
        return np.sort(table.sum(axis=0))

    share, rest = divmod(n_features, width)
    expected = [share] * (width - rest) + [share + 1] * rest
    for key in (None, getkey()):
        made = features.shared_neurons(n_features, width, key=key)
        np.testing.assert_array_equal(loads(made.vectors), expected)
    if rest:
        runs = np.eye(width)[np.minimum(np.arange(n_features) // max(share, 1), width - 1)]
        assert share == 0 or not np.array_equal(loads(runs), expected)


def test_sparse_codes(getkey):
    sets = allocation.random_sets(40, 4, 60, key=getkey()).sets
    plain, signed = features.sparse_code(sets, 40), features.sparse_code(sets, 40, key=getkey())
    for made in (plain, signed):
        np.testing.assert_allclose(np.abs(made.vectors).sum(axis=1), 4 * 0.5)
        rows, neurons = np.nonzero(np.asarray(made.vectors))
        np.testing.assert_array_equal(neurons.reshape(60, 4), np.sort(sets, axis=1))
    shared = np.array([[len(set(a) & set(b)) for b in sets] for a in sets])
    np.testing.assert_allclose(plain.gram(), shared / 4, atol=1e-6)
    positive = float((signed.vectors > 0).sum()) / 240
    assert 0.3 < positive < 0.7


def test_signs_take_the_bias_out_of_overlaps(getkey, sigmas):
    """Inner products of signed codes have mean 0 and mean square E k / S^2; unsigned ones do not."""
    sets = allocation.random_sets(50, 5, 400, key=getkey()).sets
    pairs = np.triu_indices(400, 1)
    products = {
        signed: np.asarray(features.sparse_code(sets, 50, key=key).gram())[pairs]
        for signed, key in ((True, getkey()), (False, None))
    }
    shared = products[False] * 5
    # Pairs that share a feature are uncorrelated under independent signs.
    error = np.sqrt((shared / 25).mean() / len(shared))
    assert abs(products[True].mean()) < sigmas * error
    assert products[False].mean() > 100 * error
    np.testing.assert_allclose((products[True] ** 2).mean(), (shared / 25).mean(), rtol=0.05)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda k: features.make("random", 3, 2, key=k), "did you mean 'random-unit'"),
        (lambda k: features.make("simplex", 3, 3, key=k), "`n_features` must be 4"),
        (lambda k: features.make("cross-polytope", 5, 3, key=k), "`n_features` must be 6"),
        (lambda k: features.make("polygon", 5, 3, key=k), "`width` must be 2"),
        (lambda k: features.make("equiangular", 5, 3, key=k), r"must be one of \(6, 3\)"),
        (lambda k: features.tight_frame(3, 5, key=k), "`n_features` must be at least the width 5"),
        (lambda k: features.tight_frame(5, 3, key=k, tolerance=0.0), "`tolerance` must be above"),
        (lambda k: features.harmonic_frame(5, 7, key=k), "`width` must be at most the 5 features"),
        (lambda k: features.harmonic_frame(7, 4, key=k), "`width` must be odd for an odd number"),
        (lambda k: features.random_unit(0, 3, key=k), "`n_features` must be at least 1"),
        (lambda k: features.one_per_neuron(3, 0), "`width` must be at least 1"),
        (lambda k: features.simplex(0), "`width` must be at least 1"),
        (lambda k: features.sparse_code(np.array([[0, 5]]), 5), "`sets` must lie in 0..4"),
        (lambda k: features.sparse_code(np.array([[1, 1]]), 5), "must name each neuron once"),
        (lambda k: features.Embedding(np.zeros(3)), r"`vectors` must be \(T, D\)"),
    ],
)
def test_bad_sizes(make, message):
    with pytest.raises(ValueError, match=message):
        make(jax.random.key(0))
