"""Gradients of the structured pass, and the precision that every product of it states."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import network, simulation
from jaxsuper.network import _sums
from jaxsuper.testing import _network as laws


def seen(network_, inputs):
    """A number that depends on every readout, neither linear nor even."""
    views = simulation.forward(network_, inputs)
    weights = jnp.cos(jnp.arange(views.estimates.size, dtype=jnp.float32))
    return jnp.sum(weights.reshape(views.estimates.shape) * jnp.sin(views.estimates))


def gradient(name):
    """Return the gradient with respect to everything that is a float."""
    run = eqx.filter_jit(eqx.filter_grad(lambda both: seen(*both)))
    net = laws.make(name)
    return jax.tree.leaves(eqx.filter(run((net, laws.batch(net))), eqx.is_inexact_array))


@cache
def by_autodiff(name):
    """As JAX takes gradients of gathers and broadcasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            _sums, "_linked", lambda v, i, back, scale, both: _sums._gathered(v, i, scale, both[0])
        )
        return gradient(name)


def worst(found, expected):
    assert len(found) == len(expected) > 0
    largest = max(np.abs(leaf).max() for leaf in expected)
    assert largest > 0.1
    gaps = [np.abs(a - b).max() for a, b in zip(found, expected, strict=True)]
    return max(gaps) / largest


FEW = ("clipped",)
NAMES = [
    pytest.param(name, marks=[] if name in FEW else pytest.mark.slow)
    for name in network.constructions()
]


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_that_of_autodiff(name):
    assert worst(gradient(name), by_autodiff(name)) < 1e-5


def test_wrong_lists_are_noticed(monkeypatch):
    right = _sums._linked
    rolled = lambda v, index, back, *more: right(v, index, jnp.roll(back, 1, axis=0), *more)
    monkeypatch.setattr(_sums, "_linked", rolled)
    assert worst(gradient("clipped"), by_autodiff("clipped")) > 1e-2


@pytest.mark.parametrize("ragged", [False, True])
def test_gradient_of_a_sum(ragged, getkey):
    """Of whole lists and of ragged ones, with respect to values and scale."""
    placement = laws.make("clipped").placement
    index, back = placement.sets[0], placement.members[0]
    if ragged:
        index, back = back, index
    values = jax.random.normal(getkey(), (2, back.shape[0], 3))
    change = jax.random.normal(getkey(), (2, index.shape[0], 3))

    def plainly(values, scale):
        rows = jnp.concatenate([values, jnp.zeros_like(values[:, :1])], axis=1)
        return jnp.sum(change * scale * rows[:, index].sum(axis=2))

    def ours(values, scale):
        lists = {"ragged": ragged, "back": back}
        return jnp.sum(change * network.gather_sum(values, index, scale, **lists))

    found, expected = (jax.grad(f, (0, 1))(values, jnp.float32(0.7)) for f in (ours, plainly))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def products(jaxpr):
    """Return every product of a program, those within loops and branches too."""
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            found.append(equation)
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda x: hasattr(x, "eqns")
        ):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                found += products(inner)
    return found


def unmarked(function, *arguments):
    """Return the products of a function that leave their precision to the device."""
    arrays, static = eqx.partition(arguments, eqx.is_array)
    closed = jax.make_jaxpr(lambda arrays: function(*eqx.combine(arrays, static)))(arrays)
    every = products(closed.jaxpr)
    assert every
    return [one for one in every if one.params["precision"] is None]


@pytest.mark.parametrize("name", network.constructions())
def test_every_product_states_its_precision(name):
    """Forward and gradient; else a TPU rounds to bfloat16 and a GPU to TF32."""
    net = laws.make(name)
    values = eqx.filter_value_and_grad(lambda both: seen(*both))
    gradient_of = lambda net, inputs: [
        leaf for leaf in jax.tree.leaves(values((net, inputs))) if eqx.is_inexact_array(leaf)
    ]
    assert not unmarked(gradient_of, net, laws.batch(net))
    draw = lambda net, key: simulation.sample_inputs(net.circuits, 2, 3, jnp.arange(4), key=key)
    assert not unmarked(draw, net, jax.random.key(0))
    assert not unmarked(network.dense_layers, net)


def test_an_unmarked_product_is_noticed():
    inside = lambda a: jax.lax.scan(lambda c, _: (c @ a, None), a, None, length=2)[0]
    assert len(unmarked(inside, jnp.eye(2))) == 1
