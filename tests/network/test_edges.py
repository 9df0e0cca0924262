"""Edges in large networks: dense twin, counts, inhibition; wrong graphs are rejected."""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import circuits, network, simulation
from jaxsuper.allocation import Allocation, transversal
from jaxsuper.network import indicator_vectors
from jaxsuper.programs import Edge, named_program, Program, random_program

from ..jitted import dense_forward, dense_layers, forward, sample_inputs
from ..programs import brute


T, L, B, KEY = 12, 5, 6, jax.random.key(5)
ANGLES = np.random.default_rng(5).uniform(0, 2 * np.pi, T)
PROGRAM, GAPS = brute.program(ANGLES)
CIRCUITS = circuits.Rotation(ANGLES)
EDGES = PROGRAM.compile(L)
SETS = transversal(25, 4, 25).sets[3 : 3 + T]
OVERLAPPING = Allocation(SETS, 25)
DISJOINT = Allocation(np.arange(4 * T).reshape(T, 4), 4 * T)
INDICATORS = Allocation(transversal(30, 5, 30).sets[2 : 2 + T], 30)
SLOW = lambda *names: [pytest.param(name, marks=pytest.mark.slow) for name in names]


def build(edges: Any = EDGES, allocation=OVERLAPPING, made=CIRCUITS, n_layers=L, **options) -> Any:
    return network.build(made, allocation, n_layers, key=KEY, edges=edges, **options)


def build_any(construction, edges, allocation=OVERLAPPING, indicators=INDICATORS, **options):
    traits = network.traits_of(construction)
    if traits.own_indicators:
        options["indicators"] = indicators
    if traits.inhibited:
        options["inhibition"] = "receiver"
    return build(edges, allocation, construction=construction, **options)


def written_out(net, gaps, per_circuit=False, factor=1.0):
    """Return W of all layers from lists of (source, target, W_e), neuron by neuron."""
    n, s = net.block_width, net.redundancy
    slope = 1 / (brute.HI - brute.LO)
    mean = np.outer([slope, slope, 1 + brute.BIAS, 1 + brute.BIAS], brute.ALPHA)
    matrices = []
    for gap, edges in enumerate(gaps):
        vectors = [np.asarray(indicator_vectors(net.placement, gap + i)) for i in range(2)]
        before, after = vectors
        opening = [(a, b) for a, b, _ in edges if (gap, a, b) not in brute.SHUT]
        counted = [(t, t) for t in range(len(before))] if per_circuit else opening
        linked = np.zeros((n, n))
        for a, b in counted:
            linked = np.maximum(linked, np.outer(after[b], before[a]))
        chi = factor * np.asarray(net.inhibition[gap])[:, None]
        tilde = linked - chi * (1 - linked)
        whole = np.einsum("ij,nm->injm", mean, tilde)
        for a, b, w in edges:
            own = w - mean * ((a, b) in opening)
            whole += np.einsum("ij,n,m->injm", own, after[b], before[a])
        matrices.append(whole.reshape(4 * n, 4 * n) / s)
    return np.stack(matrices)


def test_every_edge_is_a_term_of_the_weights():
    """The dense twin against W written out by hand; four wrong graphs are rejected."""
    net = build()
    found = np.asarray(dense_layers(net).weights)
    close = lambda wrong: np.abs(found - wrong).max() < 2e-6
    assert close(written_out(net, GAPS))
    transposed = [[(t, s, w) for s, t, w in gap] for gap in GAPS]
    forgotten = [list({t: (s, t, w) for s, t, w in gap}.values()) for gap in GAPS]
    assert not close(written_out(net, transposed))
    assert not close(written_out(net, forgotten))
    assert not close(written_out(net, GAPS, per_circuit=True))
    assert not close(written_out(net, GAPS, factor=0.99))


