"""The suite's forward passes and building as pytest-benchmark sees them."""

import jax
import pytest

from .cases import forward_runs, network_of
from .records import Setting


SETTING = Setting()


@pytest.fixture(scope="module")
def runs():
    return forward_runs(SETTING)


@pytest.mark.parametrize("name", ["structured", "dense", "dense, matrix readout", "NumPy dense"])
def test_forward(benchmark, runs, name):
    run = lambda: jax.block_until_ready(runs[name]())
    run()
    benchmark(run)


def test_build(benchmark):
    network_of(SETTING)
    benchmark(lambda: network_of(SETTING))
