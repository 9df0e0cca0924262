"""How much of a hand-built network is left in a trained one: numbers, each with its null value.

| number     | what it is                                                    | built | unrelated  |
|------------|---------------------------------------------------------------|-------|------------|
| `distance` | |W - W0| / |W0|, over all layers                              | 0     | 2^(1/2)    |
| `support`  | share of |W|^2 on pairs of neurons that some circuit connects | own   | share of the pairs |
| `circuits` | mean over circuits and layers of the cosine between           | own   | 0          |
|            | u_t W e_t and w_t, both less their mean over circuits         |       |            |

u_t W e_t is the d x d matrix by which the neurons of a circuit drive those of its next layer, block
by block: (1/c_i) sum over m in M_t^l of block i and m' in M_t^{l-1} of block j of W, c_i the neurons
of M_t^l in block i. The mean over circuits is taken out since it would be kept by a network that
has forgotten which circuit is which. `support_score` and `circuits_score` place a network on the
scale from the null value, 0, to that of the built network, 1.
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._limits import check_index
from ..circuits import small_weights
from ..network import (
    AbstractNetwork,
    dense_network,
    DenseNetwork,
    indicator_vectors,
    neurons_that_exist,
)


# Pairings of circuits with others, over which the null of `circuits` is taken.
_SHIFTS = 20
# Differences between built and unrelated networks below which a score says nothing.
_LEAST = 0.02


@dataclass(frozen=True)
class Structure:
    """What is left of the built network; see the module's table.

    Attributes:
        distance: |W - W0| / |W0|.
        support: share of the weights' energy on connected pairs.
        support_null: the share of such pairs.
        support_built: that of the built network.
        circuits: mean cosine with the small weights.
        circuits_null: the same with circuits paired with wrong ones.
        circuits_null_spread: its standard deviation over pairings.
        circuits_built: that of the built network.
    """

    distance: float
    support: float
    support_null: float
    support_built: float
    circuits: float
    circuits_null: float
    circuits_null_spread: float
    circuits_built: float

    @property
    def support_score(self) -> float:
        """0 for energy spread evenly over all pairs, 1 for that of the built network.

        Where most pairs are connected, the others inhibit so strongly that the built share lies
        below the null; where the two are about the same the share says nothing: NaN.
        """
        room = self.support_built - self.support_null
        return (self.support - self.support_null) / room if abs(room) > _LEAST else float("nan")

    @property
    def circuits_score(self) -> float:
        """0 for no relation to the circuits, 1 for that of the built network.

        NaN where circuits cannot be told apart, as those that have no weights of their own.
        """
        known = abs(self.circuits_built) > _LEAST
        return self.circuits / self.circuits_built if known else float("nan")


def _indicators(network, layer):
    """Return the indicator vectors of the layer before and of this one."""
    placement = network.placement
    return indicator_vectors(placement, layer - 1), indicator_vectors(placement, layer)


def supports(network: AbstractNetwork) -> Bool[Array, "gaps D D"]:
    """Return the pairs of neurons, of all blocks, that some circuit uses both of.

    Args:
        network: the construction, for the sets.

    Returns:
        (L-1, D, D), [to, from], over the neurons that exist, as in `network.dense_network`.
    """
    keep, width = neurons_that_exist(network), network.circuits.width

    def between(layer):
        before, after = _indicators(network, layer)
        shared = jnp.matmul(after.T, before, precision="highest") > 0
        return jnp.tile(shared, (width, width))[keep[:, None], keep[None, :]]

    return jax.lax.map(between, jnp.arange(1, network.n_layers))


def circuit_weights(
    network: AbstractNetwork, weights: Float[Array, "gaps D D"]
) -> Float[Array, "gaps T d d"]:
    """Return u_t W e_t, by which each circuit's neurons drive those of its next layer.

    Args:
        network: the construction, for the sets.
        weights: W^2..W^L over the neurons that exist, as in `network.dense_network`.

    Returns:
        (L-1, T, d, d), [layer, circuit, to, from]; w_t and interference for the built network.
    """
    keep, width, n = neurons_that_exist(network), network.circuits.width, network.block_width
    exists = jnp.asarray(network.exists(), jnp.float32)

    def between(layer):
        before, after = _indicators(network, layer)
        full = jnp.zeros((width * n, width * n))
        full = full.at[keep[:, None], keep[None, :]].set(weights[layer - 1])
        seen = jnp.einsum(
            "imjn,tn->imjt", full.reshape(width, n, width, n), before, precision="highest"
        )
        driven = jnp.einsum("tm,imjt->tij", after, seen, precision="highest")
        count = jnp.einsum("tm,im->ti", after, exists, precision="highest")
        return driven / jnp.maximum(count, 1.0)[:, :, None]

    return jax.lax.map(between, jnp.arange(1, network.n_layers))


def _cosines(
    driven: Float[Array, "gaps T w"], small: Float[Array, "gaps T w"]
) -> Float[Array, "gaps T"]:
    """Return the cosine of each circuit's deviation from the mean over circuits."""
    driven = driven - driven.mean(axis=1, keepdims=True)
    small = small - small.mean(axis=1, keepdims=True)
    scale = jnp.linalg.norm(driven, axis=2) * jnp.linalg.norm(small, axis=2)
    return (driven * small).sum(axis=2) / jnp.maximum(scale, 1e-30)


