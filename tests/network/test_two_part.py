"""Indicators apart from the payload: structured against dense, exactness, what each scheme keeps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation

from .. import jitted


T, L, B = 40, 4, 6
SCHEMES = ("carried", "early-guess", "separate")


def make(
    scheme, key, count=T, widths=(60, 45), redundancies=(5, 3), copies=1, layers=L, **options
) -> Any:
    rotation = circuits.Rotation if scheme == "separate" else circuits.Rotation3
    made = rotation.random(count, key=key, gate_bias=0.7)
    own = [allocation.transversal(widths[0] // copies, redundancies[0] // copies, count)] * copies
    indicators = allocation.redundant(own, key=key) if copies > 1 else own[0]
    payload = allocation.transversal(widths[1], redundancies[1], count)
    options["indicators"] = indicators
    return network.build(made, payload, layers, scheme, key=key, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme, options",
    [
        ("carried", {"inhibition": "receiver"}),
        ("separate", {"inhibition_factor": 1.2}),
        ("separate", {"copies": 2}),
    ],
    ids=str,
)
def test_structured_equals_dense(scheme, options, getkey):
    net = make(scheme, getkey(), **options)
    inputs = jitted.sample_inputs(net.circuits, 3, L, jnp.arange(B), key=getkey())
    one = jitted.forward(net, inputs)
    dense = jitted.dense_layers(net)
    other = jitted.dense_forward(net, dense, inputs)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        scale = np.abs(np.asarray(b)).max()
        np.testing.assert_allclose(a / scale, b / scale, atol=1e-5)
    shuffled = jitted.dense_layers(make(scheme, getkey(), **options))
    wrong = jitted.dense_forward(net, shuffled, inputs).activations
    assert np.abs(np.asarray(one.activations - wrong)).max() > 1e-3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_neurons_that_exist_fire(scheme, getkey):
    net = make(scheme, getkey())
    assert net.network_width == (210 if scheme == "separate" else 150)
    inputs = jitted.sample_inputs(net.circuits, 3, L, jnp.arange(B), key=getkey())
    found = np.asarray(jitted.forward(net, inputs).activations)
    assert (found[:, :-2, 60:] == 0).all() and (found[:, -2:, :60] == 0).all()


def test_carried_indicators_never_change(getkey):
    net = make("carried", getkey(), layers=8)
    measured = simulation.simulate(net, 3, 64, key=getkey())
    error = measured["mse_on_inactive"]
    assert error[0] > 0 and np.ptp(error) < 1e-6


@pytest.mark.parametrize("inhibition", ["scalar", "receiver"])
def test_gates_are_balanced(inhibition, getkey):
    """The mean over t ≠ v of what v's indicators send to t's payload neurons is 0."""
    net = make("separate", getkey(), inhibition=inhibition)
    sets = np.asarray(net.placement.sets)
    for layer in range(L - 1):
        chi = np.asarray(net.gate_inhibition[layer], np.float64)[:, None]
        tilde = np.where(np.asarray(net.gates[layer]), 1.0, -chi)
        pairs = np.array(
            [
                [tilde[np.ix_(to[5:] - 60, from_[:5])].sum() for from_ in sets[layer]]
                for to in sets[layer + 1]
            ]
        )
        np.testing.assert_allclose(np.diag(pairs), 15)
        assert abs(pairs[~np.eye(T, dtype=bool)].mean()) < 1e-5


def test_copies_are_independent(getkey):
    design = allocation.allocate(30, 3, T, "transversal")
    joint = allocation.redundant([design, design], key=getkey())
    assert (joint.block_width, joint.redundancy) == (60, 6)
    np.testing.assert_array_equal(joint.loads, np.tile(design.loads, 2))
    first, second = joint.sets[:, :3], joint.sets[:, 3:] - 30
    assert (
        sorted(map(tuple, first)) == sorted(map(tuple, second)) == sorted(map(tuple, design.sets))
    )
    assert (first != second).any()
