"""Distances of patterns: a brute-force twin, known ranges, sinks, files of all kinds."""

from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import theory
from jaxsuper.attention import (
    distances_of,
    FALLBACK,
    HandSet,
    Head,
    open_patterns,
    patterns_of,
    PREVIOUS,
    Rule,
    SINK,
    uniform_reference,
)
from safetensors.numpy import save_file


S, L, H, T, START = 3, 2, 3, 70, 20


def random_patterns(seed=0, shape=(S, L, H), positions=T):
    draws = np.random.default_rng(seed)
    scores = 3 * draws.normal(size=(*shape, positions, positions))
    scores[:, :, -1, :, 3] += 8  # a sink of the last heads
    weights = np.tril(np.exp(scores))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


PATTERNS = random_patterns()
TOKENS = np.tile(np.arange(T) % 9, (S, 1))
NORMS = np.random.default_rng(1).random((S, L, H, T))


def brute(a, start, out=(), uniform=False, by_query=False, weights=None):
    """Return mass by distance, entry by entry."""
    n = len(a)
    weights = np.ones(n) if weights is None else weights
    mass = np.zeros(n)
    for q in range(start, n):
        row = {}
        for k in range(q + 1):
            over = max(a[q, k] - 1 / (q + 1), 0) if uniform else a[q, k]
            row[k] = 0 if k in out else over * weights[k]
        whole = sum(row.values()) if by_query else 1
        for k, value in row.items():
            mass[q - k] += value / whole
    return mass


RULES = {
    "all": (Rule(), (), {}),
    "first": (Rule(first=True), (0,), {}),
    "delimiters": (Rule(tokens=(4, 5)), tuple(k for k in range(T) if k % 9 in (4, 5)), {}),
    "uniform": (Rule(uniform=True), (), {"uniform": True}),
    "by query": (Rule(first=True, by_query=True), (0,), {"by_query": True}),
    "values": (Rule(), (), {"weights": True}),
    "values above uniform": (Rule(uniform=True), (), {"weights": True, "uniform": True}),
}


@pytest.mark.parametrize("name", RULES)
def test_brute_force(name):
    rule, out, how = RULES[name]
    found = distances_of(
        patterns_of(PATTERNS, TOKENS, NORMS), rule, START, weighted="weights" in how
    )
    for s, l, h in product(range(S), range(L), range(H)):
        given = how | ({"weights": NORMS[s, l, h]} if "weights" in how else {})
        mass = brute(PATTERNS[s, l, h].astype(float), START, out, **given)
        d = np.arange(T)
        assert found.values["mean"][s, l, h] == pytest.approx(mass @ d / mass.sum(), rel=1e-4)
        beyond = mass[6:].sum() / mass.sum()
        assert found.values["beyond 5"][s, l, h] == pytest.approx(beyond, abs=1e-5)
        median = np.searchsorted(np.cumsum(mass) / mass.sum(), 0.5)
        assert abs(found.values["median"][s, l, h] - median) <= 1
    if name == "uniform":
        over = brute(PATTERNS[0, 0, 0].astype(float), START, uniform=True).sum() / (T - START)
        assert found.values["left"][0, 0, 0] == pytest.approx(over, abs=1e-5)
        assert found.values["uniform"][0, 0, 0] == pytest.approx(1 - over, abs=1e-5)


def test_errors_are_over_sequences():
    found = distances_of(patterns_of(PATTERNS), Rule(), START)
    each = found.values["mean"]
    assert np.allclose(found.stderr("mean"), each.std(0, ddof=1) / S**0.5)
    alone = found.half_width("mean", together=False)
    assert (found.half_width("mean") > 1.5 * alone).all()  # of L H heads at once
    per = [distances_of(patterns_of(PATTERNS[s]), Rule(), START).distribution for s in range(S)]
    assert np.allclose(found.distribution, np.mean(per, 0), atol=1e-9)
    assert np.allclose(found.distribution_stderr, np.std(per, 0, ddof=1) / S**0.5, atol=1e-7)