def circuit_cosines(
    network: AbstractNetwork, weights: Float[Array, "gaps D D"]
) -> tuple[Float[Array, "gaps T"], Float[Array, " shifts"]]:
    """Return how well each circuit can be read off the weights, and the same for wrong pairs.

    Args:
        network: the construction, for the sets and the small circuits.
        weights: W^2..W^L.

    Returns:
        (the cosine between u_t W e_t and w_t, less their means over circuits; the mean cosine with
        circuits paired with the s-th next one, s = 1, 2, ...).
    """
    layers, count = weights.shape[0], network.n_circuits
    driven = circuit_weights(network, weights).reshape(layers, count, -1)
    numbers = jnp.arange(1, layers + 1)
    small = jax.lax.map(lambda layer: small_weights(network.circuits, layer), numbers)
    small = small.reshape(layers, count, -1)
    shifts = jnp.arange(1, min(_SHIFTS, count - 1) + 1)
    wrong = jax.lax.map(lambda s: _cosines(driven, jnp.roll(small, s, axis=1)).mean(), shifts)
    return _cosines(driven, small), wrong


def _share(weights: Float[Array, "gaps D D"], connected: Bool[Array, "gaps D D"]) -> Array:
    energy = weights**2
    return jnp.where(connected, energy, 0.0).sum() / jnp.maximum(energy.sum(), 1e-30)


@eqx.filter_jit
def _numbers(network, weights, built):
    connected = supports(network)
    right, wrong = circuit_cosines(network, weights)
    distance = jnp.linalg.norm((weights - built).ravel()) / jnp.linalg.norm(built.ravel())
    return (
        distance,
        _share(weights, connected),
        connected.astype(jnp.float32).mean(),
        _share(built, connected),
        right.mean(),
        wrong.mean(),
        wrong.std(),
        circuit_cosines(network, built)[0].mean(),
    )


def structure_of(network: AbstractNetwork, trained: DenseNetwork) -> Structure:
    """Compare a trained network with the construction.

    Args:
        network: the construction, with at least two layers and three circuits.
        trained: a network of the same shape.

    Returns:
        The numbers of the module's table.

    Raises:
        ValueError: if the construction has no weights between layers, too few circuits, or layers
            that are not all ReLU layers.
    """
    check_index("n_layers", network.n_layers, 2)
    check_index("n_circuits", network.n_circuits, 3)
    built = dense_network(network).weights
    values = jax.device_get(_numbers(network, trained.weights, built))
    return Structure(*(float(np.asarray(value)) for value in values))
