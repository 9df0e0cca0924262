"""Laws that every construction keeps: a new one is tested by its line in the registry."""

from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation


L, B, KEY = 4, 6, jax.random.key(11)
NAMES = network.constructions()
ERRORS = ("mse_on_active", "mse_x_active", "mse_on_inactive", "mse_x_inactive")
forward = eqx.filter_jit(simulation.forward)
dense_forward = eqx.filter_jit(simulation.dense_forward)
dense_layers = eqx.filter_jit(network.dense_layers)


def parts(name, count, n=50, redundancy=4) -> tuple[allocation.Allocation, dict[str, Any]]:
    """Return sets that a construction can be made of, with indicators where it wants them."""
    traits = network.traits_of(name)
    try:
        sets = traits.allocate(n, redundancy, count, "transversal", None)
    except ValueError:  # it allows single neurons alone
        sets = traits.allocate(n, 1, count, "transversal", None)
    if not traits.own_indicators:
        return sets, {}
    return sets, {"indicators": allocation.transversal(60, 5, count)}


@cache
def make(name, seed=0, count=40, layers=L) -> network.AbstractNetwork:
    key = jax.random.fold_in(KEY, seed)
    kind = network.traits_of(name).needs.kind
    # A gate bias that keeps closed gates closed in every construction.
    small = circuits.make(kind, count, key=key, gate_bias=4.0)
    sets, options = parts(name, count)
    return network.build(small, sets, layers, name, key=key, **options)


def batch(net, n_active=3, samples=B, **options):
    ids = jnp.arange(samples)
    return simulation.sample_inputs(net.circuits, n_active, net.n_layers, ids, key=KEY, **options)


