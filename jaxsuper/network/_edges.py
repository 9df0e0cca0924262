"""Edges between circuits in the clipped construction: connections, inhibition, structured sums.

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

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float
from .._errors import lookup
from .._types import CircuitValues
from ..programs import Edges
from ._placement import neurons_of, Placement
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
    """

    sources: Int[Array, "gaps E"]
    targets: Int[Array, "gaps E"]
    incoming: Int[Array, "gaps T F"]

    @classmethod
    def of(cls, edges: Edges) -> "Arrivals":
        """Return those of a graph."""
        parts = (edges.sources, edges.targets, edges.incoming)
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
    edges: Edges, placement: Placement, inhibition: str
) -> tuple[Bool[Array, "gaps n n"], Float[Array, "gaps n"]]:
    """Return C of edges between the layers of a placement, and chi' of each receiving neuron.

    Args:
        edges: of as many circuits and layers as the placement.
        placement: the sets.
        inhibition: "scalar" or "receiver", as in `clipped_links`.

    Raises:
        ValueError: for an unknown rule.
    """
    rule = lookup(_RULES, inhibition, "inhibition")
    n, count = placement.block_width, placement.n_circuits
    size = as_float(placement.redundancy)

    def between(gap):
        to_sets, from_sets, sources, targets, opens = gap
        # What is no edge, or opens nothing, gets neurons that do not exist.
        to, from_ = (
            neurons_of(sets, jnp.where(opens, ids, count), n)
            for sets, ids in ((to_sets, targets), (from_sets, sources))
        )
        empty = jnp.zeros((n, n), bool)
        linked = empty.at[to[:, :, None], from_[:, None, :]].set(True, mode="drop")
        there = targets < count
        nothing = jnp.zeros(count)
        feeding = nothing.at[jnp.where(there, sources, count)].max(1.0, mode="drop")
        fed = nothing.at[targets].max(1.0, mode="drop")
        opened = nothing.at[jnp.where(opens, targets, count)].add(1.0, mode="drop")

        def on_neurons(values, sets):
            each = jnp.broadcast_to(values[:, None], sets.shape)
            return jnp.zeros(n).at[sets].add(each)

        sent_by = on_neurons(feeding, from_sets)
        on, opening = on_neurons(fed, to_sets), on_neurons(opened, to_sets)
        seen = jnp.matmul(linked.astype(jnp.float32), sent_by, precision="highest")
        unwanted = on * seen - opening * size
        counts = fed.sum(), feeding.sum(), opened.sum()
        return linked, rule(unwanted, on, opening, *counts, size, size)

    ends = tuple(jnp.asarray(part) for part in (edges.sources, edges.targets, edges.opens))
    return jax.lax.map(between, (placement.sets[1:], placement.sets[:-1], *ends))
