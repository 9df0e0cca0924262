"""Edges between circuits: connections and inhibition of clipped matrices, structured sums.

C counts a pair of neurons once if any edge that opens leads from a circuit on the one to a circuit on
the other. The inhibition chi' balances what circuits receive from circuits that do not feed them.
With N' circuits that feed some circuit of the next layer, r' of them on each neuron, and N that are
fed, r of them on each neuron, f_t opening edges into t and F_m those into all circuits on neuron m,

    scalar:    U = sum_m ( r_m (C r')_m - F_m S' ) / (N N' - sum_t f_t),    chi' = U / (S S' - U)
    receiver:  U_m = ( r_m (C r')_m - F_m S' ) / (r_m N' - F_m),            chi'_m = U_m / (S' - U_m)

since each of the f_t circuits that open t gives each neuron of t exactly S'. Every circuit its own
successor is N = N' = T, f_t = 1, F = r: the rules of `_inhibition`.

Source: ours; notes#edges.
"""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float
from .._errors import lookup
from .._types import CircuitValues
from ..circuits import Layout
from ..programs import edge_layout, Edges, own_weights
from ._inhibition import Links, neighbours
from ._network import AbstractNetwork
from ._placement import neurons_of, Placement
from ._shared import stacked
from ._sums import gather_sum


# A list of edges for each circuit, padded to the longest, may be this many times the edges; a circuit
# that more feed than that is served by adding edge after edge.
_MOST_PADDING = 4


class Arrivals(eqx.Module):
    """Which edges leave from and arrive at which circuits, stacked over layers 2..L.

    Attributes:
        sources: (L-1, E).
        targets: (L-1, E), T where there is no edge.
        incoming: (L-1, T, F), edges into each circuit, padded with E.
        opens: (L-1, E), whether the mean weights are part of the edge.
    """

    sources: Int[Array, "gaps E"]
    targets: Int[Array, "gaps E"]
    incoming: Int[Array, "gaps T F"]
    opens: Bool[Array, "gaps E"]

    @classmethod
    def of(cls, edges: Edges) -> "Arrivals":
        """Return those of a graph."""
        parts = (edges.sources, edges.targets, edges.incoming, edges.opens)
        return cls(*(jnp.asarray(part) for part in parts))

    def sums(
        self, means: CircuitValues, send: Callable[[CircuitValues], Float[Array, "out E B"]]
    ) -> Float[Array, "out T B"]:
        """Return what each circuit receives: a gather by edge, the weights, a sum by target.

        Args:
            means: (k, T, B), of the layer before.
            send: applies the weights of the edges to the channels of their sources, (k, E, B).
        """
        sent = send(gather_sum(means, self.sources[:, None]))
        n_circuits, longest = self.incoming.shape
        n_edges = self.sources.shape[0]
        if n_circuits * longest <= _MOST_PADDING * n_edges:
            return gather_sum(sent, self.incoming, ragged=True)
        empty = jnp.zeros((sent.shape[0], n_circuits, sent.shape[2]), sent.dtype)
        return empty.at[:, self.targets].add(sent, mode="drop")


def own_parts(network: AbstractNetwork) -> tuple[Arrivals | None, Layout, Array]:
    """Return what a layer adds up by circuits, or by edges: their ends, how to read them, weights.

    Args:
        network: any.

    Returns:
        The edges' ends, None if every circuit is its own successor; the layout that says which
        channels and neurons the weights are of; the weights of layers 2..L, (L-1, T or E, out, in).
    """
    circuits, edges = network.circuits, network.edges
    if edges is None:
        difference = stacked(circuits.difference_weights(), network.n_layers)
        return None, circuits.layout, difference
    layout = edge_layout(circuits.layout, edges.wide)
    return Arrivals.of(edges), layout, own_weights(circuits, edges)


def decided_alone(edges: Edges) -> Bool[Array, "gaps T"]:
    """Return which circuits of layers 2..L a branch decides and no edge opens: they have no vector."""
    _, targets, opens = _ends(edges)

    def reached(targets, which):
        ids = jnp.where(which, targets, edges.n_circuits)
        return jnp.zeros(edges.n_circuits, bool).at[ids].set(True, mode="drop")

    decided, opened = (
        jax.vmap(reached)(targets, which) for which in (jnp.asarray(edges.decides), opens)
    )
    return decided & ~opened


def _scalar(unwanted, on, opening, n_to, n_from, n_opening, receives, sends):
    del on, opening
    mean = unwanted.sum() / jnp.maximum(n_to * n_from - n_opening, 1.0)
    return jnp.broadcast_to(mean / (receives * sends - mean), unwanted.shape)


def _receiver(unwanted, on, opening, n_to, n_from, n_opening, receives, sends):
    del n_to, n_opening, receives
    mean = unwanted / jnp.maximum(on * n_from - opening, 1.0)
    return jnp.where(on > 0, mean / (sends - mean), 0.0)


