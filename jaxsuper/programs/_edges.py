"""The edges between all layers as arrays: which circuit feeds which, and with what.

Between layers l and l+1 there is a list of edges, padded to the longest of all layers. The weights
themselves depend on the circuits, whose parameters are swept: they are made of these arrays in
`_weights.py`. Where a network has no edges, every circuit is its own successor.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._errors import check
from .._repr import html_fields


class Edges(eqx.Module):
    """A directed graph from the circuits of each layer to those of the next, as a pure pytree.

    Attributes:
        sources: (L-1, E), 0 where there is no edge.
        targets: (L-1, E), T where there is no edge.
        opens: (L-1, E), whether the mean weights are part of the edge.
        share: (L-1, E), of the target's own difference weights.
        mean_share: (L-1, E), of the mean weights in the edge's own weights.
        decides: (L-1, E), whether the target's indicator is decided by the source's value.
        directions: (L-1, E, p), w / (2 margin) over payload channels.
        constants: (L-1, E), 1/2 - threshold / (2 margin).
        given: (L-1, E), whether the weight is that of `weights`; None if there are no weights.
        weights: (L-1, E, d, k), from channels to neurons, or None.
        incoming: (L-1, T, F), the edges into each circuit, padded with E.
        outgoing: (L-1, T + 1, O), those out of each circuit, padded with E; none out of no circuit.
        entries: (groups, m), the circuits that are given inputs together, padded with T.
        width: most circuits that are on at once of what starts with one group.
        wide: whether edges may have own weights on all neurons and channels.
        alone: whether groups share circuits, so that one of them can start at a time.
        count: T.
        groups: how many of the groups count, if the arrays have room to spare (see `padded`).
    """

    sources: Int[Array | np.ndarray, "gaps E"]
    targets: Int[Array | np.ndarray, "gaps E"]
    opens: Bool[Array | np.ndarray, "gaps E"]
    share: Float[Array | np.ndarray, "gaps E"]
    mean_share: Float[Array | np.ndarray, "gaps E"]
    decides: Bool[Array | np.ndarray, "gaps E"]
    directions: Float[Array | np.ndarray, "gaps E p"]
    constants: Float[Array | np.ndarray, "gaps E"]
    given: Bool[Array | np.ndarray, "gaps E"] | None
    weights: Float[Array | np.ndarray, "gaps E d k"] | None
    incoming: Int[Array | np.ndarray, "gaps T F"]
    outgoing: Int[Array | np.ndarray, "gaps T1 O"]
    entries: Int[Array | np.ndarray, "groups m"]
    width: int = eqx.field(static=True)
    wide: bool = eqx.field(static=True)
    deciding: bool = eqx.field(static=True)
    alone: bool = eqx.field(static=True)
    count: int = eqx.field(static=True)
    groups: Int[Array | np.ndarray, ""] | None = None
    _repr_html_ = html_fields

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.count

    @property
    def n_layers(self) -> int:
        """L."""
        return self.sources.shape[0] + 1

    @property
    def n_groups(self) -> int | Int[Array | np.ndarray, ""]:
        """How many groups of circuits can be given inputs: an array leaf if padded."""
        return self.entries.shape[0] if self.groups is None else self.groups

    @property
    def room(self) -> tuple[int, int, int, int]:
        """The sizes of arrays that padding can raise: E, F, O and groups."""
        longest = self.sources.shape[1], self.incoming.shape[2], self.outgoing.shape[2]
        return (*longest, self.entries.shape[0])

    @property
    def fan(self) -> int:
        """Most edges into a circuit, or out of one, that there is room for."""
        return max(self.incoming.shape[2], self.outgoing.shape[2])

    def padded(self, n_circuits: int, room: tuple[int, int, int, int]) -> "Edges":
        """Return the same edges in larger arrays, so that one program serves graphs of any size.

        Args:
            n_circuits: T of the arrays; those there are more feed nothing, and nothing feeds them.
            room: E, F, O and groups of the arrays.

        Raises:
            ValueError: if that leaves no room.
        """
        count, (n_edges, *_) = self.count, self.room
        fits = n_circuits >= count and all(a >= b for a, b in zip(room, self.room, strict=True))
        least = (count, *self.room)
        check(fits, "room", f"must be at least {least}", (n_circuits, *room))
        edges, fan_in, fan_out, groups = room
        by_edge = {
            name: _wider(getattr(self, name), {1: edges}, 0)
            for name in _BY_EDGE
            if getattr(self, name) is not None
        }
        by_edge["targets"] = _wider(_other(self.targets, count, n_circuits), {1: edges}, n_circuits)
        incoming, outgoing = (_other(ids, n_edges, edges) for ids in (self.incoming, self.outgoing))
        entries = _other(self.entries, count, n_circuits)
        return replace(
            self,
            **by_edge,
            incoming=_wider(incoming, {1: n_circuits, 2: fan_in}, edges),
            outgoing=_wider(outgoing, {1: n_circuits + 1, 2: fan_out}, edges),
            entries=_wider(entries, {0: groups}, n_circuits),
            count=n_circuits,
            groups=np.asarray(self.n_groups, np.int32),
        )

    @property
    def n_edges(self) -> Int[np.ndarray, " gaps"]:
        """Edges from each layer to the next."""
        return (np.asarray(self.targets) < self.count).sum(axis=1)

    @property
    def n_opening(self) -> Int[np.ndarray, " gaps"]:
        """Edges that the clipped matrix counts."""
        return np.asarray(self.opens).sum(axis=1)

    @property
    def fan_in(self) -> Int[np.ndarray, "gaps T"]:
        """Edges into each circuit of layers 2..L."""
        return (np.asarray(self.incoming) < self.sources.shape[1]).sum(axis=2)

    @property
    def fan_out(self) -> Int[np.ndarray, "gaps T"]:
        """Edges out of each circuit of layers 1..L-1."""
        return (np.asarray(self.outgoing)[:, :-1] < self.sources.shape[1]).sum(axis=2)

    def pairs(self, layer: int, opening: bool = False) -> list[tuple[int, int]]:
        """Return (source, target) of the edges out of a layer, counted from 1.

        Args:
            layer: 1..L-1.
            opening: whether of those alone that switch their target on by the mean weights.
        """
        there = np.asarray(self.targets[layer - 1]) < self.count
        there = there & np.asarray(self.opens[layer - 1]) if opening else there
        ends = (np.asarray(ids[layer - 1])[there] for ids in (self.sources, self.targets))
        return [(int(source), int(target)) for source, target in zip(*ends, strict=True)]


_BY_EDGE = ("sources", "opens", "share", "mean_share", "decides", "directions", "constants")
_BY_EDGE += ("given", "weights")


def _other(ids: Any, none: int, other: int) -> np.ndarray:
    """Return ids with another number for what is none."""
    return np.where(np.asarray(ids) == none, other, ids).astype(np.int32)


def _wider(array: Any, sizes: dict[int, int], value: int) -> np.ndarray:
    """Return an array with longer axes, filled up with a value."""
    array = np.asarray(array)
    more = [(0, sizes.get(axis, size) - size) for axis, size in enumerate(array.shape)]
    return np.pad(array, more, constant_values=array.dtype.type(value))


def lists_of(
    ids: Int[np.ndarray, "gaps E"], there: Bool[np.ndarray, "gaps E"], n_circuits: int
) -> Int[np.ndarray, "gaps T longest"]:
    """Return the edges that have each circuit at one end, padded with E.

    Args:
        ids: the circuit at that end.
        there: which entries are edges.
        n_circuits: T.
    """
    gaps, n_edges = ids.shape
    counts = np.zeros((gaps, n_circuits), np.int64)
    for gap in range(gaps):
        counts[gap] = np.bincount(ids[gap, there[gap]], minlength=n_circuits)
    lists = np.full((gaps, n_circuits, max(int(counts.max(initial=0)), 1)), n_edges, np.int32)
    for gap in range(gaps):
        edges = np.flatnonzero(there[gap])
        order = edges[np.argsort(ids[gap, edges], kind="stable")]
        ends = ids[gap, order]
        starts = np.cumsum(counts[gap]) - counts[gap]
        lists[gap, ends, np.arange(len(order)) - starts[ends]] = order
    return lists
