"""Networks side by side are those trained alone; what does not count changes nothing."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import training
from jaxsuper.circuits import Rotation
from jaxsuper.training import random_network, train_side_by_side

from ..jitted import sample_inputs
from .networks import BASE, prepared, written_out


SCHEDULE = training.Schedule(
    steps=10, batch_size=16, learning_rate=0.01, evaluate_every=5, held_out=32,
    trained=("weights", "biases"),
)  # fmt: skip
MSE = training.Task()
ANGLES = np.linspace(0, 6, 9, dtype=np.float32)


def one(number, n_circuits=9):
    circuits = Rotation(ANGLES + number)
    network = random_network(circuits, 16, 3, key=jax.random.key(number))
    if n_circuits == 9:
        return circuits, network
    ends = network.embedding[:n_circuits], network.readout[:, :, :n_circuits]  # pyrefly: ignore
    fewer = Rotation(ANGLES[:n_circuits] + number)
    return fewer, eqx.tree_at(lambda n: (n.embedding, n.readout), network, ends)


def stacked(*parts):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)


def train(numbers, n_circuits=9, task=MSE, keys=None, **more):
    circuits, starts = zip(*[one(number, n_circuits) for number in numbers], strict=True)
    keys = jnp.stack([jax.random.key(100 + k) for k in keys or numbers])
    return train_side_by_side(
        stacked(*starts), stacked(*circuits), task, SCHEDULE, keys=keys, **more
    )


@pytest.mark.slow
def test_side_by_side_is_alone():
    """Each network has the circuits, samples and steps that it has alone, however many count."""
    networks, errors = train((0, 1), counts=np.array([9, 5]))
    for number, count in ((0, 9), (1, 5)):
        circuits, start = one(number, count)
        key = jax.random.key(100 + number)
        alone = training.fine_tune(start, circuits, MSE, SCHEDULE, key=key)
        assert float(jnp.abs(alone.network.weights - start.weights).max()) > 0.02
        np.testing.assert_allclose(networks.weights[number], alone.network.weights, atol=2e-4)
        assert errors[number] == pytest.approx(alone.test["mse_x_active"], rel=1e-3)
    # Other samples, or other circuits among them, lead elsewhere.
    for other in (
        train((0, 1), counts=np.array([9, 5]), keys=(1, 0)),
        train((0, 1), counts=np.array([5, 9])),
    ):
        assert (np.abs(other[1] / errors - 1) > 0.003).all()
        assert float(jnp.abs(other[0].weights - networks.weights).max(axis=(1, 2, 3)).min()) > 0.01


def test_what_is_refused():
    everything = training.Task(circuits="all")
    with pytest.raises(ValueError, match="`counts` must be left out"):
        train((0, 1), task=everything, counts=np.array([5, 5]))
    with pytest.raises(ValueError, match="`n_active`"):
        train((0, 1), counts=np.array([5, 0]))
    with pytest.raises(training.Stopped, match="0 of 10"):
        train((0, 1), stop=lambda: True)


def test_noise_does_not_know_the_scale(getkey):
    key = getkey()
    values = jax.random.normal(key, (400, 50)) * jnp.arange(1.0, 51.0)[None]
    disturb = training.noisy(jnp.float32(0.3), key)
    added = disturb(values, 0) - values
    np.testing.assert_allclose(disturb(10 * values, 0), 10 * (values + added), rtol=1e-3, atol=1e-3)
    # 400 draws for each sample: the root of the mean square is right within 4 standard errors.
    size = jnp.sqrt((values**2).mean(0))
    share = np.asarray(jnp.sqrt((added**2).mean(0)) / size)
    np.testing.assert_allclose(share, 0.3, rtol=4 / 800**0.5)
    assert float(jnp.abs(disturb(values, 1) - disturb(values, 0)).max()) > 0.1
    assert jnp.array_equal(training.noisy(jnp.float32(0), key)(values, 0), values)


def test_losses_by_their_powers(getkey):
    """Of three powers and no loss's own code but the sum over circuits and readouts."""
    circuits, network = one(0)
    inputs = sample_inputs(circuits, 2, 3, jnp.arange(8), key=getkey())
    last = network.activations(inputs.active_at(0), inputs.inputs)
    estimates = np.asarray(network.estimates(last))
    active = np.asarray(inputs.active[0])
    errors = np.stack([estimates[0, :, active[i], range(8)] for i in range(2)])
    errors -= np.asarray(inputs.truth[-1]).transpose(1, 2, 0)
    found = eqx.filter_jit(
        lambda: [
            training.sample_losses(network, inputs, circuits.layout, training.Task(loss))
            for loss in ("mse", "l3", "l4")
        ]
    )()
    for losses, power in zip(found, (2, 3, 4), strict=True):
        np.testing.assert_allclose(losses, (np.abs(errors) ** power).sum(2).mean(0), rtol=2e-4)


def share_of(settings):
    network, dense = prepared(settings), written_out(settings)
    return np.asarray(training.effective_redundancy(dense, network.circuits, key=jax.random.key(0)))


@pytest.mark.slow
@pytest.mark.parametrize("redundancy", [2, 4])
def test_the_effective_redundancy_of_built_networks_is_theirs(redundancy):
    """Exactly where nothing else responds: in the first layer, and in all without overlaps."""
    settings = replace(BASE, redundancy=redundancy, n_circuits=20)
    found = share_of(settings)
    np.testing.assert_allclose(found[0], redundancy, rtol=1e-4)
    assert (found[1:] > redundancy).any()  # inactive circuits' neurons respond, too
    alone = share_of(replace(settings, n_circuits=5))
    np.testing.assert_allclose(alone, redundancy, rtol=1e-3)


@pytest.mark.slow
def test_a_count_that_forgets_the_small_circuit_or_the_rest_is_wrong():
    """The neurons of a rotation do not respond alike; those that are always on say nothing."""
    network, dense = prepared(BASE), written_out(BASE, "all")
    key = jax.random.key(0)
    active = jnp.zeros((1, 1), jnp.int32)
    first = dense.activations(active, network.circuits.sample_input(key=key)[:, None, None])[
        0, :, 0
    ]
    lift = jnp.where(first == 0, 5.0, 0.0)
    lifted = eqx.tree_at(lambda n: n.biases, dense, dense.biases.at[0].add(lift))
    on = training.effective_redundancy(lifted, network.circuits, key=key)[0, 0]
    assert float(on) == pytest.approx(3, rel=1e-3)
    for wrong in (
        training.participation(first**2) / network.circuits.width,
        training.participation((first + lift) ** 2) / network.circuits.width,
    ):
        assert abs(float(wrong) / 3 - 1) > 0.1