def differences(one, other):
    """Return the largest difference of every leaf, relative to its size."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return [np.abs(a - b).max() / max(np.abs(np.asarray(b)).max(), 1e-9) for a, b in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_structured_equals_dense(name):
    """Against matrices written out from the definition; those of another network are rejected."""
    net = make(name)
    inputs = batch(net)
    structured, dense = forward(net, inputs), dense_layers(net)
    steps = net.traits.layers_per_step * (L - 1)
    size = net.circuits.width * net.block_width
    assert dense.weights.shape == (steps, size, size)
    assert dense.biases.shape == (1 + steps, size)
    assert max(differences(structured, dense_forward(net, dense, inputs))) < 3e-5
    other = dense_forward(net, dense_layers(make(name, seed=1)), inputs)
    assert np.abs(np.asarray(structured.activations - other.activations)).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_no_overlap_no_error(name):
    """With disjoint sets every circuit is reproduced exactly, over any number of layers."""
    net = make(name, count=10, layers=6)
    n_active = 4
    if net.redundancy == 1:  # circuits of one block meet; alone they are exact
        n_active = 1
    measured = simulation.simulate(net, n_active, 32, key=KEY)
    for metric in ERRORS if n_active > 1 else ERRORS[:2]:
        assert measured[metric].max() < 1e-9, metric


@pytest.mark.parametrize("name", NAMES)
def test_only_neurons_that_exist_fire(name):
    net = make(name)
    exists = net.exists()
    assert exists.shape == (net.circuits.width, net.block_width)
    assert net.network_width == exists.sum() == len(network.neurons_that_exist(net))
    activations = np.asarray(forward(net, batch(net)).activations)
    assert (activations[:, ~exists] == 0).all()
    assert (np.abs(activations) > 0).any(axis=(0, 2, 3)).any()


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_stacked_and_named(name):
    """Every array of `layers()` leads with L-1; one entry is a layer that can be called."""
    net = make(name)
    layers = net.layers()
    leaves = jax.tree.leaves(layers)
    assert leaves and all(leaf.shape[0] == L - 1 for leaf in leaves)
    first = jax.tree.map(lambda leaf: leaf[0], layers)
    activations = net.first_layer(batch(net).active_at(0), batch(net).inputs)
    channels = net.channels(activations)
    before = first(channels, net.means(channels, net.placement.sets[0]))
    assert before.shape == activations.shape


@pytest.mark.parametrize("name", NAMES)
def test_empty_slots_change_nothing(name):
    """One program with room for three serves z = 1: the same samples, to the last digits."""
    net = make(name)
    alone = simulation.simulate(net, 1, 16, key=KEY, chunk=16)
    roomy = simulation.simulate(net, 1, 16, key=KEY, chunk=16, slots=3)
    np.testing.assert_allclose(roomy.mean, alone.mean, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(roomy.worst, alone.worst, rtol=1e-5, atol=1e-6)
    other = simulation.simulate(net, 2, 16, key=KEY, chunk=16, slots=3)
    assert np.abs(other["mse_on_inactive"] - alone["mse_on_inactive"]).max() > 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_one_active_set_serves_all_layers(name):
    """An active set for every layer, all equal, gives what a constant one gives."""
    net = make(name)
    inputs = batch(net)
    every = eqx.tree_at(lambda i: i.active, inputs, jnp.repeat(inputs.active, L, axis=0))
    assert max(differences(forward(net, every), forward(net, inputs))) < 1e-6
    # Another set in layer 3 is what is reported there.
    moved = every.active.at[2].set((every.active[2] + 1) % net.n_circuits)
    view = forward(net, eqx.tree_at(lambda i: i.active, every, moved))
    np.testing.assert_array_equal(view.active[2], moved[2])
    np.testing.assert_array_equal(view.active[1], inputs.active[0])


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_checked(name):
    """Circuits that do not fit, too few sets and options of others are refused in one line."""
    traits = network.traits_of(name)
    sets, options = parts(name, 40)
    right = circuits.make(traits.needs.kind, 40, key=KEY)
    step, few = circuits.Step(40), circuits.make(traits.needs.kind, 3, key=KEY)
    if not traits.needs.fits(step.layout):
        with pytest.raises(ValueError, match=f"`circuits` must .* use {traits.needs.kind}"):
            network.build(step, sets, 2, name, key=KEY, **options)
    with pytest.raises(ValueError, match="`circuits` must be as many as the 40 sets"):
        network.build(few, sets, 2, name, key=KEY, **options)
    with pytest.raises(ValueError, match="`colour` must be left out"):
        network.build(right, sets, 2, name, key=KEY, colour="red", **options)
    if traits.own_indicators:
        with pytest.raises(ValueError, match="`indicators` must be an allocation"):
            network.build(right, sets, 2, name, key=KEY)
        few_sets = allocation.transversal(60, 5, 10)
        with pytest.raises(ValueError, match="`indicators` must hold as many sets as the 40"):
            network.build(right, sets, 2, name, key=KEY, indicators=few_sets)


@pytest.mark.parametrize("name", NAMES)
def test_tunable_parameters_are_felt(name):
    """The error depends on the parameters that a construction calls tunable, and on those alone."""
    net = make(name)
    assert isinstance(net, eqx.Module)
    base = simulation.simulate(net, 2, 32, key=KEY, chunk=32)["mse_x_active"][-1]
    # Large enough to be felt through thresholds and clipping.
    changes = {
        "lower_threshold": 0.4,
        "upper_threshold": 0.6,
        "gate_bias": 0.5,
        "inhibition_factor": 1.5,
    }
    for parameter in simulation.PARAMETERS:
        changed = simulation.with_parameters(net, {parameter: changes[parameter]})
        error = simulation.simulate(changed, 2, 32, key=KEY, chunk=32)["mse_x_active"][-1]
        if parameter in net.traits.tunable:
            assert abs(error / base - 1) > 1e-4, parameter


@pytest.mark.parametrize("name", NAMES)
def test_settings_make_every_construction(name):
    """From named settings comes the construction, with the circuits that it needs."""
    traits = network.traits_of(name)
    width = 60 * circuits.width_of(traits.needs.kind)
    redundancy = 1 if parts(name, 10)[0].redundancy == 1 else 3
    settings = simulation.Configuration(
        width,
        20,
        redundancy,
        n_layers=2,
        circuit=traits.needs.kind,
        construction=name,
        allocation="transversal",
    )
    net = simulation.prepare(settings)
    assert net.traits.name == name and net.n_circuits == 20
    capacity = simulation.capacity_of(settings)
    assert capacity is not None and capacity >= 20
    many = {"n_circuits": capacity + 1}
    with pytest.raises(ValueError, match="must be at most"):
        simulation.parts_of(simulation.Configuration(**{**vars(settings), **many}))