def test_a_sink_is_found_and_left_out():
    found = distances_of(patterns_of(PATTERNS), Rule(found=True), START)
    assert (found.sinks[:, -1, 3] == S).all() and found.sinks.sum() == L * S
    assert (found.mean("left")[:, -1] < 0.7).all()
    mass = brute(PATTERNS[0, 0, -1].astype(float), START, (3,))
    mean = mass @ np.arange(T) / mass.sum()
    assert found.values["mean"][0, 0, -1] == pytest.approx(mean, rel=1e-4)


def test_a_short_range_is_no_sink_at_the_end():
    """The last positions are seen by most of their few later queries."""
    near = np.eye(T, k=-1, dtype=np.float32)
    near[0, 0] = 1
    assert not distances_of(patterns_of(near[None, None]), Rule(found=True), START).sinks.any()
    few = Rule(found=True, least_queries=1)
    assert distances_of(patterns_of(near[None, None]), few, START).sinks.any()


def test_padding_does_not_count():
    lengths = np.array([50, T, 61])
    padded = PATTERNS.copy()
    for s, n in enumerate(lengths):
        padded[s, :, :, n:] = np.nan
    found = distances_of(patterns_of(padded, lengths=lengths), Rule(), START)
    alone = distances_of(patterns_of(PATTERNS[0, :, :, :50, :50]), Rule(), START)
    assert np.allclose(found.values["mean"][0], alone.values["mean"][0])


def test_uniform_reference():
    even = np.tril(np.ones((T, T)))
    even /= even.sum(1, keepdims=True)
    found = distances_of(patterns_of(even[None, None]), Rule(), START)
    said = uniform_reference(T, START)
    assert said["mean"] == pytest.approx((START + T - 1) / 4)  # half of the mean position
    assert found.values["mean"][0, 0, 0] == pytest.approx(said["mean"])
    assert found.values["uniform"][0, 0, 0] == pytest.approx(1)


# Ranges that are built, and the distances they have to have at any temperature.
BUILT = [Head("window", 1, 1), Head("window", 0, 4), Head("window", 8, 15), Head("window", 20, 20)]


@pytest.fixture(scope="module")
def built():
    layers = [[*BUILT, SINK]]
    net = HandSet.random(layers, 96, key=jax.random.key(0), temperature=0.2)
    cold = eqx.tree_at(lambda net: net.temperature, net, jnp.float32(0.1))
    made = eqx.filter_jit(lambda net: net.patterns(jnp.arange(96)))
    return np.asarray(made(net)), np.asarray(made(cold))


def test_built_ranges_come_back_up_to_the_leakage(built):
    patterns, _ = built
    found = distances_of(patterns_of(patterns), Rule(), 48)
    for place, head in enumerate(BUILT):
        said = theory.window_distances(head.near, head.far, 96, 48, 0.2)
        assert np.allclose(found.distribution[0, place], said, atol=2e-6)
        cold = theory.window_distances(head.near, head.far, 96, 48, 0.01)
        middle = (head.near + head.far) / 2
        assert cold @ np.arange(96) == pytest.approx(middle, abs=1e-9)
        # Without the leakage the mean is missed by far.
        assert abs(found.mean("mean")[0, place] - middle) > 1
        share = found.distribution[0, place, head.near : head.far + 1].sum()
        each = [theory.target_share(head.far - head.near + 1, q + 1, 0.2) for q in range(48, 96)]
        assert share == pytest.approx(np.mean(each), abs=1e-5)


def test_a_sink_head_changes_nothing_but_its_leakage(built):
    _, patterns = built
    rule = Rule(found=True)
    without = distances_of(patterns_of(patterns[:, :-1]), rule, 48)
    with_it = distances_of(patterns_of(patterns), rule, 48)
    assert np.array_equal(without.values["mean"], with_it.values["mean"][..., :-1])
    # Of the layer, by what the sink head leaks at this temperature: less than a quarter of a mass.
    gap = abs(without.by_layer["mean"] - with_it.by_layer["mean"])[0, 0]
    leak = 1 - theory.target_share(1, 96, 0.1)
    assert gap < leak / len(BUILT) * 96
    with_sink = distances_of(patterns_of(patterns), Rule(), 48)
    assert abs(with_sink.by_layer["mean"] - without.by_layer["mean"])[0, 0] > 10
    # What is left of each query counted alike would make much of the leakage.
    alike = distances_of(patterns_of(patterns), Rule(found=True, by_query=True), 48)
    assert abs(alike.by_layer["mean"] - without.by_layer["mean"])[0, 0] > 3 * gap


