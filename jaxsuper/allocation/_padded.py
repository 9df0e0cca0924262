"""Allocations padded to a common shape, so that one compiled program serves ragged sizes."""

from typing import TypeAlias

import equinox as eqx
import numpy as np
from jaxtyping import Array, Int

from .._errors import check
from ._allocation import Allocation


Count: TypeAlias = int | Int[Array | np.ndarray, ""]


class Extent(eqx.Module):
    """How much of padded arrays counts; plain integers where nothing is padded.

    Attributes:
        n_circuits: T.
        block_width: n.
        redundancy: S.
    """

    n_circuits: Count
    block_width: Count
    redundancy: Count


class Padded(Allocation):
    """An allocation with room to spare: at least one circuit and one neuron that do not count.

    Sets and slots that do not count point to the last neuron, which no circuit uses, so that
    reading them gives 0. `n_circuits`, `redundancy` and `block_width` are those of the arrays;
    `extent` says how much of them counts.

    Attributes:
        extent: T, n and S that count, as array leaves.
    """

    extent: Extent

    def __init__(self, allocation: Allocation, shape: tuple[int, int, int, int]):
        """Pad an allocation.

        Args:
            allocation: the design.
            shape: (T, n, S, R) of the padded arrays, R the longest list of a neuron's circuits.

        Raises:
            ValueError: if the shape leaves no room.
        """
        n_sets, width, redundancy, longest = shape
        given = allocation.sets.shape
        load = allocation.members.shape[1]
        fits = n_sets > given[0] and width > allocation.block_width
        fits = fits and redundancy >= given[1] and longest >= load
        least = (given[0] + 1, allocation.block_width + 1, given[1], load)
        check(fits, "shape", f"must be at least {least}", shape)
        self.sets = np.full((n_sets, redundancy), width - 1, dtype=np.int32)
        self.sets[: given[0], : given[1]] = allocation.sets
        self.members = np.full((width, longest), n_sets, dtype=np.int32)
        kept = np.where(allocation.members < given[0], allocation.members, n_sets)
        self.members[: allocation.block_width, :load] = kept
        self.loads = np.zeros(width, dtype=np.int32)
        self.loads[: allocation.block_width] = allocation.loads
        self.block_width = width
        # A static field: one program is to serve all families.
        self.family = "padded"
        self.extent = Extent(
            np.asarray(given[0], np.int32),
            np.asarray(allocation.block_width, np.int32),
            np.asarray(given[1], np.int32),
        )


class Widened(Allocation):
    """An allocation whose lists of circuits per neuron have room to spare, and nothing else."""

    def __init__(self, allocation: Allocation, longest: int):
        """Widen the lists.

        Args:
            allocation: the design.
            longest: R, at least the largest load.

        Raises:
            ValueError: if the lists do not fit.
        """
        load = allocation.members.shape[1]
        check(longest >= load, "longest", f"must be at least {load}", longest)
        self.sets, self.loads = allocation.sets, allocation.loads
        self.members = np.full(
            (allocation.block_width, longest), allocation.n_circuits, dtype=np.int32
        )
        self.members[:, :load] = allocation.members
        self.block_width = allocation.block_width
        self.family = "padded"


def extent_of(allocation: Allocation) -> Extent:
    """Return how much of an allocation's arrays counts."""
    if isinstance(allocation, Padded):
        return allocation.extent
    return Extent(allocation.n_circuits, allocation.block_width, allocation.redundancy)
