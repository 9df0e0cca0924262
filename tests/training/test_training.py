"""Fine-tuning: it measures what the simulation does, descent works, and a stopped run goes on exactly."""

from dataclasses import replace
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import simulation, training
from jaxsuper.network import DenseNetwork
from jaxsuper.training._schedule import rate_at

from ..jitted import forward, sample_inputs
from .networks import BASE, EXACT, FEW, KINDS, prepared, written_out


ONLY_X = training.Task(indicator_weight=0.0)
losses = eqx.filter_jit(training.sample_losses)


@cache
def inputs_of(kind, samples=512):
    """Return inputs with three active circuits."""
    circuits = prepared(KINDS[kind]).circuits
    if samples < 512:
        return jax.tree.map(lambda values: values[..., :samples], inputs_of(kind))
    return sample_inputs(circuits, 3, 3, jnp.arange(samples), key=jax.random.key(2))


def fine_tune(start, schedule, *, key, task=ONLY_X, settings=BASE, **options):
    """Train a network of these settings, by default with one task, so that one program serves."""
    circuits = prepared(settings).circuits
    return training.fine_tune(start, circuits, task, schedule, key=key, **options)


@pytest.mark.parametrize("n_active", [2, BASE.n_circuits])
def test_training_and_simulation_measure_the_same(n_active, getkey):
    """On the samples that `simulate` draws; without inactive circuits both know nothing of them."""
    network, built, key = prepared(BASE), written_out(BASE), getkey()
    schedule = replace(FEW, n_active=n_active, held_out=100)
    direct = simulation.simulate(
        network, n_active, 100, key=jax.random.fold_in(key, 2), slots=BASE.n_circuits
    )
    measured = training.held_out(built, network.circuits, ONLY_X, schedule, key=key)
    for readout in ("x", "on"):
        for kind in ("active", "inactive"):
            name = f"mse_{readout}_{kind}"
            np.testing.assert_allclose(measured[name], direct[name][-1], rtol=1e-4)
            stderr = direct.stderr_of(name)[-1]
            np.testing.assert_allclose(measured.stderr_of(name), stderr, rtol=1e-3, atol=1e-6)
            unknown = kind == "inactive" and n_active == BASE.n_circuits
            assert np.isnan(measured[name]) == unknown
    assert measured["loss"] == pytest.approx(measured["mse_x_active"], rel=1e-6)


def test_losses_are_sums_of_the_metrics():
    circuits, built, batch = prepared(BASE).circuits, written_out(BASE), inputs_of("clipped")
    rows = eqx.filter_jit(training.sample_metrics)(built, batch, circuits.layout, ONLY_X)
    names = training.sample_metric_names(circuits.layout)
    measured = dict(zip(names, np.asarray(rows), strict=True))
    active, inactive = (
        measured[f"mse_x_{kind}"] + measured[f"mse_on_{kind}"] for kind in ("active", "inactive")
    )
    expected = {
        ONLY_X: measured["mse_x_active"],
        training.Task(): active,
        training.Task(circuits="all"): (3 * active + 37 * inactive) / 40,
    }
    for task, total in expected.items():
        measured_loss = np.asarray(losses(built, batch, circuits.layout, task))
        np.testing.assert_allclose(measured_loss, total, rtol=1e-4, atol=1e-6)
        others = [other for other in expected.values() if other is not total]
        assert all(np.abs(measured_loss.mean() / other.mean() - 1) > 1e-3 for other in others)
    np.testing.assert_allclose(measured["loss"], expected[ONLY_X], rtol=1e-5)


