"""All devices of a process share the samples, bit for bit as one of them runs them."""

import jax
import numpy as np
import pytest
from jaxsuper import simulation
from jaxsuper.simulation import _chunks


SETTINGS = simulation.Configuration(
    network_width=80, n_circuits=20, redundancy=3, n_active=2, n_layers=3
)


def run(n_samples, chunk, shown=2):
    network, key = simulation.prepare(SETTINGS), simulation.samples_key(SETTINGS)
    done = []
    found, trajectories = simulation.simulate_and_show(
        network, 2, n_samples, shown, key=key, chunk=chunk, progress=done.append
    )
    return found, trajectories, done


@pytest.fixture
def alone(monkeypatch):
    """Return what runs on one device whatever there is."""

    def run_alone(*sizes):
        with monkeypatch.context() as patch:
            patch.setattr(_chunks, "_devices_for", lambda same, n_chunks: None)
            return run(*sizes)

    return run_alone


@pytest.mark.parametrize(("n_samples", "chunk"), [(32, 16), (50, 10), (37, 10), (8, 16)])
def test_devices_do_not_matter(n_samples, chunk, alone):
    """Full rounds, a last round with a chunk too few, one that is not full, and a single chunk."""
    if len(jax.local_devices()) < 2:
        pytest.skip("this accelerator is a single device")
    one, shown_by_one, _ = alone(n_samples, chunk)
    both, shown, done = run(n_samples, chunk)
    assert both.n_samples == one.n_samples == n_samples
    for name in ("mean", "stderr", "worst"):
        assert np.array_equal(getattr(both, name), getattr(one, name), equal_nan=True), name
    for found, expected in zip(shown, shown_by_one, strict=True):
        assert np.array_equal(found, expected)
    assert done[-1] == n_samples and done == sorted(set(done))


def test_every_device_works(monkeypatch):
    if len(jax.local_devices()) < 2:
        pytest.skip("this accelerator is a single device")
    calls, programs = [], _chunks._run_chunks
    monkeypatch.setattr(
        _chunks, "_run_chunks", lambda mesh, *more: calls.append(mesh.size) or programs(mesh, *more)
    )
    run(50, 10)
    assert calls == [2, 2, 2]
    calls.clear()
    run(10, 10)
    assert calls == []


def test_other_samples_are_noticed(alone):
    """Were each device to run the first chunk, the comparison above would fail."""
    first, _, _ = alone(10, 10)
    both, _, _ = run(20, 10)
    assert not np.array_equal(first.mean, both.mean)
