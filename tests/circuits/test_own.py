"""Circuits of one's own: layers of any widths, the on-indicator that makes circuits of them, files."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, testing
from jaxsuper.circuits import _registry


T, INPUTS, WIDTHS = 6, 3, (5, 4, 2)


@pytest.fixture(scope="module")
def layers():
    """Of widths 3 -> 5 -> 4 -> 2, with biases of both signs."""
    draws = np.random.default_rng(0)
    sizes = zip((INPUTS, *WIDTHS[:-1]), WIDTHS, strict=True)
    return [(draws.normal(size=(T, o, i)), draws.normal(size=(T, o))) for i, o in sizes]


def by_hand(layers, number, values):
    for weights, biases in layers:
        values = np.maximum(weights[number] @ values + biases[number], 0)
    return values


KINDS = {"guarded": circuits.Guarded, "gated": circuits.Gated, "mlp": circuits.MLP}


@pytest.mark.parametrize("kind", KINDS)
def test_circuits_compute_what_their_layers_do(kind, layers):
    """Alone and in a network in which no two share a neuron, for rows of inputs as for one."""
    small = KINDS[kind].from_layers(layers)
    draws = np.random.default_rng(1)
    active = np.array([[1, 5], [2, 0], [3, 4]])
    inputs = draws.normal(size=(3, 2, INPUTS))
    rows = zip(active, inputs, strict=True)
    expected = [[by_hand(layers, t, x) for t, x in zip(*row, strict=True)] for row in rows]
    found = small.outputs(small(active, inputs))
    assert found.shape == (3, 3, 2, WIDTHS[-1])
    np.testing.assert_allclose(found[:, -1], expected, atol=2e-6)
    sets = allocation.Allocation(np.arange(T * 2).reshape(T, 2), T * 2)
    large = network.build(small, sets, 3, "split", key=jax.random.key(0))
    np.testing.assert_allclose(
        large(active, inputs)[:, -1], small(active, inputs)[:, -1], atol=2e-5
    )
    one = large(active[1], inputs[1])
    np.testing.assert_allclose(one, large(active, inputs)[1], atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_they_keep_the_laws(kind, layers):
    small = KINDS[kind].from_layers(layers)
    testing.parts_make_up_the_weights(small)
    testing.inactive_stay_at_zero(small)
    sample = small.sample_input(key=jax.random.key(0))
    assert sample.shape == (small.width,)


def test_only_a_guarded_circuit_bears_noise_while_it_is_off(layers):
    """With an error of less than the dead zone it stays silent; the plain one fires at any."""
    guarded, plain = (KINDS[kind].from_layers(layers) for kind in ("guarded", "mlp"))
    found = {
        name: circuits.check_assumptions(kind.from_layers(layers)) for name, kind in KINDS.items()
    }
    assert found["guarded"].holds["robust when off"] and not found["mlp"].holds["robust when off"]
    assert all(each.holds["silent when off"] for each in found.values())
    assert found["gated"].holds["robust when off"]
    assert found["guarded"].bias_spread == pytest.approx(found["mlp"].bias_spread, rel=1e-6)
    draws = np.random.default_rng(2)
    noise = draws.normal(size=(T, guarded.width))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    noise *= 0.99 * found["guarded"].dead_zone.min()
    active = jnp.arange(T)
    after = circuits.exact_trajectory(guarded, active, jnp.asarray(noise, jnp.float32), 1)[1]
    assert float(jnp.abs(after).max()) == 0
    short = noise[:, : plain.width].astype(np.float32)
    assert float(circuits.exact_trajectory(plain, active, jnp.asarray(short), 1)[1].max()) > 0


def test_private_links_hold_gated_circuits_exactly(layers):
    """One at a time, however many share its neurons; not if the gate lets other neurons pass."""
    draws = np.random.default_rng(5)
    inputs, active = draws.normal(size=(T, 1, INPUTS)), np.arange(T)[:, None]
    # Each neuron is of two circuits, each pair of circuits has one neuron in common at most.
    sets = allocation.Allocation(
        np.array([[0, 1, 2], [0, 3, 4], [1, 3, 5], [2, 4, 5], [6, 7, 8], [6, 9, 10]]), 11
    )
    for gate_bias, exact in ((30.0, True), (0.1, False)):
        small = circuits.Gated.from_layers(layers, gate_bias=gate_bias)
        large = network.build(small, sets, 3, "private", key=jax.random.key(0))
        error = np.abs(np.asarray(large(active, inputs) - small(active, inputs)))
        assert (error.max() < 1e-4) == exact


def test_gains_are_those_of_small_noise(layers):
    """Held against differences of trajectories."""
    small = circuits.Guarded.from_layers(layers)
    found = circuits.check_assumptions(small, samples=4096)
    keys = jax.random.split(jax.random.key(3), 4096)
    inputs = jax.vmap(lambda key: small.sample_input(key=key))(keys)
    active = jnp.arange(4096) % T
    states = circuits.exact_trajectory(small, active, inputs, 3)
    for layer in range(3):
        weights = circuits.small_weights(small, layer)[active]
        noise = 1e-3 * jax.random.normal(jax.random.key(layer), states[layer].shape)
        bias = circuits.layer_of(small.biases(), layer)
        after = jax.nn.relu(jnp.einsum("nij,nj->ni", weights, states[layer] + noise) + bias[None])
        gain = jnp.sqrt(((after - states[layer + 1]) ** 2).sum() / (noise**2).sum())
        assert float(gain) == pytest.approx(found.gain[layer], rel=0.05)


def test_biases_alike_need_no_constant(layers):
    same = [(weights, np.full_like(biases, -0.1)) for weights, biases in layers]
    assert not circuits.MLP.from_layers(same).constant
    assert circuits.MLP.from_layers(layers).constant
    assert circuits.MLP.from_layers(same).width == max(WIDTHS)


def test_outputs_are_handed_on_and_signs_kept(layers):
    longer = circuits.Guarded.from_layers(layers, n_layers=5)
    inputs = np.random.default_rng(4).normal(size=(1, INPUTS))
    found = longer.outputs(longer([2], inputs))
    np.testing.assert_allclose(found[2], found[4], atol=1e-6)
    both = circuits.Guarded.from_layers(circuits.signed(layers))
    before = inputs[0]
    for weights, biases in layers[:-1]:
        before = np.maximum(weights[2] @ before + biases[2], 0)
    expected = layers[-1][0][2] @ before + layers[-1][1][2]
    plus, minus = np.split(np.asarray(both.outputs(both([2], inputs)))[-1, 0], 2)
    np.testing.assert_allclose(plus - minus, expected, atol=2e-6)


def test_inputs_of_ones_own(layers):
    table = np.array([[0, 1, 0], [1, 1, 1]], np.float32)
    for source in (table, lambda key: jnp.asarray(table)[jax.random.randint(key, (), 0, 2)]):
        small = circuits.Guarded.from_layers(layers, source)
        keys = jax.random.split(jax.random.key(0), 64)
        drawn = np.asarray(jax.vmap(lambda key, c=small: c.sample_input(key=key))(keys))[:, 2:5]
        rows, counts = np.unique(drawn, axis=0, return_counts=True)
        np.testing.assert_array_equal(rows, table)
        assert counts.min() > 16


def test_equinox_modules_are_layers():
    make = lambda key: eqx.nn.MLP(3, 2, 5, 2, key=key)
    module = eqx.filter_vmap(make)(jax.random.split(jax.random.key(0), T))
    small = circuits.Guarded.from_layers(circuits.signed(circuits.layers_of(module)))
    values = jnp.array([0.3, -0.2, 0.9])
    found = small.outputs(small([4], values[None]))[-1, 0]
    alone = jax.tree.map(lambda leaf: leaf[4] if eqx.is_array(leaf) else leaf, module)
    np.testing.assert_allclose(found[:2] - found[2:], alone(values), atol=2e-6)


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(_registry, "_KINDS", dict(_registry._KINDS))


def test_pools_are_kinds(layers, registry):
    """All different while they last; means and widths are the pool's; the id follows the weights."""
    mine = circuits.Guarded.from_layers(layers)
    pool = circuits.Pool(mine)
    circuits.register("mine", pool)
    drawn = circuits.make(
        "mine", 2 * T + 1, key=jax.random.key(0), gate_bias=0.25, lower_threshold=0.3
    )
    own = np.asarray(drawn.own)[0].reshape(2 * T + 1, -1)
    assert len(np.unique(own[:T], axis=0)) == T
    assert drawn.n_circuits == 2 * T + 1
    assert float(drawn.gate_bias) == 0.25
    np.testing.assert_array_equal(drawn.shared, mine.shared)
    other = [(2 * weights, biases) for weights, biases in layers]
    assert circuits.Pool(circuits.Guarded.from_layers(other)).identity != pool.identity
    assert circuits.Pool(circuits.Guarded.from_layers(layers)).identity == pool.identity
    assert circuits.identity_of("mine") == pool.identity
    assert circuits.kind_of(drawn) == ""


