"""pytest-benchmark timings: structured against dense, build, and growth with T and D."""

import jax
import pytest
from jaxsuper.simulation import default_chunk, simulate

from .cases import chunked_inputs, dense_layers, dense_pass, make_network, structured_pass


@pytest.fixture(scope="module")
def network():
    return make_network()


def test_structured(benchmark, network):
    inputs = chunked_inputs(network, 3, 500, default_chunk(network, 500))
    run = lambda: [jax.block_until_ready(structured_pass(network, part)) for part in inputs]
    run()
    benchmark(run)


def test_dense(benchmark, network):
    dense = dense_layers(network)
    (inputs,) = chunked_inputs(network, 3, 500, 500)
    run = lambda: jax.block_until_ready(dense_pass(network, dense, inputs))
    run()
    benchmark(run)


def test_simulate(benchmark, network):
    run = lambda: simulate(network, 3, 500, key=jax.random.key(2))
    run()
    benchmark(run)


def test_build(benchmark):
    make_network()
    benchmark(make_network)


@pytest.mark.parametrize("size", [1000, 2000, 4000])
def test_growth(benchmark, size):
    network = make_network(size, size // 2)
    run = lambda: simulate(network, 3, 256, key=jax.random.key(2))
    run()
    benchmark(run)
