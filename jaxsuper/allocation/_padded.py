"""Allocations padded to a common shape, so that one compiled program serves ragged sizes."""

import equinox as eqx
import numpy as np
from jaxtyping import Int

from .._errors import check
from ._allocation import AbstractAllocation, Allocation, Extent, whole


class Padded(AbstractAllocation):
    """An allocation with room to spare: at least one circuit and one neuron that do not count.

    Sets and slots that do not count point to the last neuron, which no circuit uses, so that
    reading them gives 0. `n_circuits`, `redundancy` and `block_width` are those of the arrays;
    `extent` says how much of them counts.

    Attributes:
        extent: T, n and S that count, as array leaves.
    """

    sets: Int[np.ndarray, "T S"]
    members: Int[np.ndarray, "n R"]
    loads: Int[np.ndarray, " n"]
    extent: Extent
    block_width: int = eqx.field(static=True)
    family: str = eqx.field(static=True)

    def __init__(self, allocation: Allocation, shape: tuple[int, int, int, int]):
        """Pad an allocation.

        Args:
            allocation: the one to pad.
            shape: (T, n, S, R) of the padded arrays, R the longest list of a neuron's circuits.

        Raises:
            ValueError: if the shape leaves no room.
        """
        n_sets, width, redundancy, longest = shape
        inner_sets, inner_redundancy = allocation.sets.shape
        load = allocation.members.shape[1]
        fits = n_sets > inner_sets and width > allocation.block_width
        fits = fits and redundancy >= inner_redundancy and longest >= load
        least = (inner_sets + 1, allocation.block_width + 1, inner_redundancy, load)
        check(fits, "shape", f"must be at least {least}", shape)
        self.sets = np.full((n_sets, redundancy), width - 1, dtype=np.int32)
        self.sets[:inner_sets, :inner_redundancy] = allocation.sets
        self.members = _widened(allocation, width, longest, n_sets)
        self.loads = np.zeros(width, dtype=np.int32)
        self.loads[: allocation.block_width] = allocation.loads
        self.block_width = width
        # A static field: one program is to serve all families.
        self.family = "padded"
        self.extent = Extent(
            np.asarray(inner_sets, np.int32),
            np.asarray(allocation.block_width, np.int32),
            np.asarray(inner_redundancy, np.int32),
        )


class Widened(AbstractAllocation):
    """An allocation whose lists of circuits per neuron have room to spare, and nothing else."""

    sets: Int[np.ndarray, "T S"]
    members: Int[np.ndarray, "n R"]
    loads: Int[np.ndarray, " n"]
    block_width: int = eqx.field(static=True)
    family: str = eqx.field(static=True)

    def __init__(self, allocation: Allocation, longest: int):
        """Widen the lists.

        Args:
            allocation: the one to widen.
            longest: R, at least the largest load.

        Raises:
            ValueError: if the lists do not fit.
        """
        load = allocation.members.shape[1]
        check(longest >= load, "longest", f"must be at least {load}", longest)
        self.sets, self.loads = allocation.sets, allocation.loads
        self.members = _widened(allocation, allocation.block_width, longest, allocation.n_circuits)
        self.block_width = allocation.block_width
        self.family = "padded"

    @property
    def extent(self) -> Extent:
        """All of it: what is added to the lists is padding that every list may have."""
        return whole(self)


def _widened(
    allocation: Allocation, width: int, longest: int, n_sets: int
) -> Int[np.ndarray, "n R"]:
    """Return `members` in a larger table, whose empty places hold the number of no set."""
    members = np.full((width, longest), n_sets, dtype=np.int32)
    block_width, load = allocation.members.shape
    inside = allocation.members < allocation.n_circuits
    members[:block_width, :load] = np.where(inside, allocation.members, n_sets)
    return members