def test_files_are_kinds(layers, tmp_path):
    path = tmp_path / "mine.safetensors"
    table = np.eye(3, dtype=np.float32)
    circuits.save_layers(path, layers, table)
    drawn = circuits.make(str(path), 4, key=jax.random.key(0))
    assert drawn.n_circuits == 4
    np.testing.assert_array_equal(drawn.inputs, table)
    for name, kind in KINDS.items():
        assert isinstance(circuits.make(f"{name}:{path}", 4, key=jax.random.key(0)), kind)
    assert len({circuits.identity_of(f"{name}:{path}") for name in KINDS}) == len(KINDS)
    longer = tmp_path / "longer.safetensors"
    circuits.save_layers(longer, layers, table, n_layers=5)
    found = circuits.pool_of(str(longer))
    expected = circuits.Guarded.from_layers(layers, table, 5)
    assert isinstance(found, circuits.Guarded)
    np.testing.assert_array_equal(found.own[3:], expected.own[3:])
    np.testing.assert_array_equal(found.shared, expected.shared)
    before = circuits.resolved(str(path))
    circuits.save_layers(path, [(2 * weights, biases) for weights, biases in layers], table)
    assert circuits.resolved(str(path)) != before
    # Names of before stand for what was there before.
    np.testing.assert_array_equal(
        circuits.make(before, 4, key=jax.random.key(0)).own, np.asarray(drawn.own)
    )


