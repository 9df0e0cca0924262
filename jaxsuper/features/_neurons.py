"""Features in single neurons: one each, or several in one neuron. No superposition of directions."""

import jax
import jax.numpy as jnp

from .._types import KeyScalar
from ._embedding import check_sizes, Embedding


def one_per_neuron(n_features: int, width: int) -> Embedding:
    """Return the embedding that gives the first D features a neuron each and drops the rest.

    Args:
        n_features: T, the number of features.
        width: D; neurons beyond T stay unused.

    Returns:
        The embedding, with zero vectors for the features that are dropped.

    Raises:
        ValueError: if T < 1 or D < 1.
    """
    check_sizes(n_features, width)
    return Embedding(jnp.eye(n_features, width))


def shared_neurons(n_features: int, width: int, *, key: KeyScalar | None = None) -> Embedding:
    """Return the embedding that has every feature in one neuron, the neurons as even as possible.

    Feature t goes to neuron t mod D, so T mod D neurons hold ceil(T/D) features and the others
    floor(T/D).

    Args:
        n_features: T, the number of features.
        width: D, the number of neurons.
        key: for a shuffle of the features; no shuffle if left out.

    Returns:
        The embedding.

    Raises:
        ValueError: if T < 1 or D < 1.
    """
    check_sizes(n_features, width)
    neurons = jnp.arange(n_features) % width
    if key is not None:
        neurons = jax.random.permutation(key, neurons)
    return Embedding(jax.nn.one_hot(neurons, width, dtype=jnp.float32))