def test_l4_by_brute_force():
    network, layers = prepared(BASE), written_out(BASE, "all")
    inputs = inputs_of("clipped", 5)
    estimates = np.asarray(forward(network, inputs).estimates, np.float64)
    active, truth = np.asarray(inputs.active_at(0)), np.asarray(inputs.truth, np.float64)
    expected = np.zeros(5)
    for sample in range(5):
        error = estimates[:, :, active[:, sample], sample] - truth[..., sample]
        weight = np.array([0.3, 1, 1])[None, :, None]
        expected[sample] = (weight * error**4).sum(axis=1).mean()
    task, layout = training.Task("l4", indicator_weight=0.3), network.circuits.layout
    np.testing.assert_allclose(losses(layers, inputs, layout, task), expected, rtol=1e-4)
    wrong = losses(layers, inputs, layout, training.Task("mse"))
    assert np.abs(wrong / expected - 1).min() > 0.01


@pytest.mark.parametrize("counted", ["active", "all"])
def test_active_sets_may_have_a_layer_axis(counted):
    network, layers = prepared(BASE), written_out(BASE, "all")
    inputs = inputs_of("clipped", 5)
    measure = lambda inputs: losses(
        layers, inputs, network.circuits.layout, training.Task(circuits=counted)
    )
    repeated = eqx.tree_at(lambda i: i.active, inputs, jnp.repeat(inputs.active, 3, axis=0))
    np.testing.assert_allclose(measure(repeated), measure(inputs), rtol=1e-5)
    # Other circuits in the last layer.
    moved = repeated.active.at[2].set((repeated.active[2] + 1) % 40)
    wrong = measure(eqx.tree_at(lambda i: i.active, repeated, moved))
    assert np.abs(wrong / measure(inputs) - 1).min() > 1e-3


@pytest.mark.parametrize("kind, which", [("clipped", "active"), ("carried", "all")])
def test_every_weight_has_a_gradient(kind, which):
    circuits, built = prepared(KINDS[kind]).circuits, written_out(KINDS[kind])
    inputs = inputs_of(kind)
    task = training.Task(circuits=which)
    slope = eqx.filter_jit(eqx.filter_grad(training.batch_loss))(
        built, inputs, circuits.layout, task
    )
    share = lambda values: float((np.asarray(values) != 0).mean())
    # Neurons that no circuit uses have no gradient in the readout, nor rows in the embedding that
    # inputs do not drive: a neuron of another circuit is inactive unless one of its own is active.
    for layer in range(2):
        assert share(slope.weights[layer]) > 0.9
    assert share(slope.biases) > 0.9 and share(slope.readout) > 0.9
    assert share(slope.embedding) > 0.05


def test_an_exact_solution_is_kept_and_found_again(getkey):
    built, key = written_out(EXACT), getkey()
    schedule = training.Schedule(
        n_active=2, steps=300, batch_size=64, evaluate_every=300, held_out=256, learning_rate=3e-3
    )
    train = lambda start, schedule: fine_tune(
        start, schedule, key=key, task=training.Task(), settings=EXACT
    )
    at_home = train(built, replace(schedule, learning_rate=1e-4))
    assert at_home.start["loss"] < 1e-9
    # Rounding gives gradients, and Adam follows them however small they are.
    assert at_home.test["loss"] < 1e-4
    moved_by = np.linalg.norm(at_home.network.weights - built.weights)
    assert moved_by < 0.02 * np.linalg.norm(built.weights)
    draws = np.random.default_rng(0)
    noisy = lambda values: jnp.asarray(
        values + 0.1 * np.sqrt(np.mean(values**2)) * draws.normal(size=values.shape), jnp.float32
    )
    moved = jax.tree.map(lambda values: noisy(np.asarray(values)), built)
    moved = eqx.tree_at(lambda n: n.readout, moved, built.readout)
    back = train(moved, schedule)
    assert back.start["loss"] > 0.05
    assert back.test["loss"] < 0.1 * back.start["loss"]


def test_only_what_is_free_is_trained(getkey):
    built, names = written_out(BASE), ("biases", "readout")
    result = fine_tune(built, replace(FEW, trained=names), key=getkey())
    for part in training.PARTS:
        same = np.array_equal(getattr(result.network, part), getattr(built, part))
        assert same == (part not in names)


