"""The weights of edges, made of the circuits' parameters: traceable, so that these can be swept.

An edge has W_e = opens·wbar + own. `own` is what a layer applies to the edge by itself:

    own = share·dw_target + mean_share·wbar + decision

on the channels and neurons that the circuits' difference weights use, or on all of them if any edge
of the graph needs that (`Edges.wide`). A decision has, from (alpha, x) to both on-neurons,

    k·lo + 1/2 - threshold / (2 margin)   and   w / (2 margin),

which makes their difference clip(1/2 + (w·x - threshold) / (2 margin), 0, 1) for alpha = 1: the
step's biases are -k·lo and -k·lo - 1, and 0 for a source that is off.
"""

from dataclasses import replace
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..circuits import AbstractCircuits, Layout
from ._edges import Edges


# Of a pair of layers, counted from 0.
Gap: TypeAlias = int | Int[Array, ""]
# The on-neurons of an indicator that is a step of two ReLUs.
_STEP = (0, 1)


def payload_channels(layout: Layout) -> tuple[int, ...]:
    """Return the channels that a decision can look at: all but those of the mean weights."""
    return tuple(c for c in range(len(layout.channels)) if c not in layout.mean_channels)


def has_step(layout: Layout) -> bool:
    """Return whether the indicator is alpha = on0 - on1, a step that edges can decide."""
    first = layout.channels[0]
    step = first[:2] == (1, -1) and not any(first[2:])
    return layout.readouts[0][0] == "on" and step and layout.mean_channels == (0,)


def edge_layout(layout: Layout, wide: bool) -> Layout:
    """Return the layout whose difference channels and outputs are those of the edges."""
    if not wide:
        return layout
    channels, outputs = tuple(range(len(layout.channels))), tuple(range(layout.width))
    return replace(layout, difference_channels=channels, difference_outputs=outputs)


def as_arrays(edges: Edges) -> Edges:
    """Return edges whose arrays can be indexed by a traced number."""
    return jax.tree.map(jnp.asarray, edges)


def _of_gap(stack: Array, gap: Gap) -> Array:
    return stack[gap + 1 if stack.shape[0] > 1 else 0]


def own_weights(circuits: AbstractCircuits, edges: Edges) -> Float[Array, "gaps E out in_"]:
    """Return the edges' own weights between all layers, stacked, as `edge_layout` reads them.

    Args:
        circuits: T small circuits.
        edges: of as many circuits.
    """
    edges = as_arrays(edges)
    gaps = jnp.arange(edges.n_layers - 1)
    return jax.lax.map(lambda gap: own_weights_of(circuits, edges, gap), gaps)


def own_weights_of(circuits: AbstractCircuits, edges: Edges, gap: Gap) -> Float[Array, "E out in_"]:
    """Return the edges' own weights from array layer `gap` to the next, as `edge_layout` reads them.

    Args:
        circuits: T small circuits.
        edges: of as many circuits.
        gap: 0..L-2.
    """
    layout = circuits.layout
    targets = jnp.minimum(edges.targets[gap], edges.n_circuits - 1)
    there = jnp.asarray(edges.targets[gap]) < edges.n_circuits
    share = jnp.where(there, edges.share[gap], 0.0)[:, None, None]
    own = share * _of_gap(circuits.difference_weights(), gap)[targets]
    if not edges.wide:
        return own
    d, k = layout.width, len(layout.channels)
    weights = jnp.zeros((own.shape[0], d, k))
    if layout.difference_channels:
        rows = jnp.array(layout.difference_outputs)[:, None]
        weights = weights.at[:, rows, jnp.array(layout.difference_channels)[None, :]].set(own)
    mean = (
        jnp.zeros((d, k))
        .at[:, jnp.array(layout.mean_channels)]
        .set(_of_gap(circuits.mean_weights(), gap))
    )
    weights = weights + jnp.asarray(edges.mean_share[gap])[:, None, None] * mean[None]
    if edges.deciding:
        rise = -_of_gap(circuits.biases(), gap)[0] + jnp.asarray(edges.constants[gap])
        rise = jnp.where(jnp.asarray(edges.decides[gap]), rise, 0.0)
        for row in _STEP:
            weights = weights.at[:, row, 0].add(rise)
            columns = jnp.array(payload_channels(layout))
            weights = weights.at[:, row, columns].add(jnp.asarray(edges.directions[gap]))
    if edges.weights is not None and edges.given is not None:
        opens = jnp.where(jnp.asarray(edges.opens[gap]), 1.0, 0.0)[:, None, None]
        whole = jnp.asarray(edges.weights[gap]) - opens * mean[None]
        weights = jnp.where(jnp.asarray(edges.given[gap])[:, None, None], whole, weights)
    return jnp.where(there[:, None, None], weights, 0.0)


def full_weights(circuits: AbstractCircuits, edges: Edges, gap: Gap) -> Float[Array, "E d d"]:
    """Return W_e as dense d x d matrices, [edge, to, from], mean and own part together."""
    layout = edge_layout(circuits.layout, edges.wide)
    channels = layout.matrix
    mean = jnp.matmul(
        _of_gap(circuits.mean_weights(), gap),
        channels[list(layout.mean_channels)],
        precision="highest",
    )
    opens = jnp.where(jnp.asarray(edges.opens[gap]), 1.0, 0.0)
    full = opens[:, None, None] * mean[None]
    if not layout.difference_channels:
        return full
    reads = channels[list(layout.difference_channels)]
    written = jnp.einsum(
        "eoi,id->eod", own_weights_of(circuits, edges, gap), reads, precision="highest"
    )
    return full.at[:, jnp.array(layout.difference_outputs)].add(written)
