"""The universal AND: it computes what its weights say, and its errors are those of the closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import features, logic, theory


@pytest.mark.parametrize("width", [None, 12])
def test_it_is_a_layer_with_those_weights(width, getkey):
    network = logic.UniversalAnd.random(9, 40, 0.3, width, key=getkey())
    inputs = jnp.zeros(9).at[jnp.array([1, 4, 7])].set(1.0)
    embedding = network.embedding
    arrives = inputs if embedding is None else embedding.encode(inputs)
    assert arrives.shape == (width or 9,)
    weights, C = np.asarray(network.input_weights), np.asarray(network.connections)
    hidden = np.maximum(weights @ np.asarray(arrives) - 1, 0)
    np.testing.assert_allclose(network(inputs), hidden, atol=1e-5)
    read = np.asarray(network.read_all(jnp.asarray(hidden)))
    for i, j in ((1, 4), (4, 1), (1, 2), (0, 3)):
        joint = (C[:, i] * C[:, j]) > 0
        expected = hidden[joint].mean() if joint.any() else 0.0
        np.testing.assert_allclose(read[i, j], expected, atol=1e-5)


def test_without_a_joint_neuron_it_reads_0():
    network = logic.UniversalAnd(jnp.array([[1.0, 0, 1], [0, 1.0, 1]]))
    read = network.read_all(network(jnp.array([1.0, 1.0, 0.0])))
    assert read[0, 1] == 0


def test_many_neurons_and_few_connections_read_every_conjunction(getkey):
    """The claim itself, at the size where it is easy: every readout on its side of 1/2."""
    network = logic.UniversalAnd.random(30, 4000, 0.08, key=getkey())
    for inputs in features.sample_features(30, 3, jnp.arange(4), key=getkey()):
        read = np.asarray(network.read_all(network(inputs)))
        truth = np.outer(inputs, inputs) > 0
        apart = ~np.eye(30, dtype=bool)
        assert ((read > 0.5) == truth)[apart].all()


def test_kinds_of_pairs_are_told_apart(getkey):
    """Measured by kind is what all readouts of the same inputs say, listed one by one."""
    network, key = logic.UniversalAnd.random(8, 50, 0.3, 30, key=getkey()), getkey()
    found = logic.measure_conjunctions(network, 2, 200, key=key)
    apart = ~np.eye(8, dtype=bool)
    everything = {o: [] for o in range(3)}
    for inputs in np.asarray(features.all_features(8, 2)):
        error = np.asarray(network.read_all(network(jnp.asarray(inputs)))) - np.outer(
            inputs, inputs
        )
        for o in range(3):
            kind = (inputs[:, None] + inputs[None, :] == o) & apart
            everything[o].append((error[kind] ** 2).mean())
    for o in range(3):
        mse = np.asarray(found.mse[:, o])
        stderr = mse.std(ddof=1) / len(mse) ** 0.5
        assert abs(mse.mean() - np.mean(everything[o])) < 5.5 * stderr
        assert (np.asarray(found.largest[:, o]) ** 2 >= mse - 1e-6).all()
    assert not np.isclose(found.mse[:, 1].mean(), found.mse[:, 0].mean(), rtol=0.3)


@pytest.mark.parametrize("n_active, width", [(2, None), (4, None), (3, 600)])
def test_errors_are_those_of_the_closed_form(n_active, width, getkey, sigmas):
    m, d, p = 200, 300, 0.12
    found = logic.measure_networks(m, d, p, n_active, 40, 24, width, key=getkey())
    said = theory.conjunction_errors(m, d, p, n_active, width)
    others = theory.conjunction_errors(m, d, p, n_active + 1, width)
    seen = 0
    for name in ("bias", "mse"):
        values, expected = np.asarray(getattr(found, name)), getattr(said, name)
        stderr = values.std(axis=0, ddof=1) / len(values) ** 0.5
        # In superposition it is the leading order in 1/D.
        slack = 0.0 if width is None else 0.03 * np.maximum(expected, 0.1)
        assert (abs(values.mean(axis=0) - expected) < sigmas * stderr + slack).all()
        seen += (abs(values.mean(axis=0) - getattr(others, name)) > sigmas * stderr + slack).sum()
    # With one active feature too many most of them are other numbers.
    assert seen >= 3


def test_without_the_common_input_noise_the_form_is_wrong(getkey, sigmas):
    """Narrow inputs: what the joint neurons have in common does not average out."""
    m, d, p, s, D = 100, 1500, 0.1, 2, 40
    found = np.asarray(logic.measure_networks(m, d, p, s, 40, 16, D, key=getkey()).mse)[:, 2]
    stderr = found.std(ddof=1) / len(found) ** 0.5
    said = theory.conjunction_errors(m, d, p, s, D).mse[2]
    assert abs(found.mean() - said) < sigmas * stderr + 0.1 * said
    # As if all noise were of each neuron for itself.
    wide = theory.conjunction_errors(m, d, p, s, 10**6)
    assert found.mean() - wide.mse[2] > sigmas * stderr


def test_networks_do_not_depend_on_how_many_are_drawn(getkey):
    key = getkey()
    few, many = (logic.measure_networks(20, 30, 0.2, 2, 3, n, 16, key=key).mse for n in (2, 4))
    np.testing.assert_allclose(few, many[:2], rtol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda k: logic.UniversalAnd.random(1, 5, 0.1, key=k), "`n_features` must be at least 2"),
        (lambda k: logic.UniversalAnd.random(5, 0, 0.1, key=k), "`n_neurons` must be at least 1"),
        (
            lambda k: logic.UniversalAnd(jnp.ones((3, 5)), features.polygon(4)),
            "`embedding` must have a vector for each of 5",
        ),
        (lambda k: logic.measure_networks(5, 5, 0.1, 4, 1, 1, key=k), "`n_active` must be from 2"),
        (lambda k: logic.measure_networks(5, 5, 0.1, 2, 0, 1, key=k), "`n_inputs` must be at lea"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make(jax.random.key(0))