@pytest.mark.parametrize(
    "construction",
    ["clipped", *SLOW("separate", "oracle", "plain", "split", "cleaned")],
)
def test_structured_equals_dense(construction):
    """Each edge a term of W, whatever W is made of; one edge more is seen. So are its parts."""
    net = build_any(construction, EDGES)
    inputs = sample_inputs(net.circuits, 3, L, jnp.arange(B), key=KEY, edges=EDGES)
    dense = dense_layers(net)
    one, other = forward(net, inputs), dense_forward(net, dense, inputs)
    wiring = net.wiring()
    first = len(wiring.gaps) - len(dense.weights)
    for gap, weights in enumerate(dense.weights, first):
        found = wiring.weights(gap).reshape(weights.shape)
        np.testing.assert_allclose(found, weights, atol=2e-6)
        np.testing.assert_allclose(
            wiring.gaps[gap].bias.ravel(), dense.biases[gap + 1 - first], atol=1e-5
        )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.abs(a - b).max() < 3e-5 * np.abs(np.asarray(b)).max()
    assert len({tuple(np.sort(ids[:, 0])) for ids in np.asarray(inputs.active)}) > 1
    wrong = eqx.tree_at(lambda n: n.edges.share, net, net.edges.share * 1.01)
    differ = dense_layers(wrong).weights - dense_layers(net).weights
    assert np.abs(np.asarray(differ)).max() > 1e-4


@pytest.mark.slow
def test_a_circuit_that_many_feed():
    """The sum edge by edge, where lists would be mostly padding, against the dense twin."""
    program = Program(CIRCUITS)
    for source in range(9):
        program.relay(source, to=9, layer=2)
    edges = program.compile(3)
    assert edges.fan_in[1].max() == 10 and edges.fan_out[1].max() == 1
    net = build(edges, n_layers=3)
    inputs = sample_inputs(net.circuits, 4, 3, jnp.arange(B), key=KEY, edges=edges)
    one, other = forward(net, inputs), dense_forward(net, dense_layers(net), inputs)
    assert np.allclose(one.activations, other.activations, atol=3e-5)


@pytest.mark.parametrize("rule", ["scalar", "receiver"])
def test_inhibition_balances_those_that_are_not_joined(rule):
    """The mean of <e_t, C~ e_v> over pairs that no edge joins is 0, by receiver on every neuron."""
    edges = random_program(CIRCUITS, fan_in=2, fan_out=1, depth=L - 1).compile(L)
    net = build(edges, inhibition=rule)
    for gap in range(L - 1):
        before, after = (np.asarray(indicator_vectors(net.placement, gap + i)) for i in range(2))
        tilde = np.asarray(net.dense_tilde(gap + 1)) * net.redundancy
        joined = edges.pairs(gap + 1)
        sources, targets = (sorted({pair[i] for pair in joined}) for i in range(2))
        assert len(sources) == 12 and len(targets) == 6
        apart = [(v, t) for v in sources for t in targets if (v, t) not in joined]
        received = np.array([after[t] * (tilde @ before[v]) for v, t in apart])
        assert abs(received.sum()) < 1e-3
        by_neuron = np.abs(received.sum(axis=0)).max()
        assert (by_neuron < 1e-3) == (rule == "receiver")
        # Over all pairs of different circuits, as without edges, it is not.
        every = [after[t] @ tilde @ before[v] for v in range(T) for t in range(T) if v != t]
        assert abs(np.sum(every)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["scalar", pytest.param("receiver", marks=pytest.mark.slow)])
def test_every_circuit_its_own_successor_is_the_default(rule):
    """Written as edges it has the same connections, inhibition, samples and weights."""
    plain, edges = build(None, inhibition=rule), Program(CIRCUITS).compile(L)
    listed = build(edges, inhibition=rule)
    assert jax.tree.leaves(plain.edges) == [] and plain.edges is None
    assert np.array_equal(plain.connected, listed.connected)
    assert np.allclose(plain.inhibition, listed.inhibition, rtol=1e-6)
    assert np.allclose(dense_layers(plain).weights, dense_layers(listed).weights, atol=1e-6)
    args = (plain.circuits, 3, L, jnp.arange(B))
    one, other = (sample_inputs(*args, key=KEY, edges=e) for e in (None, edges))
    assert np.array_equal(jnp.broadcast_to(one.active, other.active.shape), other.active)
    assert np.array_equal(one.inputs, other.inputs)
    assert np.allclose(one.truth, other.truth, atol=1e-6)


