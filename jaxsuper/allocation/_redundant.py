"""Several allocations side by side: a circuit has one set in each."""

import jax
import numpy as np

from .._errors import check
from .._types import KeyScalar
from ._allocation import Allocation


def redundant(allocations: list[Allocation], *, key: KeyScalar) -> Allocation:
    """Return one allocation on all neurons, whose set t joins a set of each, shuffled independently.

    With r allocations that keep the overlap rule two joint sets may share up to r neurons. The mean
    over a joint set is the average of r means over independently chosen sets.

    Args:
        allocations: at least one, of equally many sets.
        key: for the shuffles; allocation number i uses `fold_in(key, i)`.

    Returns:
        The joint allocation; its neurons are those of the first, then those of the second, and so on.

    Raises:
        ValueError: for an empty list or allocations of different T.
    """
    check(len(allocations) > 0, "allocations", "must not be empty", 0)
    counts = {allocation.n_circuits for allocation in allocations}
    check(len(counts) == 1, "allocations", "must hold equally many sets", sorted(counts))
    columns, start = [], 0
    for number, allocation in enumerate(allocations):
        order = jax.random.permutation(jax.random.fold_in(key, number), allocation.n_circuits)
        columns.append(allocation.sets[np.asarray(order)] + start)
        start += allocation.block_width
    names = "+".join(allocation.family for allocation in allocations)
    return Allocation(np.concatenate(columns, axis=1).astype(np.int32), start, names)
