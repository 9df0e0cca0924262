"""Structured against dense, for every kind of circuit, and facts of the matrices."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation

from .. import jitted


T, S, N, L, B = 40, 4, 50, 3, 6
SETS = allocation.prime_steps(N, S, T)
# The others need circuits of their own and are tested apart.
SHUFFLED = ("clipped", "oracle", "plain", "split")
CIRCUITS = {
    "rotation": lambda key: circuits.Rotation.random(T, key=key, gate_bias=0.7),
    "rotation-per-layer": lambda key: circuits.Rotation(3 * jax.random.normal(key, (L, T))),
    "rotation3": lambda key: circuits.Rotation3.random(T, key=key),
    "step": lambda key: circuits.Step(T),
    "mlp": lambda key: circuits.MLP.random(T, 3, key=key, bias=-0.1 * jnp.ones((1, 3))),
    "mlp-per-layer": lambda key: circuits.MLP.random(T, 3, L, key=key),
    "mlp-own-mean": lambda key: circuits.MLP.random(T, 2, key=key, mean=np.ones((1, 2, 2))),
}
# Every construction with rotations is in `test_laws.py`. Each kind of circuit goes through one
# construction after the other; the other pairs are slow.
KINDS = list(CIRCUITS)[1:]
PAIRS = [
    pytest.param(kind, name, marks=() if (row - column) % 4 == 0 else pytest.mark.slow)
    for row, kind in enumerate(KINDS)
    for column, name in enumerate(SHUFFLED)
]
PAIRS += [pytest.param("rotation-per-layer", "cleaned", marks=pytest.mark.slow)]


def make(kind, construction, key, n_layers=L, **options) -> Any:
    small = CIRCUITS[kind](key)
    return network.build(small, SETS, n_layers, construction, key=key, **options)


@eqx.filter_jit
def views(small, key, construction):
    """Build, run and run as matrices in one program."""
    net = network.make_network(small, SETS, L, construction, key=key)
    inputs = simulation.sample_inputs(small, 3, L, jnp.arange(B), key=key)
    dense = network.dense_layers(net)
    return simulation.forward(net, inputs), simulation.dense_forward(net, dense, inputs)


@pytest.mark.parametrize("kind, construction", PAIRS)
def test_structured_equals_dense(kind, construction, getkey):
    structured, dense = views(CIRCUITS[kind](getkey()), getkey(), construction)
    for one, other in zip(jax.tree.leaves(structured), jax.tree.leaves(dense), strict=True):
        scale = np.abs(np.asarray(other)).max()
        np.testing.assert_allclose(one / scale, other / scale, atol=1e-5)


def test_a_wrong_matrix_is_noticed(getkey):
    """The comparison above rejects dense weights of another shuffle and of another chi."""
    key = getkey()
    net = make("rotation", "clipped", key)
    inputs = jitted.sample_inputs(net.circuits, 3, L, jnp.arange(B), key=getkey())
    right = jitted.forward(net, inputs).activations
    for wrong in (
        make("rotation", "clipped", getkey()),
        eqx.tree_at(lambda n: n.inhibition, net, net.inhibition * 1.01),
    ):
        other = jitted.dense_forward(net, jitted.dense_layers(wrong), inputs).activations
        assert np.abs(np.asarray(right - other)).max() > 1e-3


def test_one_circuit_exact_in_layer_one_and_wrong_with_overlap_later(getkey):
    net = make("rotation", "clipped", getkey())
    measured = simulation.simulate(net, 1, 128, key=getkey())
    assert measured["mse_x_active"][0] < 1e-10
    assert measured["mse_x_active"][1] > 1e-4


def test_scalar_inhibition_balances_all_pairs(getkey):
    """The mean over ordered pairs t ≠ v of <e_t, Ctilde e_v> is 0, by brute force."""
    net = make("rotation", "clipped", getkey())
    sets = np.asarray(net.placement.sets)
    for layer in range(L - 1):
        c = np.zeros((N, N))
        for t in range(T):
            c[np.ix_(sets[layer + 1, t], sets[layer, t])] = 1
        np.testing.assert_array_equal(np.asarray(net.connected[layer]), c)
        chi = np.asarray(net.inhibition[layer], np.float64)[:, None]
        tilde = c - chi * (1 - c)
        pairs = np.array(
            [
                [tilde[np.ix_(sets[layer + 1, t], sets[layer, v])].sum() for v in range(T)]
                for t in range(T)
            ]
        )
        off = ~np.eye(T, dtype=bool)
        np.testing.assert_allclose(np.diag(pairs), S**2)
        assert abs(pairs[off].mean()) < 1e-5
        # From pairs t < v only, as published, chi is off by about a per cent.
        assert abs(pairs[np.triu_indices(T, 1)].mean()) > 1e-3


def test_receiver_inhibition_balances_every_neuron(getkey):
    """The mean input of a neuron from circuits that are not its own is 0."""
    net = make("rotation", "clipped", getkey(), inhibition="receiver")
    sets = np.asarray(net.placement.sets)
    for layer in range(L - 1):
        c = np.asarray(net.connected[layer], np.float64)
        chi = np.asarray(net.inhibition[layer], np.float64)[:, None]
        tilde = c - chi * (1 - c)
        received = np.stack([tilde[:, members].sum(axis=1) for members in sets[layer]], axis=1)
        for t, members in enumerate(sets[layer + 1]):
            others = np.delete(received[members], t, axis=1)
            np.testing.assert_allclose(others.mean(axis=1), 0, atol=1e-5)
    scalar = make("rotation", "clipped", getkey())
    assert np.ptp(np.asarray(scalar.inhibition[0])) == 0
    assert np.ptp(np.asarray(net.inhibition[0])) > 0.01


@pytest.mark.parametrize("overlap", ["even", "exact"])
def test_corrected_unembedding(overlap, getkey):
    """<u_t, e_t> = 1, and the mean over t ≠ v of <u_t, e_v> is 0 for the exact overlap."""
    net = make("rotation", "plain", getkey(), overlap=overlap)
    gram = net.unembedding(0) @ network.indicator_vectors(net.placement, 0).T
    gram = np.asarray(gram, np.float64)
    np.testing.assert_allclose(np.diag(gram), 1, rtol=1e-5)
    off = gram[~np.eye(T, dtype=bool)].mean()
    assert (abs(off) < 1e-6) == (overlap == "exact")


def test_oracle_keeps_only_the_neurons_of_active_circuits(getkey):
    net = make("rotation", "oracle", getkey())
    inputs = jitted.sample_inputs(net.circuits, 2, L, jnp.arange(B), key=getkey())
    found = np.asarray(jitted.forward(net, inputs).activations)
    sets = np.asarray(net.placement.sets)
    for layer in range(L):
        for sample in range(B):
            used = sets[layer, np.asarray(inputs.active_at(0)[:, sample])].ravel()
            idle = np.setdiff1d(np.arange(N), used)
            assert (found[layer][:, idle, sample] == 0).all()


def test_layers_are_shuffled_independently(getkey):
    net = make("step", "clipped", getkey())
    sets = np.asarray(net.placement.sets)
    rows = [sorted(map(tuple, layer)) for layer in sets]
    assert all(row == rows[0] for row in rows)
    assert len({layer.tobytes() for layer in sets}) == L


@pytest.mark.parametrize(
    "change, message",
    [
        ({"construction": "clip"}, "did you mean 'clipped'"),
        ({"precision": "best"}, "`precision` must be one of"),
        ({"inhibition": "chi"}, "`inhibition` must be one of"),
        ({"n_layers": 0}, "`n_layers` must be at least 1"),
        ({"construction": "split", "inhibition": "scalar"}, "must be left out"),
    ],
)
def test_build_checks(change, message, getkey):
    arguments: dict[str, Any] = {"n_layers": 2, "construction": "clipped", **change}
    made = CIRCUITS["step"](getkey())
    with pytest.raises(ValueError, match=message):
        network.build(made, SETS, key=getkey(), **arguments)


def test_parts_must_fit(getkey):
    with pytest.raises(ValueError, match="`circuits` must be as many"):
        network.build(circuits.Step(3), SETS, 2, key=getkey())


@pytest.mark.parametrize("width", [1, 7, 8, 9, 16, 29])
def test_gather_sum(width, getkey):
    values = jax.random.normal(getkey(), (3, 11, 5))
    index = jax.random.randint(getkey(), (13, width), 0, 11)
    expected = 0.5 * np.asarray(values)[:, np.asarray(index)].sum(axis=2)
    np.testing.assert_allclose(network.gather_sum(values, index, 0.5), expected, atol=1e-5)