BROKEN = {
    "torn": (lambda content: content[:-7], "must be a whole safetensors file"),
    "foreign": (lambda content: b"PK\x03\x04" + content, "must be a whole safetensors file"),
    "empty": (lambda content: b"", "must be a whole safetensors file"),
    "other names": (
        lambda content: content.replace(b"0.weight", b"0.wright"),
        "named like 0.weight",
    ),
    "no weight": (lambda content: content.replace(b"1.weight", b"7.weight"), "must hold 1.weight"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_in_a_line(name, layers, tmp_path):
    path = tmp_path / "mine.safetensors"
    circuits.save_layers(path, layers)
    change, message = BROKEN[name]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=message) as raised:
        circuits.make(str(path), 4, key=jax.random.key(0))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pairs: [], "`layers` must hold at least one"),
        (lambda pairs: [pairs[0], pairs[2]], "`W` must have shape .6, out, 5. in layer 2"),
        (lambda pairs: [(pairs[0][0], pairs[1][1])], "`b` must be .6, 5."),
        (lambda pairs: [(pairs[0][0] * np.nan, None)], "`W` must be finite"),
        (lambda pairs: [(pairs[0][0],)], "`layers` must hold pairs .W, b., got tuple in layer 1"),
    ],
)
def test_bad_layers(change, message, layers):
    with pytest.raises(ValueError, match=message):
        circuits.Guarded.from_layers(change(layers))


def test_bad_calls(layers):
    small = circuits.Guarded.from_layers(layers)
    for active, inputs, message in (
        ([T], np.zeros((1, 3)), "`active` must lie in 0..5"),
        ([0, 1], np.zeros((1, 3)), "`inputs` must have a row for each"),
        ([0.5], np.zeros((1, 3)), "`active` must be whole numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            small(active, inputs)
    with pytest.raises(ValueError, match="`inputs` must have shape"):
        circuits.Guarded.from_layers(layers, np.zeros((2, 4)))
    with pytest.raises(ValueError, match="`n_layers` must be at least the 3"):
        circuits.Guarded.from_layers(layers, n_layers=2)


def test_any_kind_of_parameter_is_checked(layers, registry):
    circuits.register("mine", circuits.Pool(circuits.Guarded.from_layers(layers)))
    with pytest.raises(ValueError, match="`gate_bias` must be at least 0"):
        circuits.make("mine", 4, key=jax.random.key(0), gate_bias=-1.0)
    with pytest.raises(ValueError, match="did you mean 'mine'"):
        circuits.check_kind_name("mino")
    for name, message in {
        "nowhere.safetensors": "must be a kind or an existing file",
        "gated:nowhere.safetensors": "must be a kind or an existing file",
        "gatd:mine.safetensors": "did you mean 'gated'",
    }.items():
        with pytest.raises(ValueError, match=message):
            circuits.check_kind_name(name)
