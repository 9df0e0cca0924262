"""The critical number of edges: density evolution where some of the circuits hand on, and others do not."""

from collections.abc import Callable

import numpy as np

from ..._errors import check
from ._critical import Critical, critical_circuits
from ._loads import LoadClasses


# Classes of loads that are rarer than this are left out.
_RARE = 1e-9


def edge_loads(
    n_circuits: float | int, redundancy: int, block_width: float | int, share: float | int = 1.0
) -> LoadClasses:
    """Return loads counted in edges, where each circuit has one with some chance.

    All circuits are laid evenly, T S/n on a neuron or the two integers next to it; of those on a neuron
    as many have an edge as of independent throws.

    Args:
        n_circuits: T, of which `share` T have an edge into them, and as many one out.
        redundancy: S.
        block_width: n.
        share: of the circuits.

    Returns:
        The loads: `n_circuits` of them is the number of edges N.

    Raises:
        ValueError: for a share outside of 0..1, or less than one edge for every two neurons.
    """
    from scipy.stats import binom

    check(0 < share <= 1, "share", "must lie in 0..1", share)
    load = n_circuits * redundancy / block_width
    fewest = block_width / (2 * redundancy)
    rule = f"must leave at least {fewest:g} edges"
    check(n_circuits * share >= max(fewest, 2), "n_circuits", rule, n_circuits)
    lower, part = np.floor(load), load - np.floor(load)
    k = np.arange(1, int(lower) + 2)
    chances = (1 - part) * binom.pmf(k, lower, share) + part * binom.pmf(k, lower + 1, share)
    there = chances > _RARE
    neurons = block_width * chances[there]
    edges = float(n_circuits * share)
    # What was left out is put back, so that the ends of all edges lie on some neuron.
    neurons *= edges * redundancy / float(k[there] @ neurons)
    return LoadClasses(edges, redundancy, k[there].astype(float), neurons)


def critical_edges(
    block_width: float | int,
    redundancy: int,
    n_on: int,
    n_layers: int,
    lower_threshold: float | int,
    upper_threshold: float | int,
    share: float | int = 1.0,
) -> Critical:
    """Return the number of edges at which erroneous activity runs away, or active circuits die.

    The laws of links know edges alone: C has a term for each, and an indicator is handed on along each.
    Circuits that have none add to the sets that meet, and to nothing else. All edges open, one into a
    circuit and one out. Source: ours; notes#edges.

    Args:
        block_width: n.
        redundancy: S.
        n_on: z, circuits that are on in a layer.
        n_layers: L.
        lower_threshold: lo.
        upper_threshold: hi.
        share: of the circuits, that have an edge.

    Returns:
        N in the place of the number of circuits.
    """
    loads_of: Callable[[float | int], LoadClasses] | None = None
    if share < 1:
        loads_of = lambda edges: edge_loads(edges / share, redundancy, block_width, share)
    return critical_circuits(
        block_width,
        redundancy,
        n_on,
        n_layers,
        lower_threshold,
        upper_threshold,
        loads_of=loads_of,
    )