@pytest.mark.parametrize("stop_after", [2])
def test_resuming_changes_no_bit(stop_after, tmp_path, getkey):
    built, key, file = written_out(BASE), getkey(), tmp_path / "state.eqx"
    whole = fine_tune(built, FEW, key=key)

    class Stop(Exception):
        pass

    def interrupt(measured, total):
        assert total == 6
        if measured.step > stop_after:
            raise Stop

    with pytest.raises(Stop):
        fine_tune(built, FEW, key=key, progress=interrupt, checkpoint=file)
    assert [path.name for path in tmp_path.iterdir()] == ["state.eqx"]
    seen = []
    note = lambda measured, total: seen.append(measured.step)
    resumed = fine_tune(built, FEW, key=key, checkpoint=file, progress=note)
    assert seen == [0, 2, 4, 6]
    arrays = jax.tree.leaves(whole.network), jax.tree.leaves(resumed.network)
    for of_whole, of_resumed in zip(*arrays, strict=True):
        assert np.asarray(of_whole).tobytes() == np.asarray(of_resumed).tobytes()
    for of_whole, of_resumed in zip(whole.curve, resumed.curve, strict=True):
        assert of_whole.step == of_resumed.step
        assert of_whole.mean.tobytes() == of_resumed.mean.tobytes()
    # A run with another key ends elsewhere.
    other = fine_tune(built, FEW, key=getkey())
    assert not np.array_equal(other.network.weights, whole.network.weights)


def test_checkpoints_of_other_runs_are_refused(tmp_path, getkey):
    built, key, file = written_out(BASE), getkey(), tmp_path / "state.eqx"
    again = lambda **changes: fine_tune(built, replace(FEW, **changes), key=key, checkpoint=file)
    again()
    again()
    with pytest.raises(ValueError, match="`checkpoint` must be of a run with the same start"):
        again(learning_rate=2e-3)
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(ValueError, match="`checkpoint` must be undamaged"):
        again()
    file.write_bytes(b"\x00\x01 not one\n")
    with pytest.raises(ValueError, match="`checkpoint` must be a checkpoint"):
        again()


def test_the_rate_rises_and_falls():
    steps = jnp.asarray(100)
    rates = jax.vmap(lambda step: rate_at(step, steps, jnp.float32(0.1)))(jnp.arange(100))
    rates = np.asarray(rates)
    assert rates[0] == pytest.approx(0.02, rel=0.01) and max(rates) == rates[4] < 0.1
    assert np.all(np.diff(rates[4:]) < 0) and rates[-1] < 1e-4


def train_bad(start=None, **changes):
    return fine_tune(start or written_out(BASE), replace(FEW, **changes), key=jax.random.key(0))


BAD = [
    (lambda: training.Task("mae"), "`loss` must be one of mse, l3, l4"),
    (lambda: training.Task(circuits="some"), "`circuits` must be one of active, all"),
    (lambda: training.Task(indicator_weight=-1.0), "`indicator_weight` must be finite"),
    (lambda: replace(FEW, steps=-1), "`steps` must be at least 0"),
    (lambda: replace(FEW, steps=2**28), "`steps` must be at most 134217727 at this batch size"),
    (lambda: replace(FEW, learning_rate=0.0), "`learning_rate` must be positive"),
    (lambda: replace(FEW, batch_size=0), "`batch_size` must be at least 1"),
    (lambda: train_bad(n_active=41), "`n_active` must lie in 1..40"),
    (lambda: train_bad(trained=("weight",)), "did you mean 'weights'"),
    (lambda: train_bad(trained=()), "`trained` must name at least one"),
    (lambda: train_bad(written_out(EXACT)), "`start` must hold 40 circuits, got 6"),
    (lambda: train_bad(without_ends()), "`network` must hold an embedding"),
    (lambda: start_bad("bilt"), "`start` must be one of built, random, he"),
]


def without_ends():
    built = written_out(BASE)
    return DenseNetwork(built.weights, built.biases)


def start_bad(start):
    return training.start_from(written_out(BASE), start, key=jax.random.key(0))


@pytest.mark.parametrize("make, message", BAD, ids=[message for _, message in BAD])
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()
