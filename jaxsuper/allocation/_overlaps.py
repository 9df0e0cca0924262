"""How many neurons the sets of a table share, counted exactly without looking at all pairs of sets.

With the T x n incidence matrix A, two sets share (A A')_tu neurons, and two neurons share (A' A)_ij
sets. Both products are sparse and have the same Frobenius norm, so the sum of the squared overlaps
can be had from whichever takes fewer steps; and two sets share two neurons or more only if some pair
of neurons lies in both.
"""

from collections.abc import Iterator
from typing import Any, TYPE_CHECKING, TypeAlias

import numpy as np

from .._types import Sets


if TYPE_CHECKING:
    from scipy.sparse import csr_array
else:
    csr_array: TypeAlias = Any  # imported when it is used: a resumed sweep asks for no overlap

# Multiplications of one slice of a product, which bounds the memory that it takes (12 bytes each).
_AT_ONCE = 4_000_000


def _incidence(sets: Sets, block_width: int) -> tuple[csr_array, csr_array]:
    """Return A and A' as sparse matrices of int32."""
    from scipy.sparse import csr_array

    n_sets, redundancy = sets.shape
    starts = np.arange(0, sets.size + 1, redundancy)
    ones = np.ones(sets.size, np.int32)
    table = csr_array((ones, sets.ravel(), starts), shape=(n_sets, block_width))
    return table, table.T.tocsr()


def _product(left: csr_array, right: csr_array) -> Iterator[tuple[int, csr_array]]:
    """Yield the first row and the entries of slices of the product of two sparse matrices."""
    steps = np.cumsum(left @ np.diff(right.indptr))
    start = 0
    while start < len(steps):
        before = steps[start - 1] if start else 0
        stop = max(int(np.searchsorted(steps, before + _AT_ONCE, side="right")), start + 1)
        yield start, left[start:stop] @ right
        start = stop


def sum_of_squared_overlaps(sets: Sets, block_width: int) -> int:
    """Return the sum of |M_t ∩ M_u|^2 over ordered pairs t ≠ u.

    Args:
        sets: integers (T, S), each row of different neurons below n.
        block_width: n, the neurons of a block.

    Returns:
        The sum, exactly; the work is the smaller of T·S^2 and the sum of the squared loads.
    """
    by_set, by_neuron = _incidence(sets, block_width)
    loads = np.diff(by_neuron.indptr).astype(np.int64)
    few_neurons = sets.size * sets.shape[1] <= (loads**2).sum()
    factors = (by_neuron, by_set) if few_neurons else (by_set, by_neuron)
    total = sum(int((part.data.astype(np.int64) ** 2).sum()) for _, part in _product(*factors))
    return total - sets.size * sets.shape[1]


def largest_overlap(sets: Sets, block_width: int) -> int:
    """Return the largest |M_t ∩ M_u| over pairs t ≠ u; 0 if there is one set.

    Args:
        sets: integers (T, S), each row of different neurons below n.
        block_width: n, the neurons of a block.

    Returns:
        The number of neurons.
    """
    by_set, by_neuron = _incidence(sets, block_width)
    if np.diff(by_neuron.indptr).max() <= 1:
        return 0
    if _largest_off_diagonal(by_neuron, by_set) <= 1:
        return 1
    return _largest_off_diagonal(by_set, by_neuron)


def _largest_off_diagonal(left: csr_array, right: csr_array) -> int:
    """Return the largest entry of a square product that is not on its diagonal, at least 0."""
    largest = 0
    for start, part in _product(left, right):
        lengths = np.diff(part.indptr)
        rows = np.repeat(np.arange(len(lengths)), lengths) + start
        largest = max(largest, int(part.data[part.indices != rows].max(initial=0)))
    return largest