def test_a_relay_of_all_is_another_shuffle():
    """Every circuit feeds the next: as its own successor, with sets that are moved on as well."""
    edges = named_program("relay", CIRCUITS, 2).compile(2)
    net = build(edges, n_layers=2)
    turned = circuits.Rotation(np.stack([ANGLES, np.roll(ANGLES, -1)]))
    plain = build(None, made=turned, n_layers=2)
    sets = plain.placement.sets
    sets = sets.at[1].set(jnp.roll(sets[1], -1, axis=0))
    moved = eqx.tree_at(lambda n: n.placement, plain, replace(plain.placement, sets=sets))
    linked = network._inhibition.connections(sets[1], sets[0], 25, 25)[None]
    moved = eqx.tree_at(lambda n: n.connected, moved, linked)
    close = lambda a, b: np.allclose(dense_layers(a).weights, dense_layers(b).weights, atol=1e-5)
    assert close(net, eqx.tree_at(lambda n: n.inhibition, moved, net.inhibition))
    assert not close(net, plain)


@pytest.mark.slow
@pytest.mark.parametrize(
    "construction, name",
    [
        ("clipped", "branch"),
        *(
            pytest.param(construction, name, marks=pytest.mark.slow)
            for construction in ("clipped", "separate", "cleaned", "plain", "split")
            for name in ("relay", "merge", "chain", "branch")
            if (construction, name) != ("clipped", "branch")
        ),
    ],
)
def test_no_overlap_no_error(construction, name):
    """With disjoint sets every construction computes every program exactly."""
    edges = named_program(name, CIRCUITS, 4).compile(4)
    net = build_any(construction, edges, DISJOINT, DISJOINT, n_layers=4)
    measured = simulation.simulate(net, 2, 32, key=KEY, chunk=32)
    errors = [measured[f"mse_{q}_{a}"] for q in ("on", "x") for a in ("active", "inactive")]
    assert np.max(errors) < 1e-9
    wrong = eqx.tree_at(lambda n: n.edges.share, net, 0.9 * net.edges.share)
    inputs = sample_inputs(net.circuits, 2, 4, jnp.arange(32), key=KEY, edges=edges)
    view = forward(wrong, inputs)
    x = view.estimates[:, 1:, inputs.active[1][0], jnp.arange(32)]
    assert np.abs(np.asarray(x[1] - inputs.truth[1, 1:, 0])).max() > 0.05


@pytest.mark.parametrize(
    "construction, kind, why",
    [
        ("carried", circuits.Rotation3, "copies the indicators that the input gives, so that"),
        ("early-guess", circuits.Rotation3, "guesses .* at the input and keeps the guess, so that"),
        ("private", circuits.Rotation3, "keeps the gates as the input sets them, so that"),
        ("block", circuits.Rotation, "keeps the addresses that the input gives, so that"),
    ],
)
def test_refused(construction, kind, why):
    made = kind(ANGLES)
    with pytest.raises(ValueError, match=f"`edges` must be left out.*{why}.*use clipped"):
        build(made=made, construction=construction)


def test_all_others_have_edges():
    """So no construction is refused for want of work, and none forgotten."""
    can = {name for name in network.constructions() if not network.traits_of(name).no_edges}
    known = {"carried", "early-guess", "private", "block"}
    assert can == set(network.constructions()) - known
    assert all(network.traits_of(name).assumes != "nothing" for name in known)
    weight = np.eye(4, 3) @ np.asarray(CIRCUITS.layout.matrix)
    weighed = Program(CIRCUITS).edge(0, 1, 1, weight=weight).compile(L)
    with pytest.raises(ValueError, match="has no layer that a weight could be given for"):
        build_any("cleaned", weighed)


def test_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match="`edges` must be for the 4 layers.*got 5"):
        build(n_layers=4)
    with pytest.raises(ValueError, match="`edges` must be between the 12 circuits.*got 13"):
        build(Program(13).compile(L))
    with pytest.raises(ValueError, match="`edges` must be of type Edges, got .*Edge"):
        build([Edge(1, 2)])
