"""Sets of one neuron, used evenly: the first blocks of the block construction's circuits."""

import numpy as np

from .._errors import check
from .._limits import check_index
from ._allocation import Allocation, check_listing


def blocks(n_blocks: int, n_circuits: int) -> Allocation:
    """Return T sets of one of n blocks, up to n^2 of them.

    Args:
        n_blocks: n.
        n_circuits: T, the number of sets.

    Returns:
        The allocation, with loads as even as can be.

    Raises:
        ValueError: unless 1 <= T <= n^2.
    """
    check_index("n_blocks", n_blocks)
    check_index("n_circuits", n_circuits)
    limit = n_blocks**2
    rule = f"must be at most {limit}, the square of the {n_blocks} blocks"
    check(n_circuits <= limit, "n_circuits", rule, n_circuits, "widen the network")
    check_listing(n_blocks, 1, n_circuits)
    sets = np.arange(n_circuits, dtype=np.int32)[:, None] % n_blocks
    return Allocation(sets, n_blocks, "blocks")
