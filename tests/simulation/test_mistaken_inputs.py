"""Inputs with circuits on by mistake: who is on, what is left as it was, both forward passes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation
from jaxsuper.simulation import Experiment

from .. import jitted


T, B, Z, L = 40, 32, 2, 3


def made(small, share, **more):
    key = jax.random.key(3)
    return jitted.sample_inputs(small, Z, L, jnp.arange(B), key=key, erroneous_share=share, **more)


def test_active_circuits_and_their_inputs_stay_the_same():
    small = circuits.make("rotation", T, key=jax.random.key(0))
    right, wrong = made(small, None), made(small, np.float32(0.3))
    assert right.erroneous is None
    for name in ("active", "inputs", "truth"):
        np.testing.assert_array_equal(getattr(right, name), getattr(wrong, name))


def test_so_many_inactive_circuits_are_on():
    """Never an active one, nor one that is padding; the more the larger the share, and the same ones."""
    small = circuits.make("step", T + 5, key=jax.random.key(0))
    ids = {
        share: np.asarray(made(small, np.float32(share), n_circuits=T).erroneous)
        for share in (0.3, 1)
    }
    active = np.asarray(made(small, None, n_circuits=T).active[0])
    for each in ids.values():
        assert not (each[:, None] == active[None]).any()
        assert set(np.unique(each)) <= {*range(T), T + 5}
    on = ids[0.3] < T
    assert (ids[1] < T).sum() == B * (T - Z)
    assert abs(on.sum() - 0.3 * B * (T - Z)) < 4 * (0.21 * B * (T - Z)) ** 0.5
    assert (ids[1] < T)[on].all()


def test_they_do_not_depend_on_room_for_more():
    small, more = (circuits.make("step", n, key=jax.random.key(0)) for n in (T, T + 5))
    few = np.asarray(made(small, np.float32(0.5)).erroneous) < T
    padded = np.asarray(made(more, np.float32(0.5), n_circuits=T).erroneous)[:T] < T
    np.testing.assert_array_equal(few, padded)


@pytest.mark.parametrize("construction", ["clipped", "plain"])
def test_structured_and_dense_pass_agree(construction):
    small = circuits.make("rotation", T, key=jax.random.key(0))
    sets = allocation.allocate(40, 3, T, "transversal")
    net = network.build(small, sets, L, construction, key=jax.random.key(1))
    inputs = made(small, np.float32(0.4))
    first = jitted.forward(net, inputs).estimates
    second = jitted.dense_forward(net, jitted.dense_layers(net), inputs).estimates
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-3)


def test_all_on_is_all_on_in_layer_one_and_none_is_as_before():
    settings = {
        "circuit": "step",
        "network_width": 80,
        "n_circuits": T,
        "redundancy": 3,
        "allocation": "transversal",
        "n_layers": 2,
        "batch_size": 16,
        "n_networks": 1,
    }
    measured = [
        simulation.run_networks(Experiment.of(**settings, **more)).measurements[1][0]
        for more in ({}, {"erroneous_share": 0.0}, {"erroneous_share": 1.0})
    ]
    np.testing.assert_array_equal(measured[0].mean, measured[1].mean)
    assert measured[2]["mse_on_inactive"][0] == pytest.approx(1)
    assert measured[0]["mse_on_inactive"][0] < 0.2


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_shares_outside_are_refused(share):
    with pytest.raises(ValueError, match="`erroneous_share` must"):
        simulation.run_networks(Experiment(erroneous_share=share))
