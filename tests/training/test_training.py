"""Fine-tuning: the start is the construction, descent works, and a stopped run goes on exactly."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import simulation, training
from jaxsuper.training._fine_tune import _rate


BASE = simulation.Configuration(
    network_width=80, n_circuits=40, redundancy=3, n_layers=3, allocation="transversal"
)
KINDS = {
    "clipped": BASE,
    "split": replace(BASE, construction="split"),
    "separate": replace(BASE, construction="separate", indicator_share=0.5),
    "carried": replace(
        BASE, network_width=90, circuit="rotation3", indicator="carried", indicator_share=0.4
    ),
}
EXACT = replace(BASE, n_circuits=6)
ONLY_X = training.Task(indicator_weight=0.0)
FEW = training.Schedule(n_active=2, steps=6, batch_size=16, evaluate_every=2, held_out=40)


forward, draw = eqx.filter_jit(simulation.forward), eqx.filter_jit(simulation.sample_inputs)
losses = eqx.filter_jit(training.sample_losses)


def prepared(settings):
    circuits, _, network = simulation.prepare(settings)
    return circuits, network, training.from_construction(network)


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_is_the_construction(kind, getkey):
    circuits, network, built = prepared(KINDS[kind])
    layers = training.from_construction(network, "all")
    inputs = draw(circuits, 2, 3, jnp.arange(8), key=getkey())
    wanted = np.asarray(forward(network, inputs).estimates)
    found = eqx.filter_jit(lambda n: n.estimates(n.activations(inputs.active, inputs.inputs)))
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(found(layers) / scale, wanted / scale, atol=1e-5)
    np.testing.assert_allclose(found(built)[0] / scale, wanted[-1] / scale, atol=1e-5)
    assert built.weights.shape[1] == network.network_width
    other = found(training.perturbed(layers, 0.1, key=getkey()))
    assert np.abs(other - wanted).max() > 1e-2 * scale


def test_the_first_loss_is_the_measured_error(getkey):
    """On the samples that `simulate` draws, the losses are what it measures."""
    circuits, network, built = prepared(BASE)
    key = getkey()
    schedule = replace(FEW, held_out=100, batch_size=32)
    direct = simulation.simulate(network, 2, 100, key=jax.random.fold_in(key, 2))
    found = training.held_out(built, circuits, ONLY_X, schedule, key=key)
    names = ("mse_x_active", "mse_on_active", "mse_x_inactive", "mse_on_inactive")
    for name in names:
        np.testing.assert_allclose(found[name], direct[name][-1], rtol=1e-4)
        np.testing.assert_allclose(found.stderr_of(name), direct.stderr_of(name)[-1], rtol=1e-3)
    assert found["loss"] == pytest.approx(found["mse_x_active"], rel=1e-6)
    both = training.held_out(built, circuits, training.Task(), schedule, key=key)
    assert both["loss"] == pytest.approx(found["mse_x_active"] + found["mse_on_active"], rel=1e-5)
    everything = training.held_out(
        built, circuits, training.Task(circuits="all"), schedule, key=key
    )
    total = 2 * (direct["mse_x_active"] + direct["mse_on_active"])[-1]
    total += 38 * (direct["mse_x_inactive"] + direct["mse_on_inactive"])[-1]
    assert everything["loss"] == pytest.approx(total / 40, rel=1e-4)
    assert abs(both["loss"] / found["loss"] - 1) > 1e-3


def test_l4_by_brute_force(getkey):
    circuits, network, _ = prepared(BASE)
    layers = training.from_construction(network, "all")
    inputs = draw(circuits, 2, 3, jnp.arange(5), key=getkey())
    estimates = np.asarray(forward(network, inputs).estimates, np.float64)
    active, truth = np.asarray(inputs.active), np.asarray(inputs.truth, np.float64)
    expected = np.zeros(5)
    for sample in range(5):
        error = estimates[:, :, active[:, sample], sample] - truth[..., sample]
        weight = np.array([0.3, 1, 1])[None, :, None]
        expected[sample] = (weight * error**4).sum(axis=1).mean()
    task = training.Task("l4", indicator_weight=0.3)
    found = losses(layers, inputs, circuits.layout, task)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    wrong = losses(layers, inputs, circuits.layout, training.Task("mse"))
    assert np.abs(wrong / expected - 1).min() > 0.01


@pytest.mark.parametrize("kind, which", [("clipped", "active"), ("carried", "all")])
def test_every_weight_has_a_gradient(kind, which, getkey):
    circuits, _, built = prepared(KINDS[kind])
    inputs = draw(circuits, 3, 3, jnp.arange(512), key=getkey())
    task = training.Task(circuits=which)
    slope = eqx.filter_jit(eqx.filter_grad(training.batch_loss))(
        built, inputs, circuits.layout, task
    )
    share = lambda values: float((np.asarray(values) != 0).mean())
    # Neurons that no circuit uses have no gradient in the readout, nor rows in the embedding that
    # inputs do not drive: a neuron of another circuit is silent unless one of its own is active.
    for layer in range(2):
        assert share(slope.weights[layer]) > 0.9
    assert share(slope.biases) > 0.9 and share(slope.readout) > 0.9
    assert share(slope.embedding) > 0.05


def test_an_exact_solution_is_kept_and_found_again(getkey):
    circuits, network, built = prepared(EXACT)
    schedule = training.Schedule(
        n_active=2, steps=300, batch_size=64, evaluate_every=300, held_out=256, learning_rate=3e-3
    )
    key = getkey()
    small = replace(schedule, learning_rate=1e-4)
    kept = training.fine_tune(built, circuits, training.Task(), small, key=key)
    assert kept.start["loss"] < 1e-9
    # Rounding gives gradients, and Adam follows them however small they are.
    assert kept.test["loss"] < 1e-4 and training.structure(network, kept.network).distance < 0.02
    moved = training.perturbed(built, 0.1, key=getkey())
    back = training.fine_tune(moved, circuits, training.Task(), schedule, key=key)
    assert back.start["loss"] > 0.05
    assert back.test["loss"] < 0.1 * back.start["loss"]


def test_only_what_is_free_is_trained(getkey):
    circuits, _, built = prepared(BASE)
    names = ("biases", "readout")
    done = training.fine_tune(
        built, circuits, training.Task(), replace(FEW, trained=names), key=getkey()
    )
    for part in training.PARTS:
        same = np.array_equal(getattr(done.network, part), getattr(built, part))
        assert same == (part not in names)


@pytest.mark.parametrize("stop_after", [2])
def test_resuming_changes_no_bit(stop_after, tmp_path, getkey):
    circuits, _, built = prepared(BASE)
    key, file = getkey(), tmp_path / "state.eqx"
    whole = training.fine_tune(built, circuits, training.Task(), FEW, key=key)

    class Stop(Exception):
        pass

    def interrupt(now, total):
        assert total == 6
        if now.step > stop_after:
            raise Stop

    with pytest.raises(Stop):
        training.fine_tune(
            built, circuits, training.Task(), FEW, key=key, progress=interrupt, checkpoint=file
        )
    assert [path.name for path in tmp_path.iterdir()] == ["state.eqx"]
    seen = []
    resumed = training.fine_tune(
        built,
        circuits,
        training.Task(),
        FEW,
        key=key,
        checkpoint=file,
        progress=lambda now, total: seen.append(now.step),
    )
    assert seen == [0, 2, 4, 6]
    for one, other in zip(
        jax.tree.leaves(whole.network), jax.tree.leaves(resumed.network), strict=True
    ):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    for one, other in zip(whole.curve, resumed.curve, strict=True):
        assert one.step == other.step and one.mean.tobytes() == other.mean.tobytes()
    # A run without the moments of Adam, or with another key, ends elsewhere.
    rest = training.fine_tune(built, circuits, training.Task(), FEW, key=getkey())
    assert not np.array_equal(rest.network.weights, whole.network.weights)


def test_checkpoints_of_other_runs_are_refused(tmp_path, getkey):
    circuits, _, built = prepared(BASE)
    key, file = getkey(), tmp_path / "state.eqx"
    training.fine_tune(built, circuits, training.Task(), FEW, key=key, checkpoint=file)
    again = lambda **more: training.fine_tune(
        built, circuits, training.Task(), replace(FEW, **more), key=key, checkpoint=file
    )
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
    rates = [float(_rate(jnp.asarray(s), jnp.asarray(100), jnp.float32(0.1))) for s in range(100)]
    assert rates[0] == pytest.approx(0.02, rel=0.01) and max(rates) == rates[4] < 0.1
    assert np.all(np.diff(rates[4:]) < 0) and rates[-1] < 1e-4


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
    (lambda: prepared(replace(BASE, construction="oracle")), "`construction` must be one of"),
]


def train_bad(**more):
    circuits, _, built = prepared(BASE)
    key = jax.random.key(0)
    return training.fine_tune(built, circuits, training.Task(), replace(FEW, **more), key=key)


@pytest.mark.parametrize("make, message", BAD, ids=[message for _, message in BAD])
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()
