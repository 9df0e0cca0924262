"""Cut contexts: what similarity says of networks that are known, and the test of same layers."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import theory
from jaxsuper.attention import (
    Area,
    area_of,
    arranged,
    ARRANGEMENTS,
    Design,
    drop_correlation,
    HandSet,
    Head,
    heads_of,
    random_tokens,
    ranges_of,
    same_layers,
    similarity_of,
    truncation_similarity,
)


TOKENS = random_tokens(3, 40)
# Ranges of the layers: 0..2, then 3..6, then the token itself.
LAYERS = [[Head("window", 0, 2)], [Head("window", 3, 6)], [Head("window", 0, 0)]]
NET = HandSet.random(LAYERS, 40, key=jax.random.key(3), temperature=0.01, width=24)


@pytest.fixture(scope="module")
def found():
    return truncation_similarity(NET, TOKENS, (2, 3, 9), 6)


def test_a_layer_loses_what_lies_beyond_the_window(found):
    """Three tokens hold all that the first layer sees; nine, all that the first two do."""
    cosine = found.mean()
    assert np.allclose(cosine[:, 0], 1)
    assert cosine[0, 1] < 0.95  # of two tokens the third is missing
    assert np.allclose(cosine[1:, 1], 1, atol=1e-6)
    assert (cosine[:2, 2] < 0.95).all()
    assert cosine[2, 2] == pytest.approx(1, abs=1e-6)  # 6 + 2 tokens back
    # What attends to itself alone loses nothing more than it changes what is lost.
    assert abs(cosine[2, 3] - 1) < 1e-6


def test_brute_force(found):
    """By hand: the last k tokens alone through the network."""
    ends = np.unique(np.linspace(10, 39, 6).round().astype(int))
    model = jax.jit(lambda tokens: NET(tokens))
    values = []
    for sequence in TOKENS:
        whole, each = np.asarray(model(jnp.asarray(sequence))), []
        for end in ends:
            cut = np.asarray(model(jnp.asarray(sequence[end - 1 : end + 1])))[:, -1]
            full = whole[:, end]
            lengths = np.linalg.norm(cut, axis=1) * np.linalg.norm(full, axis=1)
            each.append((cut * full).sum(1) / lengths)
        values.append(np.mean(each, 0))
    assert np.allclose(found.values["cosine"][:, 0], values, atol=1e-5)


def test_centred_similarity_does_not_see_what_all_streams_share():
    draws = np.random.default_rng(0)
    full, cut = draws.normal(size=(2, 5, 1, 8, 2, 16))
    plain = similarity_of(full[:, 0], cut, (5,))
    shifted = similarity_of(full[:, 0] + 9, cut + 9, (5,))
    assert (shifted.mean("cosine") > 0.9).all() and (abs(plain.mean("cosine")) < 0.2).all()
    for kind in ("centred cosine", "centred distance"):
        assert np.allclose(shifted.mean(kind), plain.mean(kind))
    same = similarity_of(full[:, 0], full, (5,))
    assert np.allclose(same.mean("centred cosine"), 1) and np.allclose(same.mean("distance"), 0)


def test_the_first_token_can_be_kept():
    """A head that attends to the first position alone loses nothing then."""
    net = HandSet.random([[Head("sink")]], 40, key=jax.random.key(1), temperature=0.01, width=24)
    kept = truncation_similarity(net, TOKENS, (2,), 3, keep_first=True).mean()
    gone = truncation_similarity(net, TOKENS, (2,), 3).mean()
    assert np.allclose(kept, 1, atol=1e-6) and gone[0, 1] < 0.9


@pytest.mark.parametrize(
    "change, said",
    [
        ({"windows": (39,)}, "`windows` must be below 39"),
        ({"windows": ()}, "`windows` must not be empty"),
        ({"windows": (2, 2)}, "`windows` must differ"),
        ({"n_ends": 40}, "`n_ends` must be at most"),
        ({"tokens": TOKENS[0]}, r"`tokens` must have the axes"),
        ({"tokens": TOKENS + 0.5}, "`tokens` must be integers"),
        ({"model": lambda tokens: tokens}, "`model` must return the shape"),
    ],
)
def test_bad_input(change, said):
    given = {"model": NET, "tokens": TOKENS, "windows": (2,), "n_ends": 3} | change
    with pytest.raises(ValueError, match=said):
        truncation_similarity(**given)


def test_bad_networks():
    changes: list[Any] = [{"order": 2.0}, {"longest": 70.0}, {"temperature": 0.0}, {"n_layers": 0}]
    for change in changes:
        with pytest.raises(ValueError, match=f"`{next(iter(change))}`"):
            Design(**change)
    with pytest.raises(ValueError, match="did you mean 'reversed'"):
        heads_of(Design(), "reverse")
    with pytest.raises(ValueError, match="equally many heads"):
        HandSet.random([[Head()], [Head(), Head()]], 40, key=jax.random.key(0))
    with pytest.raises(ValueError, match="`far` must reach"):
        Head("window", 3, 2)


def test_arrangements_have_the_same_heads():
    made = {name: heads_of(Design(), name, seed=1, network=2) for name in ARRANGEMENTS}
    flat = [sorted(map(repr, sum(layers, []))) for layers in made.values()]
    assert flat[0] == flat[1] == flat[2]
    ranges = np.exp(np.arange(12.0))
    draws = np.random.default_rng(0)
    rising, falling, mixed = (arranged(ranges, name, 3, 1.0, draws) for name in ARRANGEMENTS)
    assert np.array_equal(rising, ranges.reshape(3, 4)) and np.array_equal(falling, rising[::-1])
    # In each round of three every layer has one.
    assert np.array_equal(np.sort(mixed, 0), np.sort(ranges.reshape(4, 3).T, 0))
    assert np.isnan(ranges_of([[Head("match", 9)]])[0, 0])


def drawn(profile, spread, n, key=0):
    """Return losses of two windows of n units with these profiles."""
    draws = np.random.default_rng(key)
    size = 1 + 0.3 * draws.normal(size=(n, 1))
    return [size * (np.array(p) + spread * draws.normal(size=(n, len(p)))) for p in profile]


FLAT, LATE = [0.2] * 5, [0.1, 0.1, 0.1, 0.2, 0.5]


def test_same_and_different_layers():
    same = same_layers(*drawn((FLAT, [0.1] * 5), 0.02, 60))
    other = same_layers(*drawn((FLAT, LATE), 0.02, 60))
    assert same.verdict == "same" and same.low > 0.9 and same.p_value > 0.01
    assert other.verdict == "different" and other.low < 0.7 < other.high and other.p_value < 1e-6
    few = same_layers(*drawn((FLAT, FLAT), 0.3, 12))
    assert few.verdict == "undecided"
    nothing = same_layers(*drawn(([0.0] * 5, FLAT), 0.2, 60))
    assert nothing.verdict == "undecided" and np.isnan(nothing.p_value)
    with pytest.raises(ValueError, match="`first` must hold at least 7"):
        same_layers(*drawn((FLAT, FLAT), 0.1, 6))


def test_correlation_and_its_error():
    one, other = drawn((LATE, LATE), 0.01, 200)
    value, error = drop_correlation(one, other)
    assert value > 0.99 and 0 < error < 0.01
    again, errors = zip(
        *(drop_correlation(*drawn((LATE, FLAT), 0.2, 20, key)) for key in range(100)), strict=True
    )
    assert 0.7 < np.mean(errors) / np.std(again) < 1.4


def test_areas():
    draws = np.random.default_rng(0)
    a, b = draws.normal(1, 1, 20), draws.normal(0, 1, 15)
    by_hand = np.mean([(x > y) + (x == y) / 2 for x in a for y in b])
    found = area_of(a, b)
    assert found.value == pytest.approx(by_hand) and found.low < found.value < found.high
    whole = area_of(a + 9, b)
    # Newcombe's interval of 20 and 15 that do not overlap does not shrink to nothing.
    assert whole.value == whole.high == 1 and 0.8 < whole.low < 0.95
    mirrored = area_of(b, a + 9)
    assert (mirrored.value, mirrored.low) == (0, 0) and mirrored.high == pytest.approx(
        1 - whole.low
    )
    assert isinstance(found, Area)
    with pytest.raises(ValueError, match="`smaller` must be finite"):
        area_of(a, np.array([1.0, np.nan]))


@eqx.filter_jit
def cosines_in_place(net, embedding, amplification):
    """Return the cosines before and behind a layer in place, of a pair of streams."""
    names = lambda net: (net.embedding, net.amplification)
    streams = eqx.tree_at(names, net, (embedding, amplification))(jnp.arange(2))
    return jnp.sum(streams[1:, 0] * streams[1:, 1], -1) / embedding.shape[1]


@pytest.mark.parametrize("cosine, amplification", [(0.95, 1.0), (0.6, 2.0)])
def test_layers_in_place_spread_differences(cosine, amplification, sigmas):
    """Though they attend to nothing; by how much the closed form says."""
    found = []
    for i in range(12):
        net = HandSet.random([[Head("window", 0, 0)]], 4, key=jax.random.key(i), width=64, n_tokens=2,
                             in_place=1, gain=0)  # fmt: skip
        pair = np.linalg.qr(np.random.default_rng(i).normal(size=(64, 2)))[0].T
        other = cosine * pair[0] + np.sqrt(1 - cosine**2) * pair[1]
        embedding = jnp.asarray(np.stack([pair[0], other]), jnp.float32)
        found.append(np.asarray(cosines_in_place(net, embedding, jnp.float32(amplification))))
    before, behind = np.array(found).T
    assert np.allclose(before, cosine, atol=1e-5)
    said = theory.amplified_cosine(cosine, amplification)
    assert abs(behind.mean() - said) < sigmas * behind.std(ddof=1) / 12**0.5
    assert cosine - said > 0.05


@pytest.mark.slow
def test_size_of_the_test_of_same_layers():
    """Where profiles are the same it says so wrongly as often as it states; so with equivalence."""
    for n, spread in ((12, 0.1), (30, 0.1), (60, 0.3)):
        verdicts = [
            same_layers(*drawn((LATE, list(np.array(LATE) / 2)), spread, n, key))
            for key in range(2000)
        ]
        rate = np.mean([one.p_value <= 0.05 for one in verdicts])
        print(n, spread, "rejects", rate)
        # The statistic is linear to first order only: a fifth more than stated is allowed.
        assert rate < 0.06 + 3 * (0.05 * 0.95 / 2000) ** 0.5
    apart = [0.1, 0.1, 0.1, 0.1, 0.1], [0.15, 0.1, 0.1, 0.1, 0.05]  # overlap exactly 0.9
    verdicts = [same_layers(*drawn(apart, 0.02, 60, key)).verdict for key in range(2000)]
    wrong = verdicts.count("same") / 2000
    print("same at the margin", wrong)
    assert wrong < 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


@pytest.mark.slow
def test_intervals_of_areas_cover():
    draws = np.random.default_rng(5)
    for shift in (0.0, 1.0, 2.0):
        from scipy.stats import norm

        truth, covered = norm.cdf(shift / 2**0.5), 0
        for _ in range(400):
            found = area_of(draws.normal(shift, 1, 20), draws.normal(0, 1, 20))
            covered += found.low <= truth <= found.high
        print(shift, covered / 400)
        assert covered / 400 > 0.95 - 3.5 * (0.05 * 0.95 / 400) ** 0.5
