"""Fine-tuning: it measures what the simulation does, descent works, and a stopped run goes on exactly."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import simulation, training
from jaxsuper.network import dense_layers
from jaxsuper.training._schedule import rate_at

from .networks import BASE, EXACT, FEW, KINDS, prepared, written_out


ONLY_X = training.Task(indicator_weight=0.0)
forward, draw = eqx.filter_jit(simulation.forward), eqx.filter_jit(simulation.sample_inputs)
losses = eqx.filter_jit(training.sample_losses)


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
            np.testing.assert_allclose(measured.stderr_of(name), stderr, rtol=1e-3)
            unknown = kind == "inactive" and n_active == BASE.n_circuits
            assert np.isnan(measured[name]) == unknown
    assert measured["loss"] == pytest.approx(measured["mse_x_active"], rel=1e-6)


def test_losses_are_sums_of_the_metrics(getkey):
    network, built, key = prepared(BASE), written_out(BASE), getkey()
    tasks = {"x": ONLY_X, "both": training.Task(), "all": training.Task(circuits="all")}
    measured = {
        name: training.held_out(built, network.circuits, task, FEW, key=key)
        for name, task in tasks.items()
    }
    active, inactive = (
        sum(measured["x"][f"mse_{readout}_{kind}"] for readout in ("x", "on"))
        for kind in ("active", "inactive")
    )
    assert measured["both"]["loss"] == pytest.approx(active, rel=1e-5)
    total = (2 * active + 38 * inactive) / 40
    assert measured["all"]["loss"] == pytest.approx(total, rel=1e-4)
    assert abs(measured["both"]["loss"] / measured["x"]["loss"] - 1) > 1e-3


def test_l4_by_brute_force(getkey):
    network, layers = prepared(BASE), written_out(BASE, "all")
    inputs = draw(network.circuits, 2, 3, jnp.arange(5), key=getkey())
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
def test_active_sets_may_have_a_layer_axis(counted, getkey):
    network, layers = prepared(BASE), written_out(BASE, "all")
    inputs = draw(network.circuits, 2, 3, jnp.arange(5), key=getkey())
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
def test_every_weight_has_a_gradient(kind, which, getkey):
    circuits, built = prepared(KINDS[kind]).circuits, written_out(KINDS[kind])
    inputs = draw(circuits, 3, 3, jnp.arange(512), key=getkey())
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
    network, built, key = prepared(EXACT), written_out(EXACT), getkey()
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
    assert training.structure_of(network, at_home.network).distance < 0.02
    noise = training.random_like(built, key=getkey())
    # Biases of random networks are 0.
    moved = jax.tree.map(lambda a, b: a + 0.1 * b, built, noise)
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
    rates = jax.jit(jax.vmap(lambda step: rate_at(step, steps, jnp.float32(0.1))))(jnp.arange(100))
    assert rates[0] == pytest.approx(0.02, rel=0.01) and max(rates) == rates[4] < 0.1
    assert np.all(np.diff(rates[4:]) < 0) and rates[-1] < 1e-4


def train_bad(start=None, **changes):
    return fine_tune(start or written_out(BASE), replace(FEW, **changes), key=jax.random.key(0))


BAD = [
    (lambda: training.Task("mae"), "`loss` must be one of mse, l4"),
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
    (lambda: train_bad(dense_layers(prepared(BASE))), "`network` must hold an embedding"),
    (lambda: start_bad("bilt"), "`start` must be one of built, random, he"),
]


def start_bad(start):
    return training.start_from(written_out(BASE), start, key=jax.random.key(0))


@pytest.mark.parametrize("make, message", BAD, ids=[message for _, message in BAD])
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()
