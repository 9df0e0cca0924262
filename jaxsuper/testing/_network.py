"""Laws that every construction keeps, by its registered name."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .. import allocation, circuits, network, simulation
from .._arrays import root_key
from ._refused import refused


T, N, L, B, KEY = 12, 50, 3, 6, root_key(11)
# Without the checks, which are of allocations that are not padded.
build = eqx.filter_jit(network.make_network)
_forward = eqx.filter_jit(simulation.forward)
_sample_inputs = eqx.filter_jit(simulation.sample_inputs)
ERRORS = ("mse_on_active", "mse_x_active", "mse_on_inactive", "mse_x_inactive")


def widened(sets, width) -> allocation.Widened:
    """Return an allocation with room for other loads, so that all networks have equal shapes."""
    return allocation.Widened(allocation.Allocation(np.asarray(sets), width), 6)


def parts(name, disjoint=False) -> tuple[Any, dict[str, Any]]:
    """Return sets that a construction can be made of, with indicators where it wants them."""
    traits = network.traits_of(name)
    # A dozen sets can be disjoint; of many, every third is not.
    count, chosen = (T, slice(None)) if disjoint else (40, slice(3, 3 * T + 3, 3))
    try:
        sets = traits.allocate(N, 4, count, "transversal", None).sets[chosen]
    except ValueError:  # it allows single neurons alone
        width = T if disjoint else 5
        return widened(traits.allocate(width, 1, T, "transversal", None).sets, width), {}
    if not traits.own_indicators:
        return widened(sets, N), {}
    own = allocation.transversal(60, 5, count).sets[chosen]
    return widened(sets, N), {"indicators": widened(own, 60)}


@cache
def make(name, seed=0, disjoint=False) -> network.AbstractNetwork:
    key = jax.random.fold_in(KEY, seed)
    # A gate bias that keeps closed gates closed in every construction.
    small = circuits.make(network.traits_of(name).needs.kind, T, key=key, gate_bias=4.0)
    sets, options = parts(name, disjoint)
    return build(small, sets, L, name, key=key, **options)


@eqx.filter_jit
def both(net, inputs):
    """Return what the structured pass sees, the dense matrices, and what they see."""
    dense = network.dense_layers(net)
    return simulation.forward(net, inputs), dense, simulation.dense_forward(net, dense, inputs)


@cache
def views(name, seed=0):
    return both(make(name, seed), batch(make(name)))


def batch(net, n_active=3):
    return _sample_inputs(net.circuits, n_active, L, jnp.arange(B), key=KEY)


def measure(net, n_active, slots: int | None = 3) -> simulation.Measurement:
    room = n_active if slots is None else slots
    return simulation.simulate(net, n_active, 16, key=KEY, chunk=16, slots=room)


def differences(one, other):
    """Return the largest difference of every leaf, relative to its size."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return [np.abs(a - b).max() / max(np.abs(np.asarray(b)).max(), 1e-9) for a, b in pairs]


def structured_equals_dense(name):
    """Against matrices written out from the definition; those of another network are rejected."""
    net = make(name)
    structured, dense, other = views(name)
    steps = net.traits.layers_per_step * (L - 1)
    size = net.circuits.width * net.block_width
    assert dense.weights.shape == (steps, size, size)
    assert dense.biases.shape == (1 + steps, size)
    assert max(differences(structured, other)) < 3e-5
    wrong = views(name, seed=1)[2]
    assert np.abs(np.asarray(structured.activations - wrong.activations)).max() > 1e-3


def no_overlap_no_error(name):
    """With disjoint sets every circuit is reproduced exactly in every layer."""
    measured = measure(make(name, disjoint=True), 3)
    errors = [measured[metric].max() for metric in ERRORS]
    shared = measure(make(name), 3)
    if make(name).redundancy == 1:
        # Blocks meet again in even layers, so circuits are exact one at a time.
        errors = [measure(make(name), 1)[metric].max() for metric in ERRORS[:2]]
    assert max(errors) < 1e-9
    assert shared["mse_x_active"].max() > 1e-4


def only_neurons_that_exist_fire(name):
    net = make(name)
    exists = net.exists()
    assert exists.shape == (net.circuits.width, net.block_width)
    assert net.network_width == exists.sum() == len(network.neurons_that_exist(net))
    activations = np.asarray(views(name)[0].activations)
    assert (activations[:, ~exists] == 0).all()
    assert (activations != 0).any()


def layers_are_stacked_and_named(name):
    """Every array of `layers()` leads with L-1; one entry is a layer that can be called."""
    net = make(name)

    def step(net, activations):
        layers = net.layers()
        assert all(leaf.shape[0] == L - 1 for leaf in jax.tree.leaves(layers))
        first = jax.tree.map(lambda leaf: leaf[0], layers)
        channels = net.channels(activations)
        return first(channels, net.means(channels, net.placement.sets[0]))

    activations = views(name)[0].activations[0]
    before = eqx.filter_eval_shape(step, net, activations)
    assert before.shape == activations.shape


