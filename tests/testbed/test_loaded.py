"""Exports in JAX: the module, the target of a decomposition, and the stream for autoencoders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import testbed


@pytest.fixture(scope="module")
def inputs(one):
    return jnp.asarray(one.samples["embedded"]), jnp.asarray(one.samples["inputs"])


@pytest.mark.slow
def test_the_module_does_what_the_network_did(one, inputs):
    """Activations by name, and estimates of the active circuits."""
    net = testbed.Loaded.of(one)
    last, seen = net(*inputs, wanted=("layers.0", "layers.1", "layers.1.before"))
    np.testing.assert_allclose(last, one.activations(2), atol=1e-5)
    np.testing.assert_allclose(seen["layers.1"], one.activations(1), atol=1e-5)
    np.testing.assert_array_equal(jax.nn.relu(seen["layers.1.before"]), seen["layers.1"])
    active = jnp.asarray(one.samples["active"])[:, 1]
    found = net.estimates(seen["layers.1"], "layers.1", active)
    np.testing.assert_allclose(found, one.samples["estimates"][:, 1], atol=1e-5)
    every = net.estimates(seen["layers.1"], "layers.1")
    chosen = jnp.take_along_axis(every, active[..., None], axis=1)
    np.testing.assert_allclose(chosen, found, atol=1e-6)
    assert sum(leaf.size for leaf in jax.tree.leaves(net.weights)) == 2 * 96**2
    with pytest.raises(ValueError, match="`wanted` must be among layers.0.before"):
        net(*inputs, wanted=("layers.9",))


def test_the_ideal_components_with_their_delta_are_the_network(one, inputs):
    """All masks on and the delta on it is the clean pass; without the delta, or one component, not."""
    target, ideal = testbed.Target.of(one), testbed.ideal_components(one)
    assert isinstance(target, testbed.DecompositionTarget)
    assert [site.name for site in target.sites] == list(ideal) == ["layers.1", "layers.2"]
    clean, seen = target.clean_forward(inputs, frozenset(target.site_output_keys(("layers.1",))))
    masks = {name: jnp.ones((1, len(each.U))) for name, each in ideal.items()}
    on = {name: jnp.ones(1) for name in ideal}
    whole, again = target.masked_forward(inputs, ideal, masks, on, frozenset(seen))
    np.testing.assert_allclose(whole, clean, atol=2e-5)
    np.testing.assert_allclose(again["layers.1.before"], seen["layers.1.before"], atol=2e-5)
    assert target.recon_loss_fn(whole, clean) < 1e-9
    without, _ = target.masked_forward(inputs, ideal, masks)
    assert target.recon_loss_fn(without, clean) > 1e-3
    used = int(one.samples["active"][0, 0, 0])
    hole = masks["layers.1"].at[0, np.flatnonzero(one.pairs(1)[2] == used)].set(0.0)
    less, _ = target.masked_forward(inputs, ideal, masks | {"layers.1": hole}, on)
    assert target.recon_loss_fn(less, clean) > 1e-4
    for name, delta in target.weight_deltas(ideal).items():
        np.testing.assert_allclose(delta, one.rest(int(name[-1])), atol=1e-6)
    with pytest.raises(ValueError, match="`masks` must have an entry for every site"):
        target.masked_forward(inputs, ideal, {"layers.1": masks["layers.1"]})


def test_the_stream_gives_every_sample_once_and_its_features(one):
    """In another order each round; features are those of the circuits that are on."""
    stream = testbed.Stream(one, 1, 8, readout="x", seed=3)
    first = np.concatenate([next(stream) for _ in range(3)])
    assert first.shape == (24, stream.hidden_dim)
    order = lambda rows: rows[np.lexsort(rows.T)]
    np.testing.assert_array_equal(order(first), order(np.array(one.activations(1))))
    acts, features = stream.sample_with_features(24)
    assert features.shape == (24, stream.num_features)
    np.testing.assert_array_equal((features > 0.5).sum(axis=1), 2)
    row = int(np.abs(np.array(one.activations(1)) - acts[5]).sum(axis=1).argmin())
    on = np.flatnonzero(features[5])
    np.testing.assert_array_equal(on, np.sort(one.samples["active"][row, 1]))
    with pytest.raises(ValueError, match="`layer` must be one of 0, 1, 2"):
        testbed.Stream(one, 7)
