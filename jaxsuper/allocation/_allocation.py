"""The allocation itself: a table of sets, with the loads and overlap rates that follow from it."""

from typing import TypeAlias

import equinox as eqx
import numpy as np
from jaxtyping import Array, Int

from .._arrays import integers_of
from .._errors import check
from .._limits import check_cost, check_index, Cost
from .._repr import html_fields
from .._types import Sets
from ._overlaps import sum_of_squared_overlaps


Count: TypeAlias = int | Int[Array | np.ndarray, ""]


class Extent(eqx.Module):
    """How much of an allocation's arrays counts; plain integers where all of them do.

    Attributes:
        n_circuits: T, the number of sets.
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
    """

    n_circuits: Count
    block_width: Count
    redundancy: Count


class AbstractAllocation(eqx.Module):
    """What a network is built from: T sets of S neurons each, out of the n neurons of a block.

    Every layer of a network uses the same T sets, shuffled over the circuits, so the loads of the
    neurons, and with them the overlap statistics, are those of this table.

    Attributes:
        sets: int32 (T, S), the neurons of each set.
        members: int32 (n, R), the sets that use each neuron, padded with T.
        loads: int32 (n,), how many sets use each neuron.
        block_width: n, the neurons of a block.
        family: the name of the family of sets.
        extent: the T, n and S that count, where the arrays have room for more.
    """

    sets: eqx.AbstractVar[Int[np.ndarray, "T S"]]
    members: eqx.AbstractVar[Int[np.ndarray, "n R"]]
    loads: eqx.AbstractVar[Int[np.ndarray, " n"]]
    block_width: eqx.AbstractVar[int]
    family: eqx.AbstractVar[str]
    extent: eqx.AbstractVar[Extent]
    _repr_html_ = html_fields

    @property
    def n_circuits(self) -> int:
        """T, the rows of `sets`."""
        return self.sets.shape[0]

    @property
    def redundancy(self) -> int:
        """S, the columns of `sets`."""
        return self.sets.shape[1]


def whole(allocation: AbstractAllocation) -> Extent:
    """Return the extent of an allocation of which every set, neuron and slot counts."""
    return Extent(allocation.n_circuits, allocation.block_width, allocation.redundancy)


def extent_of(allocation: AbstractAllocation) -> Extent:
    """Return how much of an allocation's arrays counts."""
    return allocation.extent


class Allocation(AbstractAllocation):
    """A table of sets given by hand or by a family, all of which counts, with its statistics."""

    sets: Int[np.ndarray, "T S"]
    members: Int[np.ndarray, "n R"]
    loads: Int[np.ndarray, " n"]
    block_width: int = eqx.field(static=True)
    family: str = eqx.field(static=True)

    def __init__(self, sets: Sets, block_width: int, family: str = "custom"):
        """Check the sets and invert the table.

        Args:
            sets: integers (T, S); any table may be given here.
            block_width: n, larger than every entry of `sets`.
            family: a name for reports.

        Raises:
            ValueError: if a neuron lies outside 0..n-1, a set names a neuron twice or there is no set.
        """
        check_index("block_width", block_width)
        sets = integers_of("sets", sets, np.int32)
        table = sets.ndim == 2 and sets.size > 0
        check(table, "sets", "must hold at least one set of one neuron, (T, S)", sets.shape)
        inside = sets.min() >= 0 and sets.max() < block_width
        check(inside, "sets", f"must lie in 0..{block_width - 1}", f"{sets.min()}..{sets.max()}")
        ordered = np.sort(sets, axis=1)
        repeats = int((ordered[:, 1:] == ordered[:, :-1]).any(axis=1).sum())
        check(repeats == 0, "sets", "must name each neuron once", f"{repeats} sets with repeats")
        n_sets, redundancy = sets.shape
        self.sets = sets
        self.loads = np.bincount(sets.ravel(), minlength=block_width).astype(np.int32)
        by_neuron = np.argsort(sets.ravel(), kind="stable")
        neuron = sets.ravel()[by_neuron]
        starts = np.concatenate([[0], np.cumsum(self.loads)[:-1]])
        members = np.full((block_width, int(self.loads.max())), n_sets, dtype=np.int32)
        members[neuron, np.arange(sets.size) - starts[neuron]] = by_neuron // redundancy
        self.members = members
        self.block_width = block_width
        self.family = family

    @property
    def extent(self) -> Extent:
        """All of it."""
        return whole(self)

    @property
    def mean_overlap(self) -> float:
        """P = E|M_t ∩ M_u| over pairs t ≠ u, exactly sum_i r_i (r_i - 1) / (T (T - 1))."""
        loads = self.loads.astype(np.float64)
        pairs = self.n_circuits * (self.n_circuits - 1)
        return float((loads * (loads - 1)).sum() / pairs) if pairs else 0.0

    @property
    def overlap_rate(self) -> float:
        """Overlap rate e = E(|M_t ∩ M_u| / S)^2 over pairs t ≠ u, by counting any overlaps."""
        pairs = self.n_circuits * (self.n_circuits - 1)
        if not pairs:
            return 0.0
        return sum_of_squared_overlaps(self.sets, self.block_width) / pairs / self.redundancy**2


# Bytes for each neuron of each set while a table is listed and inverted: the table, its sorted
# copy and 64-bit orders of its entries. Nanoseconds likewise.
ENTRY_BYTES, _ENTRY_NANOSECONDS = 40, 200


def listing_cost(block_width: int, redundancy: int, n_circuits: int) -> Cost:
    """Estimate what listing T sets takes, with the inverse of their table."""
    entries = n_circuits * redundancy
    return Cost(ENTRY_BYTES * entries + 8 * block_width, 1e-9 * _ENTRY_NANOSECONDS * entries)


def check_listing(block_width: int, redundancy: int, n_circuits: int) -> None:
    """Raise a `ValueError` if T sets cannot be listed in the memory there is."""
    check_index("n_circuits", n_circuits)
    cost = lambda n_circuits, redundancy: listing_cost(block_width, redundancy, n_circuits)
    check_cost(cost, {"n_circuits": n_circuits, "redundancy": redundancy})


def check_redundancy(block_width: int, redundancy: int) -> None:
    """Raise a `ValueError` unless 1 <= S <= n < 2^31."""
    check_index("block_width", block_width)
    check_index("redundancy", redundancy)
    check(
        redundancy <= block_width,
        "redundancy",
        f"must be at most the block width {block_width}",
        redundancy,
        "use a wider network or fewer neurons per circuit",
    )
