"""Devices share the samples of a simulation, bit for bit as one of them runs them."""

import jax
import numpy as np
import pytest
from jaxsuper import simulation
from jaxsuper.simulation import _chunks


SETTINGS = simulation.Configuration(
    network_width=80, n_circuits=20, redundancy=3, n_active=2, n_layers=3
)


def run(n_samples, chunk, devices):
    network, key, done = simulation.prepare(SETTINGS), simulation.samples_key(SETTINGS), []
    options = {"key": key, "chunk": chunk, "progress": done.append, "devices": devices}
    return *simulation.simulate_and_show(network, 2, n_samples, 2, **options), done


@pytest.fixture
def devices():
    if len(jax.local_devices()) < 2:
        pytest.skip("this accelerator is a single device")
    return jax.local_devices()


@pytest.mark.parametrize(("n_samples", "chunk"), [(32, 16), (50, 10), (37, 10), (8, 16)])
def test_devices_do_not_matter(n_samples, chunk, devices):
    """Full rounds, a last round with a chunk too few, one that is not full, and a single chunk."""
    one, shown_by_one, _ = run(n_samples, chunk, [])
    both, shown, done = run(n_samples, chunk, devices)
    assert both.n_samples == one.n_samples == n_samples
    for name in ("mean", "stderr", "worst"):
        assert np.array_equal(getattr(both, name), getattr(one, name), equal_nan=True), name
    for found, expected in zip(shown, shown_by_one, strict=True):
        assert np.array_equal(found, expected)
    assert done[-1] == n_samples and done == sorted(set(done))


def test_every_device_works(devices, monkeypatch):
    """And no two run the same chunk."""
    calls, program = [], _chunks._run_chunk

    def noted(mesh, network, n_active, chunk, n_shown, first, *more):
        calls.append((network.inhibition.devices(), int(first)))
        return program(mesh, network, n_active, chunk, n_shown, first, *more)

    monkeypatch.setattr(_chunks, "_run_chunk", noted)
    run(50, 10, devices)
    places = [{device} for device in devices]
    expected = [(places[i % len(places)], 10 * i) for i in range(5)]
    assert sorted(calls, key=lambda call: call[1]) == expected


def test_the_devices_of_a_cpu_are_one():
    """By default they share nothing: they are the same cores."""
    if jax.default_backend() == "cpu":
        assert _chunks.sharing_devices() == []
