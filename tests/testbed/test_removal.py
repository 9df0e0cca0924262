"""Weights taken out of a network: nothing changes where none is, and the parts are the right ones."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import simulation, testbed
from jaxsuper.testbed import _removal

from .runs import settings


SAMPLES = 32


def errors(one, made, without):
    """Return the squared error of x per active circuit, by layer."""
    key, ids = simulation.samples_key(one), jnp.arange(SAMPLES, dtype=jnp.int32)
    return np.asarray(_removal._run(made, without, one.n_active, ids, key)).mean(axis=-1)[:, 1]


@pytest.mark.slow
def test_what_is_left_over_and_whose_parts():
    """Nothing removed is the network; the parts of other circuits are no parts of these."""
    one = settings("clipped", network_width=160, n_circuits=60)
    made = simulation.prepare(one)
    parts = testbed.components(made)
    key = simulation.samples_key(one)
    measured = simulation.simulate(made, one.n_active, SAMPLES, key=key)["mse_x_active"]
    kept = {name: errors(one, made, _removal.removed(parts, name)) for name in _removal.KEPT[:-1]}
    np.testing.assert_allclose(kept["full"], measured, rtol=1e-4, atol=1e-9)
    # Without the circuits that are off there is less to disturb those that are on.
    assert kept["active"][-1] < 0.7 * kept["full"][-1]
    active = _removal.removed(parts, "active")
    others = eqx.tree_at(lambda r: r.own, active, jnp.roll(active.own, 1, axis=1))
    assert errors(one, made, others)[-1] > 2 * kept["active"][-1]


@pytest.mark.slow
def test_without_overlap_there_is_nothing_to_remove():
    """Each circuit on neurons of its own: everything that is kept computes exactly, but the rest alone."""
    one = settings("clipped", network_width=240, n_circuits=20, allocation="prime-steps")
    made = simulation.prepare(one)
    lone = made.placement.sets
    apart = jnp.broadcast_to(jnp.arange(60, dtype=lone.dtype).reshape(1, 20, 3), lone.shape)
    made = eqx.tree_at(lambda n: n.placement.sets, made, apart)
    parts = testbed.components(made)
    for name in ("parts", "shared-links", "active"):
        assert errors(one, made, _removal.removed(parts, name)).max() < 1e-9, name


@pytest.mark.slow
def test_rows_of_several_networks():
    """Every name, layer and readout, with errors between networks."""
    rows = testbed.removal_rows(settings("split"), 2, SAMPLES, networks=2)
    assert {row["kept"] for row in rows} == set(_removal.KEPT)
    assert len(rows) == 5 * 3 * 2 and all(row["stderr"] >= 0 for row in rows)
    with pytest.raises(ValueError, match="`kept` must be one of full, parts"):
        testbed.removal_rows(settings("clipped"), 2, kept=("nothing",))
    with pytest.raises(ValueError, match="`settings` must be of ReLU layers"):
        testbed.removal_rows(settings("private"), 2)
