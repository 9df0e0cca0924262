"""What is timed: a network, its structured and its dense run, all circuits read out."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxsuper import allocate, build, dense_parameters, forward, Rotation, sample_inputs
from jaxsuper.simulation import dense_forward


def make_network(
    width=2000, n_circuits=2000, redundancy=6, n_layers=4, seed=0, family="prime-steps"
):
    key = jax.random.key(seed)
    circuits = Rotation.random(n_circuits, key=jax.random.fold_in(key, 0))
    design = allocate(width // 4, redundancy, n_circuits, family)
    return jax.block_until_ready(build(circuits, design, n_layers, key=jax.random.fold_in(key, 1)))


def summarise(view, truth):
    """Use every readout of every circuit, so that none is optimised away; no metrics."""
    return jnp.sum(view.estimates**2, axis=(0, 1)) + 0 * truth.sum(axis=(0, 1))


@eqx.filter_jit
def draw(network, n_active, first, count):
    ids = first + jnp.arange(count)
    key = jax.random.key(1)
    return sample_inputs(network.circuits, n_active, network.n_layers, ids, key=key)


@eqx.filter_jit
def structured_pass(network, inputs):
    return forward(network, inputs, summarise)


@eqx.filter_jit
def dense_pass(network, dense, inputs):
    return dense_forward(network, dense, inputs, summarise)


def chunked_inputs(network, n_active, batch, chunk):
    """Equal chunks of a batch, drawn beforehand."""
    return [draw(network, n_active, jnp.asarray(i), chunk) for i in range(0, batch, chunk)]


__all__ = ["chunked_inputs", "dense_parameters", "dense_pass", "make_network", "structured_pass"]
