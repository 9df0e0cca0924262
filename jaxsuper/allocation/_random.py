"""Random sets: S neurons without replacement, the baseline that breaks the overlap rule."""

import jax
import numpy as np

from .._types import KeyScalar
from ._allocation import Allocation, check_listing, check_redundancy


def random_sets(
    block_width: int, redundancy: int, n_circuits: int, *, key: KeyScalar
) -> Allocation:
    """Return T independent uniform S-subsets of the n neurons.

    Two sets share S^2/n neurons on average and may share several.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: T, any number of sets.
        key: a typed key; the draw is the same on every device.

    Returns:
        The allocation.

    Raises:
        ValueError: if T < 1, S < 1 or S > n.
    """
    check_redundancy(block_width, redundancy)
    check_listing(block_width, redundancy, n_circuits)
    bits = np.asarray(jax.random.bits(key, (n_circuits, redundancy), "uint32"), dtype=np.uint64)
    sets = np.full((n_circuits, redundancy), -1, dtype=np.int32)
    # Floyd's draw: step j picks from 0..last and takes `last` itself if the pick is already in.
    for step in range(redundancy):
        last = block_width - redundancy + step
        pick = ((bits[:, step] * np.uint64(last + 1)) >> np.uint64(32)).astype(np.int32)
        taken = (sets[:, :step] == pick[:, None]).any(axis=1)
        sets[:, step] = np.where(taken, last, pick)
    return Allocation(sets, block_width, "random")