def empty_slots_change_nothing(name):
    """One program with room for three serves z = 1: the same samples, to the last digits."""
    net = make(name)
    alone, roomy = measure(net, 1, None), measure(net, 1)
    np.testing.assert_allclose(roomy.mean, alone.mean, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(roomy.worst, alone.worst, rtol=1e-5, atol=1e-6)
    assert np.abs(measure(net, 2).mean - alone.mean).max() > 1e-6


def an_active_set_for_every_layer(name):
    """Equal sets give what a constant one gives; another set in layer 2 is reported there."""
    net, inputs, structured = make(name), batch(make(name)), views(name)[0]
    every = jnp.repeat(inputs.active, L, axis=0)
    moved = every.at[1].set((every[1] + 1) % T)
    with_sets = lambda sets: _forward(net, eqx.tree_at(lambda i: i.active, inputs, sets))
    assert max(differences(with_sets(every), structured)) < 1e-6
    np.testing.assert_array_equal(with_sets(moved).active, moved)


def parts_are_checked(name):
    """Circuits that do not fit, too few sets and options of others are refused in one line."""
    traits = network.traits_of(name)
    wide, given = parts(name)
    sets = allocation.Allocation(np.asarray(wide.sets), wide.block_width)
    options: dict[str, Any] = {key: allocation.transversal(60, 5, T) for key in given}
    right = circuits.make(traits.needs.kind, T, key=KEY)
    step, few = circuits.Step(T), circuits.make(traits.needs.kind, 3, key=KEY)
    if not traits.needs.fits(step.layout):
        with refused(f"`circuits` must .* use {traits.needs.kind}"):
            network.build(step, sets, 2, name, key=KEY, **options)
    with refused(f"`circuits` must be as many as the {T} sets"):
        network.build(few, sets, 2, name, key=KEY, **options)
    with refused("`colour` must be left out"):
        network.build(right, sets, 2, name, key=KEY, colour="red", **options)
    if traits.own_indicators:
        with refused("`indicators` must be an allocation"):
            network.build(right, sets, 2, name, key=KEY)
        few_sets = allocation.transversal(60, 5, 10)
        with refused(f"`indicators` must hold as many sets as the {T}"):
            network.build(right, sets, 2, name, key=KEY, indicators=few_sets)


def tunable_parameters_are_felt(name):
    """The error depends on each parameter that a construction calls tunable."""
    # Gates that open for noise, so that what lets it in is felt.
    net = simulation.with_parameters(make(name), {"gate_bias": 0.2})
    base = measure(net, 2)["mse_x_active"][-1]
    changes = {
        "lower_threshold": 0.02,
        "upper_threshold": 0.4,
        "gate_bias": 1.0,
        "inhibition_factor": 3.0,
    }
    assert set(changes) == set(simulation.PARAMETERS)
    for parameter in net.traits.tunable:
        changed = simulation.with_parameters(net, {parameter: changes[parameter]})
        assert abs(measure(changed, 2)["mse_x_active"][-1] / base - 1) > 1e-4, parameter


def settings_make_every_construction(name):
    """From named settings comes the construction, with the circuits that it needs."""
    traits = network.traits_of(name)
    width = 60 * circuits.width_of(traits.needs.kind)
    redundancy = 1 if parts(name)[0].redundancy == 1 else 3
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
    with refused("must be at most"):
        simulation.parts_of(replace(settings, n_circuits=capacity + 1))


def parts_add_up(name):
    """Circuits' parts and what belongs to none are W; parts on other circuits' neurons are not."""
    net, dense = make(name), views(name)[1]
    wiring = net.wiring()
    assert len(wiring.neurons) == len(wiring.gaps) + 1 == net.depth
    # A first computing layer has no matrix in `dense_layers`.
    skipped = len(wiring.gaps) - len(dense.weights)
    for number, (weights, bias) in enumerate(zip(dense.weights, dense.biases[1:], strict=True)):
        gap = number + skipped
        found = wiring.weights(gap).reshape(weights.shape)
        np.testing.assert_allclose(found, weights, atol=1e-6)
        np.testing.assert_allclose(wiring.gaps[gap].bias.ravel(), bias, atol=1e-5)
        one = wiring.gaps[gap]
        shifted = replace(one, targets=(one.targets + 1) % T)
        gaps = (*wiring.gaps[:gap], shifted, *wiring.gaps[gap + 1 :])
        wrong = replace(wiring, gaps=gaps).weights(gap).reshape(weights.shape)
        assert np.abs(wrong - weights).max() > 1e-2


LAWS: tuple[Callable[[str], None], ...] = (
    structured_equals_dense,
    parts_add_up,
    no_overlap_no_error,
    only_neurons_that_exist_fire,
    layers_are_stacked_and_named,
    empty_slots_change_nothing,
    an_active_set_for_every_layer,
    parts_are_checked,
    tunable_parameters_are_felt,
    settings_make_every_construction,
)


def check_construction(name: str) -> None:
    """Check that a registered construction keeps every law; it takes some ten seconds.

    The laws are `construction_laws`, functions of the name, for a test that tells them apart.

    Args:
        name: one of `network.constructions()`.

    Raises:
        AssertionError: for a law that it breaks.
        ValueError: for an unknown name.
    """
    network.traits_of(name)
    for law in LAWS:
        law(name)
