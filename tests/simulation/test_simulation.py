"""The instrument: inputs, metrics, standard errors, chunks, compiles."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation
from jaxsuper.simulation import _chunks
from jaxsuper.simulation._inputs import distinct_integers
from jaxsuper.simulation._statistics import merge, moments

from .. import jitted


def make(key, n_circuits=60, n_layers=3, construction="clipped", **parameters):
    made = circuits.Rotation.random(n_circuits, key=key, **parameters)
    design = allocation.prime_steps(50, 4, n_circuits)
    return network.build(made, design, n_layers, construction, key=key)


def test_active_sets_are_uniform(sigmas):
    """All 10 pairs out of 5 are equally likely, and none repeats a circuit."""
    words = jax.random.bits(jax.random.key(3), (20_000, 2), "uint32")
    pairs = np.sort(jax.vmap(lambda w: distinct_integers(5, w))(words), axis=1)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    counts = np.unique(pairs, axis=0, return_counts=True)[1] / 20_000
    assert len(counts) == 10
    assert np.abs(counts - 0.1).max() < sigmas * np.sqrt(0.09 / 20_000)
    # Replacing repeats by the next index, as published, makes neighbours too frequent.
    draws = np.random.default_rng(0).integers(0, 5, (20_000, 2))
    draws[:, 1] = np.where(draws[:, 0] == draws[:, 1], (draws[:, 1] + 1) % 5, draws[:, 1])
    wrong = np.unique(np.sort(draws, axis=1), axis=0, return_counts=True)[1] / 20_000
    assert np.abs(wrong - 0.1).max() > sigmas * np.sqrt(0.09 / 20_000)


def test_all_can_be_active(getkey):
    chosen = np.asarray(distinct_integers(6, jax.random.bits(getkey(), (6,), "uint32")))
    np.testing.assert_array_equal(np.sort(chosen), np.arange(6))


def test_truth_is_the_small_circuit(getkey):
    net = make(getkey())
    inputs = jitted.sample_inputs(net.circuits, 2, 3, jnp.arange(4), key=getkey())
    assert isinstance(net.circuits, circuits.Rotation)
    start = np.asarray(inputs.inputs)[2:] - 1
    np.testing.assert_allclose((start**2).sum(axis=0), 1, rtol=1e-5)
    turn = np.asarray(net.circuits.angles[0])[np.asarray(inputs.active_at(0))]
    before = start
    for layer in range(3):
        x, y = before
        before = np.stack(
            [np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y]
        )
        np.testing.assert_allclose(inputs.truth[layer, 1:], before, atol=1e-5)
        np.testing.assert_allclose(inputs.truth[layer, 0], 1, atol=1e-5)


def test_metrics_by_brute_force(getkey):
    """Every metric against loops over samples and circuits, in double precision."""
    net, key = make(getkey(), n_layers=3), getkey()
    batch, z = 17, 3
    inputs = jitted.sample_inputs(net.circuits, z, 3, jnp.arange(batch), key=key)
    view = jitted.forward(net, inputs)
    measured = simulation.simulate(net, z, batch, key=key, chunk=5)
    estimates = np.asarray(view.estimates, np.float64)
    active = np.asarray(inputs.active_at(0))
    for layer in range(3):
        samples = {name: [] for name in measured.names}
        worst = {name: 0.0 for name in measured.worst_names}
        for s in range(batch):
            idle = np.setdiff1d(np.arange(60), active[:, s])
            for name, rows in (("on", [0]), ("x", [1, 2])):
                est = estimates[layer][rows][:, :, s]
                error = est[:, active[:, s]] - np.asarray(inputs.truth)[layer][rows][:, :, s]
                right, silent = (error**2).sum(axis=0), (est[:, idle] ** 2).sum(axis=0)
                samples[f"mse_{name}_active"].append(right.mean())
                samples[f"mse_{name}_inactive"].append(silent.mean())
                for kind, values in (("active", right), ("inactive", silent)):
                    label = f"worst_{name}_{kind}"
                    worst[label] = max(worst[label], np.sqrt(values.max()))
            alpha = estimates[layer, 0, :, s]
            truth = np.asarray(inputs.truth)[layer, 0, :, s]
            samples["mean_err_on_active"].append((alpha[active[:, s]] - truth).mean())
            samples["mean_on_inactive"].append(alpha[idle].mean())
            samples["frac_inactive_on_gt_half"].append((alpha[idle] > 0.5001).mean())
            samples["frac_samples_any_inactive_on_gt_half"].append((alpha[idle] > 0.5001).any())
            for block in range(4):
                fired = np.asarray(view.activations)[layer, block, :, s] > 1e-4
                samples[f"frac_active_neurons_block{block}"].append(fired.mean())
        for name, values in samples.items():
            np.testing.assert_allclose(measured[name][layer], np.mean(values), rtol=2e-4, atol=1e-7)
            stderr = np.std(values, ddof=1) / np.sqrt(batch)
            np.testing.assert_allclose(
                measured.stderr_of(name)[layer], stderr, rtol=2e-3, atol=1e-7
            )
        for name, value in worst.items():
            np.testing.assert_allclose(measured[name][layer], value, rtol=1e-4, atol=2e-6)


def test_standard_errors_are_honest(getkey):
    """The spread of independent batches is what one batch says: a ratio of variances near 1.

    Treating circuits as independent would be wrong by the square root of their number.
    """
    net = make(getkey(), n_layers=3)
    runs = [simulation.simulate(net, 2, 64, key=getkey(), chunk=64) for _ in range(60)]
    for name in ("mse_x_active", "mse_x_inactive", "mse_on_inactive"):
        spread = np.std([run[name][2] for run in runs], ddof=1)
        claimed = np.sqrt(np.mean([run.stderr_of(name)[2] ** 2 for run in runs]))
        assert 0.65 < spread / claimed < 1.45
    naive = runs[0].stderr_of("mse_on_inactive")[2] / np.sqrt(58)
    assert np.std([run["mse_on_inactive"][2] for run in runs], ddof=1) / naive > 1.45


@pytest.mark.parametrize("chunk", [1, 7, 50, 64])
def test_chunks_do_not_matter(chunk, getkey):
    key = jax.random.key(5)
    net = make(key)
    whole = simulation.simulate(net, 2, 50, key=key, chunk=50)
    parts = simulation.simulate(net, 2, 50, key=key, chunk=chunk)
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(parts.stderr, whole.stderr, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(parts.worst, whole.worst, rtol=1e-5)


@pytest.mark.parametrize("construction", ["clipped", "separate"])
def test_layers_made_once_are_those_of_every_chunk(construction, monkeypatch):
    settings = simulation.Configuration(80, 20, 3, 2, 3, 40, construction=construction)
    if construction == "separate":
        settings = replace(settings, indicator_redundancy=3, indicator_share=0.5)
    net = simulation.prepare(settings)
    run = lambda: simulation.simulate(net, 2, 40, key=simulation.samples_key(settings), chunk=10)
    made, sizes = run(), []
    once = _chunks._layers
    monkeypatch.setattr(_chunks, "_layers", lambda *given: sizes.append(1) or once(*given))
    # Three chunks after the first, and two gaps.
    entries = 3 * 2 * net.block_width**2
    for enough, calls in ((entries, 1), (entries + 1, 0)):
        monkeypatch.setattr(_chunks, "_MANY_ENTRIES", enough)
        found = run()
        assert (found.mean == made.mean).all() and (found.worst == made.worst).all()
        assert len(sizes) == calls
        sizes.clear()
    monkeypatch.setattr(_chunks, "_MANY_ENTRIES", 0)
    plain = simulation.Configuration(80, 20, 3, 2, 3, 40, construction="plain")
    assert _chunks.layers_once(simulation.prepare(plain), 10) is None


def test_merging_is_exact(getkey):
    values = jax.random.normal(getkey(), (2, 3, 40)) + 100
    worst = jnp.abs(values[:, :1])
    parts = [
        moments(values[..., :32], worst[..., :32], jnp.asarray(32)),
        moments(values[..., 32:], worst[..., 32:], jnp.asarray(8)),
    ]
    both = merge(*parts)
    np.testing.assert_allclose(both.mean, np.asarray(values, np.float64).mean(axis=-1), rtol=1e-6)
    expected = np.asarray(values, np.float64).var(axis=-1) * 40
    np.testing.assert_allclose(both.squares, expected, rtol=1e-3)


def test_one_compile_for_all_values(getkey):
    """Thresholds, b, chi factor, angles, shuffles and seeds are leaves: no second trace."""
    traces = []

    @eqx.filter_jit
    def run(made, design, factor, key):
        traces.append(1)
        net = network.Clipped.build(made, design, 3, key=key, inhibition_factor=factor)
        count = jnp.asarray(8)
        return simulation.chunk_statistics(net, 2, 8, jnp.asarray(0), count, key).mean

    design = allocation.prime_steps(50, 4, 60)
    results = []
    for low, high, bias, factor in [(0.25, 0.75, 1, 1), (0.4, 0.9, 0.5, 1.2), (0.1, 0.3, 2, 1.1)]:
        made = circuits.Rotation.random(
            60, key=getkey(), lower_threshold=low, upper_threshold=high, gate_bias=float(bias)
        )
        results.append(np.asarray(run(made, design, jnp.float32(factor), getkey())))
    assert len(traces) == 1
    assert len({r.tobytes() for r in results}) == 3


def test_simulate_compiles_once_per_shape(getkey):
    run = eqx.debug.assert_max_traces(max_traces=1)(simulation.chunk_statistics)
    jitted = eqx.filter_jit(run)
    for bias in (0.5, 1.0):
        net = make(getkey(), gate_bias=bias)
        for first in (0, 8):
            start = jnp.asarray(first, jnp.int32)
            jitted(net, 2, 8, start, jnp.asarray(8, jnp.int32), getkey())


def test_a_batch_on_two_devices_is_the_same(getkey):
    """Networks sharded over two devices (simulated on a CPU) give what one device gives."""
    if len(jax.devices()) < 2:
        pytest.skip("this accelerator is a single device")
    nets = [make(jax.random.key(i)) for i in range(2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *nets)
    key, count = getkey(), jnp.asarray(16)
    run = lambda net: simulation.chunk_statistics(net, 2, 16, jnp.asarray(0), count, key).mean
    mesh = jax.make_mesh((2,), ("config",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("config"))
    both = jax.jit(jax.vmap(run))(jax.device_put(stacked, place))
    assert len(both.sharding.device_set) == 2
    for net, found in zip(nets, both, strict=True):
        np.testing.assert_allclose(found, jax.jit(run)(net), rtol=1e-4, atol=1e-7)


def test_all_active_has_no_inactive_metrics(getkey):
    made = circuits.Rotation.random(5, key=getkey())
    design = allocation.prime_steps(50, 4, 5)
    net = network.build(made, design, 2, key=getkey())
    measured = simulation.simulate(net, 5, 8, key=getkey())
    assert np.isnan(measured["mse_on_inactive"]).all()
    assert np.isfinite(measured["mse_x_active"]).all()


def test_a_single_sample_has_no_standard_error(getkey):
    measured = simulation.simulate(make(getkey()), 1, 1, key=getkey())
    assert np.isnan(measured.stderr).all()


def test_averaging_networks(getkey):
    runs = [simulation.simulate(make(getkey()), 2, 32, key=getkey(), chunk=32) for _ in range(4)]
    merged = simulation.merge_networks(runs)
    values = np.array([run["mse_x_active"] for run in runs])
    np.testing.assert_allclose(merged["mse_x_active"], values.mean(axis=0))
    np.testing.assert_allclose(merged.stderr_of("mse_x_active"), values.std(axis=0, ddof=1) / 2)
    assert merged.n_networks == 4


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((2, 0), "`batch_size` must be at least 1"),
        ((0, 5), "`n_active` must be at least 1"),
        ((61, 5), "`n_active` must be at most the 60 circuits"),
    ],
)
def test_bad_arguments(arguments, message, getkey):
    with pytest.raises(ValueError, match=message):
        simulation.simulate(make(getkey()), *arguments, key=getkey())
