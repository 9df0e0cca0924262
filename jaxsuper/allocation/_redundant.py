"""Several designs side by side: a circuit has one set in each."""

import jax
import numpy as np

from .._errors import check
from .._types import KeyScalar
from ._allocation import Allocation


def redundant(designs: list[Allocation], *, key: KeyScalar) -> Allocation:
    """Return one design on all neurons, in which set t joins a set of each, independently shuffled.

    With r designs two of the sets may share up to r neurons. The mean over a joint set is the
    average of r indicators with independent allocations.

    Args:
        designs: of equally many sets.
        key: for the shuffles; `key` folded with the design's number.

    Returns:
        The joint design.

    Raises:
        ValueError: for an empty list or designs of different T.
    """
    check(len(designs) > 0, "designs", "must not be empty", 0)
    counts = {design.n_circuits for design in designs}
    check(len(counts) == 1, "designs", "must hold equally many sets", sorted(counts))
    parts, start = [], 0
    for number, design in enumerate(designs):
        order = jax.random.permutation(jax.random.fold_in(key, number), design.n_circuits)
        parts.append(design.sets[np.asarray(order)] + start)
        start += design.block_width
    names = "+".join(design.family for design in designs)
    return Allocation(np.concatenate(parts, axis=1).astype(np.int32), start, names)
