"""From lists of edges to arrays: checks, defaults, and the room that a program needs."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from .._errors import bad, check
from .._limits import check_cost, check_index, Cost
from ..circuits import Layout
from ._edge import Edge
from ._edges import Edges, lists_of
from ._weights import has_step, payload_channels


# More circuits than these on at once are not kept track of without being told to.
_WIDEST = 64


def _check_circuit(name: str, circuit: int, n_circuits: int, edge: Edge) -> None:
    rule = f"must lie in 0..{n_circuits - 1}, the circuits there are"
    check_index(name, circuit, least=0)
    check(circuit < n_circuits, name, rule, f"{circuit} in the edge {edge.name}")


def _by_gap(edges: Sequence[Edge], n_circuits: int, n_layers: int) -> list[list[Edge]]:
    """Sort edges by layer, add the circuits that are their own successors, and check."""
    gaps: list[dict[tuple[int, int], Edge]] = [{} for _ in range(n_layers - 1)]
    for edge in edges:
        _check_circuit("source", edge.source, n_circuits, edge)
        _check_circuit("target", edge.target, n_circuits, edge)
        rule = f"must lie in 1..{n_layers - 1}, since edges lead to the next of {n_layers} layers"
        inside = edge.layer is None or edge.layer < n_layers
        check(inside, "layer", rule, f"{edge.layer} in the edge {edge.name}")
        for gap in range(n_layers - 1) if edge.layer is None else (edge.layer - 1,):
            ends = edge.source, edge.target
            rule = "must not have two edges with the same ends"
            if ends in gaps[gap]:
                other = gaps[gap][ends].name
                given = f"{edge.name} from layer {gap + 1} to {gap + 2} beside {other}"
                raise bad("edges", rule, given)
            gaps[gap][ends] = edge
    return [list(gap.values()) for gap in gaps]


def _channel_weights(edge: Edge, layout: Layout | None) -> np.ndarray:
    """Return a given d x d weight as weights from channels to neurons."""
    if layout is None:
        raise bad("weight", "must be left out of a program that has no circuits", edge.name)
    d = layout.width
    weight = np.asarray(edge.weight, np.float64)
    rule = f"must have shape ({d}, {d})"
    check(weight.shape == (d, d), "weight", rule, f"{weight.shape} of the edge {edge.name}")
    check(bool(np.isfinite(weight).all()), "weight", "must be finite", f"the edge {edge.name}")
    channels = layout.matrix.astype(np.float64)
    found = np.linalg.lstsq(channels.T, weight.T, rcond=None)[0].T
    rule = "must read its source through the channels that circuits of this kind have"
    reads = np.allclose(found @ channels, weight, atol=1e-5)
    check(reads, "weight", rule, f"that of the edge {edge.name}", "use weights @ layout.matrix")
    return found


def compile_edges(
    edges: Sequence[Edge],
    n_circuits: int,
    n_layers: int,
    *,
    layout: Layout | None = None,
    entries: Sequence[Sequence[int]] = (),
    width: int | None = None,
    stopped: Sequence[tuple[int, int]] = (),
    own_successors: bool = True,
) -> Edges:
    """Turn a list of edges into arrays.

    A circuit that hands nothing on in a layer is its own successor there, as without edges, unless it
    is stopped; edges that only switch their target, on or off, hand nothing on.

    Args:
        edges: in any order.
        n_circuits: T.
        n_layers: L.
        layout: of the circuits, for weights and decisions; left out, they are not checked.
        entries: groups of circuits that are given inputs together; each circuit alone if left out.
        width: most circuits that are on at once of what one group starts; if left out, those that
            can be reached from it.
        stopped: (circuit, layer) of those that have no successor there.
        own_successors: whether the others that hand nothing on have themselves as successors.

    Returns:
        The arrays, of numpy.

    Raises:
        ValueError: for circuits or layers that do not exist, two edges with the same ends, weights
            of the wrong shape, decisions that the circuits cannot make, or too many circuits on.
    """
    check_index("n_circuits", n_circuits)
    check_index("n_layers", n_layers)
    check_cost(
        lambda n_circuits, n_layers: Cost(60 * n_circuits * n_layers),
        {"n_circuits": n_circuits, "n_layers": n_layers},
    )
    gaps = _by_gap(edges, n_circuits, n_layers)
    ends_here = defaultdict(set)
    for circuit, layer in stopped:
        ends_here[layer].add(circuit)
    lists = []
    for gap, own in enumerate(gaps):
        busy = {edge.source for edge in own if edge.hands_on} | ends_here[gap + 1]
        kept = [t for t in range(n_circuits) if t not in busy] if own_successors else []
        lists.append((own, kept))
    return _arrays(lists, n_circuits, layout, entries, width)


def _arrays(lists, n_circuits, layout, entries, width) -> Edges:
    n_gaps = len(lists)
    longest = max((len(own) + len(kept) for own, kept in lists), default=1) or 1
    deciding = [e for own, _ in lists for e in own if e.decision is not None]
    given = [e for own, _ in lists for e in own if e.weight is not None]
    payload = 0
    for edge in deciding:
        assert edge.decision is not None
        payload = len(edge.decision.direction)
        if layout is not None:
            rule = "must be rotations or steps, whose indicator a branch can decide"
            check(has_step(layout), "circuits", rule, f"others, with the branch {edge.name}")
            size = len(payload_channels(layout))
            rule = f"must have {size} entries, as x has"
            check(payload == size, "direction", rule, f"{payload} in the branch {edge.name}")
    shape = (n_gaps, longest)
    sources, targets = np.zeros(shape, np.int32), np.full(shape, n_circuits, np.int32)
    opens, decides = np.zeros(shape, bool), np.zeros(shape, bool)
    share, mean_share, constants = (np.zeros(shape, np.float32) for _ in range(3))
    directions = np.zeros((*shape, payload), np.float32)
    weights = marks = None
    if given:
        first = _channel_weights(given[0], layout)
        weights, marks = np.zeros((*shape, *first.shape), np.float32), np.zeros(shape, bool)
    for gap, (own, kept) in enumerate(lists):
        # The circuits that keep to themselves are many: they are written at once.
        rest = slice(len(own), len(own) + len(kept))
        sources[gap, rest] = targets[gap, rest] = kept
        opens[gap, rest], share[gap, rest] = True, 1.0
        for place, edge in enumerate(own):
            at = gap, place
            sources[at], targets[at] = edge.source, edge.target
            opens[at], share[at], mean_share[at] = edge.opens, edge.share, edge.mean_share
            if edge.decision is not None:
                twice = 2 * edge.decision.margin
                decides[at] = True
                directions[at] = np.asarray(edge.decision.direction) / twice
                constants[at] = 0.5 - edge.decision.threshold / twice
            if edge.weight is not None and weights is not None and marks is not None:
                weights[at], marks[at] = _channel_weights(edge, layout), True
    there = targets < n_circuits
    outgoing = lists_of(sources, there, n_circuits)
    nothing = np.full((n_gaps, 1, outgoing.shape[2]), longest, np.int32)
    groups = _entries(entries, n_circuits)
    reached = _reached(groups, sources, targets, n_circuits) if width is None else width
    remedy = "say how many are on at once, by `width`"
    rule = f"must reach at most {_WIDEST} circuits of a layer from one group of inputs"
    check(width is not None or reached <= _WIDEST, "edges", rule, reached, remedy)
    check_index("width", reached)
    filled = groups[groups < n_circuits]
    return Edges(
        sources=sources,
        targets=targets,
        opens=opens,
        share=share,
        mean_share=mean_share,
        decides=decides,
        directions=directions,
        constants=constants,
        given=marks,
        weights=weights,
        incoming=lists_of(targets, there, n_circuits),
        outgoing=np.concatenate([outgoing, nothing], axis=1),
        entries=groups,
        width=max(reached, groups.shape[1]),
        wide=bool(deciding or given or (mean_share != 0).any()),
        deciding=bool(deciding),
        alone=len(np.unique(filled)) < len(filled),
        count=n_circuits,
    )


def _entries(entries: Sequence[Sequence[int]], n_circuits: int) -> np.ndarray:
    """Return the groups as rows, padded with T."""
    if not len(entries):
        return np.arange(n_circuits, dtype=np.int32)[:, None]
    longest = max(len(group) for group in entries)
    check(longest > 0, "entries", "must name at least one circuit", "an empty group")
    groups = np.full((len(entries), longest), n_circuits, np.int32)
    for row, group in enumerate(entries):
        for circuit in group:
            check_index("entries", circuit, least=0)
            rule = f"must lie in 0..{n_circuits - 1}, the circuits there are"
            check(circuit < n_circuits, "entries", rule, circuit)
        rule = "must name different circuits in a group"
        check(len(set(group)) == len(group), "entries", rule, list(group))
        groups[row, : len(group)] = group
    return groups


def _reached(groups, sources, targets, n_circuits) -> int:
    """Return the most circuits of a layer that can be reached from one group."""
    most = groups.shape[1]
    successors = []
    for gap in range(len(sources)):
        following = defaultdict(list)
        for source, target in zip(sources[gap].tolist(), targets[gap].tolist(), strict=True):
            if target < n_circuits:
                following[source].append(target)
        successors.append(following)
    for group in groups.tolist():
        here = {circuit for circuit in group if circuit < n_circuits}
        for following in successors:
            here = {target for circuit in here for target in following.get(circuit, ())}
            most = max(most, len(here))
            if most > _WIDEST:
                return most
    return most
