"""Room to spare changes nothing but rounding, and what is drawn not at all."""

from dataclasses import replace

import numpy as np
import pytest
from jaxsuper.simulation import (
    Configuration,
    Experiment,
    parts_of,
    prepare,
    run_networks,
    samples_key,
    simulate_and_show,
)
from jaxsuper.simulation._padding import room_for, slots_for


BASE = Configuration(96, 20, 3, 2, n_layers=3, batch_size=30, seed=3)
CASES = {
    "clipped": BASE,
    "step": replace(BASE, circuit="step", allocation="balanced-prime-steps"),
    "all active": replace(BASE, n_circuits=2),
    "unpadded": replace(BASE, construction="cleaned", n_layers=2),
}


def check_equal(one, other, rtol):
    for name in one.names:
        for found, wanted in (
            (one[name], other[name]),
            (one.stderr_of(name), other.stderr_of(name)),
        ):
            scale = np.nanmax(np.abs(wanted), initial=0.0)
            np.testing.assert_allclose(found, wanted, rtol, rtol * scale + 1e-12, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        # The others compile as long each.
        pytest.param(each, marks=() if name == "clipped" else pytest.mark.slow, id=name)
        for name, each in CASES.items()
    ],
)
def test_padded_equals_unpadded(settings):
    experiment = Experiment(settings, n_networks=1)
    room = room_for(experiment, parts_of(settings))
    assert room.chunk == 512 and room.slots == min(4, settings.n_circuits)
    assert (room.shape is None) == (settings.construction == "cleaned")
    networks = run_networks(experiment)
    size, z = settings.batch_size, settings.n_active
    options = {"key": samples_key(settings), "chunk": size, "slots": z}
    alone, shown = simulate_and_show(prepare(settings), z, size, 2, **options)
    (found,) = networks.measurements[z]
    check_equal(found, alone, 2e-5)
    np.testing.assert_array_equal(found.worst.shape, alone.worst.shape)
    np.testing.assert_allclose(found.worst, alone.worst, 2e-5, 1e-6)
    for ours, theirs in zip(networks.trajectories[z], shown, strict=True):
        np.testing.assert_allclose(ours, theirs, 2e-5, 2e-6)
    # Of one sample less all errors differ by more.
    less, _ = simulate_and_show(prepare(settings), z, size - 1, 2, **options)
    with pytest.raises(AssertionError):
        check_equal(found, less, 2e-5)


def test_what_there_is_room_for():
    assert [slots_for(z, 100) for z in (1, 4, 5, 8, 9, 50)] == [4, 4, 8, 8, 9, 50]
    assert slots_for(1, 3) == 3
    # One sample is one, whatever it was padded to.
    networks = run_networks(Experiment(replace(BASE, batch_size=1), n_networks=1))
    assert networks.trajectories[2].truth.shape[-1] == 1
    # Other draws of sets have other loads; given chunks are kept.
    for changed in (replace(BASE, allocation="random"), replace(BASE, allocation="auto")):
        assert room_for(Experiment(changed), parts_of(changed)).shape is None
    assert room_for(Experiment(BASE, chunk=7), parts_of(BASE)).chunk == 7
    assert room_for(Experiment(BASE, chunk=70), parts_of(BASE)).chunk == 30
