"""What is timed: a network, its structured and its dense run, all circuits read out."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxsuper import dense_layers, DenseNetwork, forward, sample_inputs
from jaxsuper.network import indicator_vectors
from jaxsuper.simulation import default_chunk, dense_forward, prepare, samples_key
from jaxsuper.simulation._chunks import layers_once

from benchmarks.records import Setting
from benchmarks.timing import Compiled


SEED = 0


def network_of(setting: Setting):
    """Build the network of a setting, as the library does."""
    return prepare(setting.configuration(SEED))


def summarise(view):
    """Use every readout of every circuit, so that none is optimised away; no metrics."""
    return jnp.sum(view.estimates**2, axis=1)


def structured_pass(network, inputs, layers=None):
    return forward(network, inputs, summarise, layers)


def dense_pass(network, dense, inputs):
    return dense_forward(network, dense, inputs, summarise)


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
    return jnp.stack(seen)


class NumpyPass:
    """The dense forward pass and readout in NumPy, from the same first layer."""

    def __init__(self, network, dense: DenseNetwork, inputs) -> None:
        """Copy what it needs."""
        first = eqx.filter_jit(lambda n, i: n.first_layer(i.active_at(0), i.inputs))
        self.first = np.asarray(first(network, inputs))
        self.weights, self.biases = np.asarray(dense.weights), np.asarray(dense.biases)
        self.sets = np.asarray(network.placement.sets)
        self.channels = np.asarray(network.circuits.layout.matrix)

    def __call__(self) -> np.ndarray:
        """Run it; return (L, k, B) as the others do."""
        activations, seen = self.first, []
        for layer, sets in enumerate(self.sets):
            channels = np.einsum("kd,dnb->knb", self.channels, activations)
            means = np.add.reduce([channels[:, column] for column in sets.T]) / sets.shape[1]
            seen.append(np.sum(means**2, axis=1))
            if layer + 1 < len(self.sets):
                flat = activations.reshape(-1, activations.shape[-1])
                before = self.weights[layer] @ flat + self.biases[layer + 1][:, None]
                activations = np.maximum(before, 0).reshape(activations.shape)
        return np.stack(seen)


def incidence_matrices(network):
    """(L, T, n) of 0 and 1: who uses which neuron."""
    return jnp.stack(
        [indicator_vectors(network.placement, layer) for layer in range(network.n_layers)]
    )


def any_dense(setting: Setting) -> DenseNetwork:
    """Return matrices of the right shape that no network has: their product takes as long."""
    shape = (setting.L - 1, setting.D, setting.D)
    weights = jax.random.normal(jax.random.key(SEED), shape) / setting.D**0.5
    return DenseNetwork(weights, jnp.zeros((setting.L, setting.D)))


@eqx.filter_jit
def _draw(network, n_active, first, count, key):
    ids = first + jnp.arange(count)
    return sample_inputs(network.circuits, n_active, network.n_layers, ids, key=key)


def inputs_of(network, setting: Setting, chunk: int | None = None):
    """Draw a batch beforehand, in equal chunks; by default in one."""
    key, size = samples_key(setting.configuration(SEED)), chunk or setting.batch
    starts = range(0, setting.batch, size)
    return [_draw(network, setting.z, jnp.asarray(start), size, key) for start in starts]


def chunk_of(network, setting: Setting) -> int:
    """Return how many samples the library runs at once, of those there are."""
    return min(default_chunk(network, setting.batch), setting.batch)


class StructuredRun:
    """The structured pass over a batch, in the chunks of `simulate` and one after the other.

    Attributes:
        program: that runs a chunk.
    """

    def __init__(self, network, setting: Setting) -> None:
        """Draw the inputs and compile."""
        self._network = network
        self._parts = inputs_of(network, setting, chunk_of(network, setting))
        self.program = Compiled(structured_pass, network, self._parts[0], self._layers())

    def _layers(self):
        return layers_once(self._network, len(self._parts))

    def __call__(self) -> list[Any]:
        """Return the results of all chunks."""
        layers = self._layers()
        run = lambda part: self.program(self._network, part, layers)
        return [jax.block_until_ready(run(part)) for part in self._parts]

    def whole(self, batch: int) -> np.ndarray:
        """Return the results of the samples that count as one array, batch last."""
        return np.concatenate([np.asarray(part) for part in self()], axis=-1)[..., :batch]


def forward_runs(setting: Setting) -> dict[str, Any]:
    """Return every way to run the forward pass of one network on one batch, ready to be called."""
    network = network_of(setting)
    dense = jax.block_until_ready(dense_layers(network))
    incidence = jax.block_until_ready(incidence_matrices(network))
    (whole,) = inputs_of(network, setting)
    product, readout = eqx.filter_jit(dense_pass), eqx.filter_jit(all_dense_pass)
    return {
        "structured": StructuredRun(network, setting),
        "dense": lambda: product(network, dense, whole),
        "dense, matrix readout": lambda: readout(network, dense, incidence, whole),
        "NumPy dense": NumpyPass(network, dense, whole),
    }