_RULES = {"scalar": _scalar, "receiver": _receiver}


def edge_links(
    edges: Edges, to: Placement, from_: Placement, inhibition: str
) -> tuple[Bool[Array, "gaps to from"], Float[Array, "gaps to"]]:
    """Return C of edges from each layer of one placement to the next of another, and chi'.

    Args:
        edges: of as many circuits and layers as the placements.
        to: the receiving sets, S of them per circuit.
        from_: the sending sets, S' per circuit.
        inhibition: "scalar" or "receiver", as in `clipped_links`.

    Returns:
        C and chi' of each receiving neuron, for layers 2..L.

    Raises:
        ValueError: for an unknown rule.
    """
    rule = lookup(_RULES, inhibition, "inhibition")
    width, count = to.block_width, edges.n_circuits

    def between(gap):
        to_sets, from_sets, *ends = gap
        sources, targets, opens = ends
        # What is no edge, or opens nothing, gets neurons that do not exist.
        reached = neurons_of(to_sets, jnp.where(opens, targets, count), width)
        reaching = neurons_of(from_sets, jnp.where(opens, sources, count), from_.block_width)
        empty = jnp.zeros((width, from_.block_width), bool)
        linked = empty.at[reached[:, :, None], reaching[:, None, :]].set(True, mode="drop")
        numbers = linked.astype(jnp.float32)
        seen = lambda sent: jnp.matmul(numbers, sent, precision="highest")
        return linked, _balance(rule, seen, to_sets, from_sets, ends, to, from_)

    return jax.lax.map(between, (to.sets[1:], from_.sets[:-1], *_ends(edges)))


def listed_edge_links(
    edges: Edges, placement: Placement, inhibition: str
) -> tuple[Links, Float[Array, "gaps n"]]:
    """Return the same between layers of one placement, C as lists: no n x n matrix is made.

    Raises:
        ValueError: for an unknown rule.
    """
    rule = lookup(_RULES, inhibition, "inhibition")
    none, count = placement.block_width, edges.n_circuits

    def between(gap):
        to_sets, to_members, from_sets, from_members, incoming, outgoing, *ends = gap
        sources, targets, opens = ends
        # The circuits that open each, and that each opens; of what is no edge, none.
        opening, opened = (
            jnp.append(jnp.where(opens, ids, count), count)[lists]
            for ids, lists in ((sources, incoming), (targets, outgoing[:count]))
        )
        lists = [
            neighbours(members, neurons_of(sets, ids, none).reshape(count, -1), none)
            for members, sets, ids in (
                (to_members, from_sets, opening),
                (from_members, to_sets, opened),
            )
        ]
        seen = lambda sent: jnp.append(sent, 0.0)[lists[0]].sum(axis=1)
        return *lists, _balance(rule, seen, to_sets, from_sets, ends, placement, placement)

    sets, members = placement.sets, placement.members
    fans = (jnp.asarray(lists) for lists in (edges.incoming, edges.outgoing))
    gaps = (sets[1:], members[1:], sets[:-1], members[:-1], *fans, *_ends(edges))
    listed, back, chi = jax.lax.map(between, gaps)
    return Links(listed, back), chi


def _ends(edges: Edges) -> tuple[Array, Array, Array]:
    sources, targets, opens = (
        jnp.asarray(part) for part in (edges.sources, edges.targets, edges.opens)
    )
    return sources, targets, opens


def _balance(
    rule: Callable,
    seen: Callable[[Float[Array, " from"]], Float[Array, " to"]],
    to_sets: Int[Array, "T S"],
    from_sets: Int[Array, "T S2"],
    ends: Sequence[Array],
    to: Placement,
    from_: Placement,
) -> Float[Array, " to"]:
    """Return chi' between two layers, of what C makes of the circuits on sending neurons."""
    (sources, targets, opens), count = ends, to_sets.shape[0]

    def on_neurons(values, sets, placement):
        each = jnp.broadcast_to(values[:, None], sets.shape)
        sums = jnp.zeros(placement.block_width).at[sets].add(each)
        # The neuron that padding points to carries no circuit.
        return sums if placement.counted is None else jnp.where(placement.counted, sums, 0.0)

    receives, sends = as_float(to.extent.redundancy), as_float(from_.extent.redundancy)
    there, nothing = targets < count, jnp.zeros(count)
    feeding = nothing.at[jnp.where(there, sources, count)].max(1.0, mode="drop")
    fed = nothing.at[targets].max(1.0, mode="drop")
    opened = nothing.at[jnp.where(opens, targets, count)].add(1.0, mode="drop")
    on, opening = (on_neurons(values, to_sets, to) for values in (fed, opened))
    unwanted = on * seen(on_neurons(feeding, from_sets, from_)) - opening * sends
    counts = fed.sum(), feeding.sum(), opened.sum()
    return rule(unwanted, on, opening, *counts, receives, sends)
