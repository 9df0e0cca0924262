"""Clipped connections as lists: the same network without an n x n matrix."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, programs, simulation
from jaxsuper.network import _inhibition
from jaxsuper.testing import _network as laws


T, N, S, L, B = 20, 20, 3, 3, 6


def make(name, monkeypatch, by_lists, inhibition="scalar", padded=False, edges=None) -> Any:
    """Build eagerly: a compiled builder would keep to what it was traced with."""
    monkeypatch.setattr(_inhibition, "_COLUMNS_PER_ROW", {"cpu": 0 if by_lists else 10**6})
    monkeypatch.setattr(_inhibition, "_COLUMNS_ON_ACCELERATOR", 0 if by_lists else 10**6)
    sets = allocation.prime_steps(N, S, T)
    if padded:
        sets = allocation.Padded(sets, (T + 3, N + 2, S + 1, 9))
    key = jax.random.key(3)
    small = circuits.make("rotation", sets.n_circuits, key=key, gate_bias=2.0)
    fed = {} if edges is None else {"edges": programs.named_program(edges, T, L).compile(L)}
    return network.make_network(small, sets, L, name, key=key, inhibition=inhibition, **fed)


@eqx.filter_jit
def estimates(net, inputs):
    return simulation.forward(net, inputs, lambda view: view.estimates)


def inputs_of(net):
    extent = net.placement.padded
    count = None if extent is None else extent.n_circuits
    return simulation.sample_inputs(
        net.circuits, 3, L, jnp.arange(B), key=jax.random.key(5), n_circuits=count
    )


def matrix_of(links):
    made = np.zeros((len(links.listed), N, N), bool)
    for gap, rows in enumerate(np.asarray(links.listed)):
        for neuron, row in enumerate(rows):
            made[gap, neuron, row[row < N]] = True
    return made


@pytest.mark.parametrize(
    ("inhibition", "edges"),
    [
        *((rule, None) for rule in network.inhibition_rules()),
        ("receiver", "merge"),
        pytest.param("scalar", "branch", marks=pytest.mark.slow),
    ],
)
def test_the_same_connections_and_inhibition(inhibition, edges, monkeypatch):
    lists = make("clipped", monkeypatch, True, inhibition, edges=edges)
    matrix = make("clipped", monkeypatch, False, inhibition, edges=edges)
    assert isinstance(lists.connected, network.Links) != isinstance(matrix.connected, network.Links)
    np.testing.assert_array_equal(matrix_of(lists.connected), np.asarray(matrix.connected))
    np.testing.assert_allclose(lists.inhibition, matrix.inhibition, rtol=1e-5)
    turned = network.Links(lists.connected.back, lists.connected.listed)
    assert (matrix_of(turned) == np.asarray(matrix.connected).swapaxes(1, 2)).all()
    # No neuron is named twice in a row, though many circuits meet twice.
    listed = np.asarray(lists.connected.listed)
    counted = (listed < N).sum(axis=2)
    assert (counted == np.asarray(matrix.connected).sum(axis=2)).all()
    met = np.asarray(lists.placement.members[1:] < T).sum(axis=2) * S
    assert (met > counted).any() or edges is not None


def test_connections_by_a_product_are_those_by_a_scatter():
    """Of sets of two sizes between blocks of two widths; those that meet twice count once."""
    generator = np.random.default_rng(0)
    to, before = generator.integers(0, 17, (40, 3)), generator.integers(0, 11, (40, 2))
    given = jnp.asarray(to, jnp.int32), jnp.asarray(before, jnp.int32)
    wanted = np.zeros((17, 11), int)
    for after, earlier in zip(to, before, strict=True):
        wanted[np.ix_(np.unique(after), np.unique(earlier))] += 1
    for way in (_inhibition.connections, _inhibition.connections_by_product):
        np.testing.assert_array_equal(
            jax.jit(way, static_argnums=(2, 3))(*given, 17, 11), wanted > 0
        )
    assert (wanted > 1).any() and not (wanted > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "padded"),
    [
        ("clipped", True),
        pytest.param("clipped", False, marks=pytest.mark.slow),
        pytest.param("cleaned", False, marks=pytest.mark.slow),
    ],
)
def test_the_same_estimates(name, padded, monkeypatch):
    lists = make(name, monkeypatch, True, padded=padded)
    matrix = make(name, monkeypatch, False, padded=padded)
    inputs = inputs_of(matrix)
    found, expected = estimates(lists, inputs)[:, :, :T], estimates(matrix, inputs)[:, :, :T]
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_neuron_counted_twice_is_noticed(monkeypatch):
    right = make("clipped", monkeypatch, False)
    plain = lambda members, sets, none: jnp.concatenate([sets, jnp.full_like(sets[:1], none)])[
        members
    ].reshape(members.shape[0], -1)
    monkeypatch.setattr(_inhibition, "neighbours", plain)
    wrong = make("clipped", monkeypatch, True)
    inputs = inputs_of(right)
    assert np.abs(estimates(right, inputs) - estimates(wrong, inputs)).max() > 1e-2


@pytest.mark.slow
def test_the_same_gradient(monkeypatch):
    """With respect to the parameters and the inputs."""
    both = [make("clipped", monkeypatch, by_lists) for by_lists in (True, False)]
    inputs = inputs_of(both[0])

    def loss(moved, net):
        factor, values = moved
        net = eqx.tree_at(lambda n: n.inhibition_factor, net, factor)
        seen = estimates(net, eqx.tree_at(lambda i: i.inputs, inputs, values))
        return jnp.sum(jnp.sin(3 * seen))

    at = (jnp.float32(0.9), inputs.inputs)
    found, expected = (eqx.filter_grad(loss)(at, net) for net in both)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(other).max() > 0.1
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_wide_networks_of_few_circuits_have_lists():
    if jax.default_backend() != "cpu":
        pytest.skip("other lengths suit an accelerator")
    many: Any = laws.make("clipped")
    assert not isinstance(many.connected, network.Links)
    few: Any = network.build(
        circuits.make("rotation", 9, key=jax.random.key(0)),
        allocation.prime_steps(400, 3, 9),
        2,
        key=jax.random.key(0),
    )
    assert isinstance(few.connected, network.Links)
