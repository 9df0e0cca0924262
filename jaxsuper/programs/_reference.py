"""The exact reference: small circuits run alone under their edges, only those that are on.

    a_t^1 = ReLU(w_t a_t^0 + beta),    a_t^{l+1} = ReLU( sum_{edges s -> t, s on} W_e a_s^l + beta )

A circuit that no circuit feeds is off. A circuit is on if its indicator is above 1/2, or, for
circuits without an indicator, if an edge that opens comes from a circuit that is on. A sample keeps a
list of those that are on, never all T.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..circuits import AbstractCircuits, exact_channels, layer_of, small_weights
from ._edges import Edges
from ._weights import as_arrays, full_weights


_ON = 0.5
# An indicator this far from both 0 and 1 was decided within its margin.
_UNDECIDED = 1e-3


class Reference(NamedTuple):
    """What circuits do when run alone.

    Attributes:
        active: (L, slots), those that are on in each layer, T where there is none.
        channels: (L, k, slots), their channels.
        undecided: whether some indicator is neither 0 nor 1: a value lay within a margin.
        most: how many were on at once, which may be more than there are slots for.
    """

    active: Int[Array, "L slots"]
    channels: Float[Array, "L k slots"]
    undecided: Array
    most: Int[Array, ""]


def _is_on(circuits: AbstractCircuits, values: Float[Array, "m k"]) -> Array | None:
    name, channels = circuits.layout.readouts[0]
    return values[:, channels[0]] > _ON if name == "on" else None


def all_weights(circuits: AbstractCircuits, edges: Edges) -> Float[Array, "gaps E1 d d"]:
    """Return W_e of all layers, with a zero for the edge that is none."""
    edges = as_arrays(edges)
    each = lambda gap: full_weights(circuits, edges, gap)
    stacked = jax.lax.map(each, jnp.arange(edges.n_layers - 1))
    return jnp.pad(stacked, ((0, 0), (0, 1), (0, 0), (0, 0)))


def exact_program(
    circuits: AbstractCircuits,
    edges: Edges,
    weights: Float[Array, "gaps E1 d d"],
    active: Int[Array, " m"],
    inputs: Float[Array, "m d"],
    slots: int,
) -> Reference:
    """Run the circuits of one sample alone.

    Args:
        circuits: T small circuits.
        edges: between them.
        weights: of `all_weights`.
        active: the circuits that are given inputs, T for none.
        inputs: a^0 of each.
        slots: room for circuits that are on at once.

    Returns:
        Which are on, with their channels, layer by layer; the first `slots` of them.
    """
    none, biases = edges.n_circuits, circuits.biases()
    first = small_weights(circuits, 0)[jnp.minimum(active, none - 1)]
    before = jnp.einsum("zij,zj->zi", first, inputs, precision="highest")
    values = jax.nn.relu(before + layer_of(biases, 0)[None])
    kept = _kept(circuits, active, values, active < none, slots)

    def layer(kept, gap):
        number, weights, outgoing, targets, opening = gap
        ids, values = kept[0], kept[1]
        leaving = outgoing[ids].reshape(-1)
        sources = jnp.repeat(values, outgoing.shape[1], axis=0)
        sent = jnp.einsum("eij,ej->ei", weights[leaving], sources, precision="highest")
        to = jnp.append(targets, none)[leaving]
        opens = jnp.append(opening, False)[leaving]
        same = to[:, None] == to[None, :]
        sums = jnp.matmul(same.astype(sent.dtype), sent, precision="highest")
        lead = jnp.argmax(same, axis=1) == jnp.arange(len(to))
        after = jax.nn.relu(sums + layer_of(biases, number)[None])
        opened = jnp.any(same & opens[None, :], axis=1)
        following = _kept(circuits, to, after, lead & (to < none), slots, opened)
        return following, following

    given = (edges.outgoing, edges.targets, edges.opens)
    gaps = (jnp.arange(1, edges.n_layers), weights, *(jnp.asarray(part) for part in given))
    later = jax.lax.scan(layer, kept, gaps)[1]
    ids, values, undecided, counts = (
        jnp.concatenate([start[None], rest]) for start, rest in zip(kept, later, strict=True)
    )
    channels = exact_channels(circuits, values).transpose(0, 2, 1)
    return Reference(ids, channels, jnp.any(undecided), jnp.max(counts))


def _kept(circuits, ids, values, there, slots, opened=None):
    """Return the circuits that are on, in order, in so many slots, and whether all are decided."""
    channels = exact_channels(circuits, values)
    on = _is_on(circuits, channels)
    undecided = jnp.asarray(False)
    if on is None:
        on = there if opened is None else there & opened
    else:
        alpha = channels[:, circuits.layout.readouts[0][1][0]]
        between = (alpha > _UNDECIDED) & (alpha < 1 - _UNDECIDED)
        undecided, on = jnp.any(between & there), on & there
    order = jnp.argsort(~on, stable=True)
    short = max(slots - len(order), 0)
    order = jnp.pad(order, (0, short))[:slots]
    filled = (jnp.arange(slots) < on.sum()) & (jnp.arange(slots) < len(ids))
    chosen = jnp.where(filled, ids[order], circuits.n_circuits).astype(jnp.int32)
    held = jnp.where(filled[:, None], values[order], 0.0)
    return chosen, held, undecided, on.sum()
