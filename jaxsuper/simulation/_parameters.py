"""The continuous parameters of a network: of a configuration, and put into a built network."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from .._settings import Configuration, PARAMETERS
from ..network import AbstractNetwork


def parameters_of(configuration: Configuration) -> dict[str, float]:
    """Return the continuous parameters of a configuration, by name."""
    return {name: getattr(configuration, name) for name in PARAMETERS}


def _owner(network: AbstractNetwork, name: str) -> Any:
    return network if hasattr(network, name) else network.circuits


def with_parameters(network: AbstractNetwork, parameters: Mapping[str, Any]) -> AbstractNetwork:
    """Return the network with other continuous parameters, without building it anew.

    Args:
        network: the network.
        parameters: values by name, of `PARAMETERS`; those that network and circuits do not have
            are left out.

    Returns:
        The network; what it is compiled to is the same.
    """
    for name, value in parameters.items():
        if hasattr(_owner(network, name), name):
            leaf = lambda tree, name=name: getattr(_owner(tree, name), name)
            network = eqx.tree_at(leaf, network, jnp.asarray(value, jnp.float32))
    return network
