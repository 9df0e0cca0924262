"""Networks as plain matrices: alone they compute what the construction does, by its registry line."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import network, training
from jaxsuper.testing._network import batch, differences, L, make, views


TRAINABLE = [name for name in network.constructions() if network.traits_of(name).trainable]
CLOSE = 3e-5
READ = {"last": slice(-1, None), "all": slice(None)}


@eqx.filter_jit
def run(dense, inputs):
    """Return activations and estimates of a network that runs alone."""
    active = inputs.active_at(0)
    activations = dense.activations(active, inputs.inputs)
    return activations, dense.estimates(activations), dense.estimates_of(activations, active[None])


def structured(name):
    """Return inputs, and activations over the neurons that exist with estimates of all circuits."""
    net, inputs = make(name), batch(make(name))
    view = views(name)[0]
    samples = inputs.active.shape[-1]
    activations = view.activations.reshape(L, -1, samples)[:, network.neurons_that_exist(net)]
    of_active = view.estimates[:, :, inputs.active[0], jnp.arange(samples)[None, :]]
    # Indices that are no slices and stand side by side keep their place: (L, k, z, B).
    return inputs, (activations, view.estimates, of_active)


@pytest.mark.slow
@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("name", TRAINABLE)
def test_alone_it_computes_the_same(name, read):
    inputs, expected = structured(name)
    dense = network.dense_network(make(name), read)
    assert dense.n_layers == L and dense.precision == make(name).precision
    width = make(name).network_width
    assert dense.weights.shape == (L - 1, width, width) and dense.biases.shape == (L, width)
    expected = tuple(values[READ[read]] for values in expected)
    assert max(differences(run(dense, inputs), expected)) < CLOSE


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "clipped" else pytest.mark.slow) for name in TRAINABLE],
)
def test_wrong_matrices_are_noticed(name):
    """The comparison above rejects each array if a per cent off, and the arrays of another seed."""
    inputs, expected = structured(name)
    dense = network.dense_network(make(name), "all")
    other = network.dense_network(make(name, seed=1), "all")
    assert max(differences(run(dense, inputs), expected)) < CLOSE
    for part in training.PARTS:
        values = getattr(dense, part)
        # Of a bias that is 0 a per cent is nothing.
        wrong = values + 0.01 * jnp.abs(values).max()
        for replacement in (wrong, getattr(other, part)):
            if np.array_equal(replacement, values):
                assert part == "biases"  # the same for all circuits
                continue
            changed = eqx.tree_at(lambda n, part=part: getattr(n, part), dense, replacement)
            assert max(differences(run(changed, inputs), expected)) > 100 * CLOSE, part


@pytest.mark.parametrize(
    "name", [name for name in network.constructions() if name not in TRAINABLE]
)
def test_what_is_no_chain_of_relu_layers_is_refused_in_one_line(name):
    # Its shapes are enough.
    shapes = eqx.filter_eval_shape(make.__wrapped__, name)
    with pytest.raises(ValueError, match="`construction` must be one of") as caught:
        network.dense_network(shapes)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(f"got {name}")
    listed = text.removeprefix("`construction` must be one of ").split(", got")[0].split(", ")
    assert listed == TRAINABLE and name not in listed


def test_estimates_of_other_circuits_in_every_layer():
    net = make("clipped")
    dense, inputs = network.dense_network(net, "all"), batch(net)
    activations, estimates, _ = run(dense, inputs)
    active = (inputs.active + jnp.arange(L)[:, None, None]) % net.n_circuits
    chosen = eqx.filter_jit(lambda n: n.estimates_of(activations, active))(dense)
    for layer in range(L):
        for sample in range(active.shape[-1]):
            expected = estimates[layer, :, active[layer, :, sample], sample].T
            np.testing.assert_allclose(chosen[layer, :, :, sample], expected, atol=1e-5)
    wrong = eqx.filter_jit(lambda n: n.estimates_of(activations, active[:1]))(dense)
    assert np.abs(wrong - chosen).max() > 1e-2


def test_a_choice_of_layers_that_is_none_is_named():
    with pytest.raises(ValueError, match="`read` must be one of last, all, got 'first'"):
        network.dense_network(make("clipped"), "first")


@pytest.mark.parametrize("method", ["activations", "estimates", "estimates_of"])
def test_weights_and_biases_alone_do_not_run(method):
    net = make("clipped")
    alone = network.DenseNetwork(jnp.zeros((1, 8, 8)), jnp.zeros((2, 8)))
    inputs = batch(net)
    arguments = {
        "activations": (inputs.active_at(0), inputs.inputs),
        "estimates": (jnp.zeros((1, 8, 6)),),
        "estimates_of": (jnp.zeros((1, 8, 6)), inputs.active),
    }
    with pytest.raises(ValueError, match="`network` must hold an embedding and a readout"):
        getattr(alone, method)(*arguments[method])
