"""What is known about an allocation without running a network: bounds, loads and overlaps."""

from typing import Any

from ._allocation import Allocation, check_redundancy
from ._overlaps import largest_overlap


def johnson_bound(block_width: int, redundancy: int) -> int:
    """Return the largest number of S-subsets of n neurons that pairwise share at most one.

    floor(n/S · floor((n-1)/(S-1))): each neuron lies in at most (n-1)/(S-1) sets, because the sets
    through it are disjoint elsewhere. For S = 1 sets that share their one neuron are equal: n.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.

    Returns:
        The bound, attained by Steiner systems. Source: S. M. Johnson (1962).

    Raises:
        ValueError: if S < 1 or S > n.
    """
    check_redundancy(block_width, redundancy)
    if redundancy == 1:
        return block_width
    return block_width * ((block_width - 1) // (redundancy - 1)) // redundancy


def max_overlap(allocation: Allocation) -> int:
    """Return the largest number of neurons that two sets share, checked over all pairs.

    Args:
        allocation: any table of sets.

    Returns:
        0 or 1 for an admissible allocation with S > 1, more for random sets.
    """
    return largest_overlap(allocation.sets, allocation.block_width)


def diagnostics(allocation: Allocation) -> dict[str, Any]:
    """Return loads, overlaps and overlap rates of an allocation.

    Args:
        allocation: any table of sets.

    Returns:
        `max_overlap`, `load_min`, `load_max`, `load_mean`, `load_std`, `overlap_rate` (e, exact)
        and `mean_overlap` (P), the latter two as fractions and neurons.
    """
    loads = allocation.loads
    return {
        "max_overlap": max_overlap(allocation),
        "load_min": int(loads.min()),
        "load_max": int(loads.max()),
        "load_mean": float(loads.mean()),
        "load_std": float(loads.std()),
        "mean_overlap": allocation.mean_overlap,
        "overlap_rate": allocation.overlap_rate,
    }
