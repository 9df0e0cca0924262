"""What is timed: a network, its structured and its dense run, all circuits read out."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxsuper import allocate, build, dense_layers, forward, Rotation, sample_inputs
from jaxsuper.network import indicator_vectors
from jaxsuper.simulation import dense_forward


def make_network(
    width=2000, n_circuits=2000, redundancy=6, n_layers=4, seed=0, family="prime-steps"
):
    key = jax.random.key(seed)
    circuits = Rotation.random(n_circuits, key=jax.random.fold_in(key, 0))
    sets = allocate(width // 4, redundancy, n_circuits, family)
    return jax.block_until_ready(build(circuits, sets, n_layers, key=jax.random.fold_in(key, 1)))


def summarise(view):
    """Use every readout of every circuit, so that none is optimised away; no metrics."""
    return jnp.sum(view.estimates**2, axis=1)


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


@eqx.filter_jit
def all_dense_pass(network, dense, incidence, inputs):
    """As a first version would be written: the readout, too, is a product with a 0/1 matrix."""
    activations = network.first_layer(inputs.active_at(0), inputs.inputs)
    shape, seen = activations.shape, []
    for layer in range(network.n_layers):
        channels = network.channels(activations)
        means = jnp.einsum("tn,knb->ktb", incidence[layer], channels, precision="highest")
        seen.append(jnp.sum((means / network.redundancy) ** 2, axis=1))
        if layer + 1 < network.n_layers:
            flat = activations.reshape(network.network_width, -1)
            before = jnp.matmul(dense.weights[layer], flat, precision="highest")
            before = before + dense.biases[layer + 1][:, None]
            activations = jax.nn.relu(before.reshape(shape))
    return seen


def incidence_matrices(network):
    """(L, T, n) of 0 and 1: who uses which neuron."""
    return jnp.stack(
        [indicator_vectors(network.placement, layer) for layer in range(network.n_layers)]
    )


def chunked_inputs(network, n_active, batch, chunk):
    """Equal chunks of a batch, drawn beforehand."""
    return [draw(network, n_active, jnp.asarray(i), chunk) for i in range(0, batch, chunk)]


__all__ = [
    "all_dense_pass",
    "chunked_inputs",
    "dense_layers",
    "dense_pass",
    "incidence_matrices",
    "make_network",
    "structured_pass",
]
