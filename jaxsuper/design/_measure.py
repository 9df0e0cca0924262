"""Measuring a design: independent networks of one seed, all samples of one size of chunk.

Three seeds are derived from the user's, so that nothing is measured on what it was chosen by.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._errors import check
from ..network import AbstractNetwork
from ..simulation import (
    Configuration,
    Measurement,
    merge_networks,
    prepare,
    samples_key,
    simulate,
)
from ._candidates import structure_of
from ._designs import Design


# Purposes of the seeds: choosing, ranking, confirming the first of the ranking.
SEARCH, HELD_OUT, CONFIRMATION = range(3)
_PURPOSES = 3
ERROR = "mse_x_active"
_SILENT = "mse_on_inactive"


@dataclass(frozen=True)
class Measured:
    """What was measured of a design.

    Attributes:
        error: E|x_est - x|^2 of active circuits at layer L.
        stderr: its standard error, with several networks that between networks.
        growth: of the inactive indicators' mean square from layer 1 to L; None if it is 0 at first.
        errors: `error` of each network.
        by_layer: the error at layers 1..L.
    """

    error: float
    stderr: float
    growth: float | None
    errors: tuple[float, ...]
    by_layer: tuple[float, ...]


def seed_for(seed: int, purpose: int) -> int:
    """Return a seed for one purpose; different users' seeds and purposes never share one.

    Args:
        seed: the user's, 0..2^30-1.
        purpose: `SEARCH`, `HELD_OUT` or `CONFIRMATION`.

    Returns:
        3 seed + purpose.

    Raises:
        ValueError: for a seed outside its range.
    """
    check(0 <= seed < 2**30, "seed", "must lie in 0..2^30-1", seed)
    return _PURPOSES * seed + purpose


def with_seed(design: Design, seed: int) -> Design:
    """Return the design with another seed of networks and samples."""
    return replace(design, configuration=replace(design.configuration, seed=seed))


def with_parameters(network: AbstractNetwork, parameters: dict[str, Any]) -> AbstractNetwork:
    """Return the network with other continuous parameters, without building it anew.

    Args:
        network: the network.
        parameters: any of lower_threshold, upper_threshold, gate_bias and inhibition_factor; those
            that the network does not have are left out.

    Returns:
        The network; what it is compiled to is the same.
    """

    def leaf(tree: Any, name: str) -> Any:
        return getattr(tree if name == "inhibition_factor" else tree.circuits, name, None)

    for name, value in parameters.items():
        if leaf(network, name) is not None:
            new = jnp.asarray(value, jnp.float32)
            network = eqx.tree_at(lambda tree, name=name: leaf(tree, name), network, new)
    return network


def parameters_of(configuration: Configuration) -> dict[str, float]:
    """Return the continuous parameters of a configuration."""
    names = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
    return {name: getattr(configuration, name) for name in names}


@lru_cache(maxsize=16)
def _built(structure: Configuration, index: int) -> AbstractNetwork:
    return prepare(structure, index)[2]


def network_of(design: Design, index: int) -> AbstractNetwork:
    """Return network number `index` of a design's seed; recent ones are kept by structure."""
    structure = structure_of(design).configuration
    return with_parameters(_built(structure, index), parameters_of(design.configuration))


def measure(
    design: Design, networks: range, samples: int, chunk: int, keep: bool = True
) -> Measured:
    """Measure a design on some of the networks of its seed.

    Args:
        design: the design.
        networks: numbers of the networks.
        samples: of each.
        chunk: samples run at once; with one chunk for all, one program serves all.
        keep: whether to keep the networks for a design of the same structure; either way the
            result is the same.

    Returns:
        The measurement.
    """
    given, found = design.configuration, []
    for index in networks:
        network = network_of(design, index) if keep else prepare(given, index)[2]
        key = samples_key(given.seed, index)
        found.append(simulate(network, given.n_active, samples, key=key, chunk=chunk))
    return summarised(found)


def summarised(found: list[Measurement]) -> Measured:
    """Reduce measurements of several networks to what designs are judged by."""
    merged = merge_networks(found)
    silent = merged[_SILENT]
    growth = float(silent[-1] / silent[0]) if silent[0] > 0 else None
    return Measured(
        float(merged[ERROR][-1]),
        float(merged.stderr_of(ERROR)[-1]),
        growth,
        tuple(float(one[ERROR][-1]) for one in found),
        tuple(np.asarray(merged[ERROR]).tolist()),
    )
