"""An exported network is the network: run by NumPy alone it does the same, and its parts are W."""

import numpy as np
import pytest
from jaxsuper import network, testbed

from .runs import exported, run


def reproduced(one):
    """Return the largest differences of activations and estimates from those of the library."""
    model, samples, config = one.model, one.samples, one.config
    mask = None
    if config.activation == "masked":

        def mask(A, k):
            keep = np.zeros_like(A)
            # One set for all layers: neurons that an active circuit uses.
            for slot in range(samples["active"].shape[2]):
                ids = samples["active"][:, k, slot]
                np.put_along_axis(keep, one.neurons(k)[ids], 1.0, axis=1)
            return A * keep

    layers = run(model, samples, config.n_relu, mask)
    worst, off = 0.0, 0.0
    for number, k in enumerate(config.reported):
        worst = max(worst, np.abs(layers[k] - one.activations(k)).max())
        active = np.minimum(samples["active"][:, number], config.n_circuits - 1)
        for slot in range(active.shape[1]):
            read = np.take_along_axis(
                layers[k], model[f"readout.{k}.neurons"][active[:, slot]].astype(int), axis=1
            )
            found = read @ model["readout.weight"].T + layers[k] @ model["readout.shared"].T
            found = found + model["readout.constant"]
            real = samples["active"][:, number, slot] < config.n_circuits
            off = max(off, np.abs(found - samples["estimates"][:, number, slot])[real].max())
    return worst, off


ALL = [
    name if name == "clipped" else pytest.param(name, marks=pytest.mark.slow)
    for name in network.constructions()
]


@pytest.fixture
def pair(construction, request):
    """A network and its export; the one that is there already, if it is that."""
    if construction == "clipped":
        return request.getfixturevalue("made_and_read")
    return exported(construction, request.getfixturevalue("tmp_path") / "net")


@pytest.mark.parametrize("construction", ALL)
def test_numpy_runs_what_was_exported(pair):
    _, one = pair
    worst, off = reproduced(one)
    assert worst < 1e-5 and off < 1e-5
    assert max(np.abs(one.activations(k)).max() for k in one.config.reported) > 0.5


@pytest.mark.parametrize("construction", ALL)
def test_parts_are_read_back(pair):
    """The parts of the files are those of the network; with what is left over they are W."""
    made, one = pair
    own = testbed.components(made)
    for k in range(1, one.config.n_relu):
        parts = one.parts(k)
        np.testing.assert_array_equal(parts.total(), own.parts[k - 1].total())
        u, v, edge = one.pairs(k)
        np.testing.assert_allclose(np.einsum("pi,pj->ij", u, v), parts.total(), atol=1e-6)
        if len(parts):
            some = edge == edge[-1]
            one_part = np.einsum("pi,pj->ij", u[some], v[some])
            np.testing.assert_allclose(one_part, parts.matrix(int(edge[-1])), atol=1e-6)
        total = parts.total() + sum(own.rests(k).values())
        np.testing.assert_allclose(total, one.weight(k), atol=1e-6)