def bfloat16(values):
    import ml_dtypes

    return values.astype(ml_dtypes.bfloat16)


def write_npz(path, compressed=False, **arrays):
    (np.savez_compressed if compressed else np.savez)(path, **arrays)


LAYERS = {f"attention.{layer}": np.ascontiguousarray(PATTERNS[:, layer]) for layer in range(L)}
WAYS = {
    "stored.npz": lambda path: write_npz(path, attention=PATTERNS, note=np.array("words")),
    "packed.npz": lambda path: write_npz(path, True, attention=PATTERNS),
    "layers.npz": lambda path: write_npz(path, **LAYERS),
    "packed-layers.npz": lambda path: write_npz(path, True, **LAYERS),
    "double.npz": lambda path: write_npz(path, attention=PATTERNS.astype(np.float64)),
    "listed.npz": lambda path: np.savez(path, *LAYERS.values()),
    "one.safetensors": lambda path: save_file({"attention": PATTERNS}, path),
    "layers.safetensors": lambda path: save_file(LAYERS, path),
    "half.safetensors": lambda path: save_file({"attention": PATTERNS.astype(np.float16)}, path),
    "brain.safetensors": lambda path: save_file({"attention": bfloat16(PATTERNS)}, path),
}


@pytest.mark.parametrize("name", WAYS)
def test_files_say_what_arrays_say(name, tmp_path):
    path = tmp_path / name
    WAYS[name](path)
    from_file = distances_of(open_patterns(path), Rule(found=True), START)
    in_memory = distances_of(patterns_of(PATTERNS), Rule(found=True), START)
    exact = {"half": 1e-2, "brain": 1e-2, "double": 1e-5}.get(name.split(".")[0], 1e-12)
    assert np.allclose(from_file.values["mean"], in_memory.values["mean"], rtol=exact)
    assert np.array_equal(from_file.sinks, in_memory.sinks)


def test_small_half_precision_numbers_come_out(tmp_path):
    """Below the normal ones, and with a sign, as numpy has them."""
    from jaxsuper.attention._tensors import floats

    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    plain = every[:0x7C00]
    assert np.array_equal(floats(plain, "<f2"), plain.astype(np.float32))
    assert np.array_equal(floats(every, "<f2"), every.astype(np.float32), equal_nan=True)


def test_previous_token_head_is_one_back():
    net = HandSet.random([[PREVIOUS]], 40, key=jax.random.key(1), temperature=0.02)
    patterns = np.asarray(net.patterns(jnp.arange(40)))
    found = distances_of(patterns_of(patterns), Rule(), 10)
    assert found.mean("mean")[0, 0] == pytest.approx(1, abs=1e-6)
    assert found.mean("median")[0, 0] == 1 and found.mean("beyond 1")[0, 0] < 1e-6


def test_heads_attend_to_what_their_kind_says():
    tokens = jnp.array([0, 3, 4, 3, 5, 4, 3])
    heads = [Head("match", 1), Head("induction", 1), Head("match", 1, sink=FALLBACK), SINK]
    heads += [Head("match", 4), Head("window", 2, 3)]
    net = HandSet.random([heads], 40, key=jax.random.key(0), temperature=0.02)
    match, induction, fallback, sink, far, window = np.asarray(net.patterns(tokens))[0]
    targets = lambda pattern, query: set(np.flatnonzero(pattern[query] > 0.01))
    assert targets(match, 6) == {1, 3} and targets(induction, 6) == {2, 4}
    assert np.allclose(match[6, [1, 3]], 0.5)
    assert targets(match, 4) == {0, 1, 2, 3, 4}  # no 5 before: all alike
    assert targets(fallback, 4) == {0} and targets(fallback, 6) == {1, 3}
    assert targets(far, 6) == {1} and targets(window, 6) == {3, 4}
    assert all(targets(sink, query) == {0} for query in range(7))
