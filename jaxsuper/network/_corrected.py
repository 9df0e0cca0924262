"""The corrected unembedding u, and what the two constructions that use it share."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import as_float, take_rows
from .._errors import lookup
from .._types import Activations, Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import AbstractAllocation, extent_of
from ..circuits import AbstractCircuits, Layout, mean_matrix
from ..programs import Edges
from . import _shared as shared
from ._edges import Arrivals, own_parts
from ._network import AbstractLayer, AbstractNetwork
from ._placement import indicator_vectors, place, Placement
from ._wiring import ends_of, Gap, per_row, repeated, Rest, scatter, simple_wiring, Wiring


OPTIONS = ("overlap", "edges")


class AbstractCorrected(AbstractNetwork):
    """A network that is read out with u_t = e_t (1/S + c) - c·1, c = p/((S - p) S).

    <u_t, e_t> = 1, and if p is the mean overlap of two circuits, <u_t, e_v> = 0 on average over
    v ≠ t. The published code takes p as if loads were even, which is too small for prime steps.
    Source: notes#network.

    With edges W has a term u_target ⊗ e_source for each: u needs no balance, since what a circuit
    sends to all others on average is 0 already.

    Attributes:
        circuits, placement: see `AbstractNetwork`.
        overlap: p, in neurons.
        precision: of matrix products.
        edges: which circuit feeds which; None if each is its own successor.
    """

    circuits: AbstractCircuits
    placement: Placement
    overlap: Scalar
    precision: str = eqx.field(static=True)
    edges: Edges | None = None

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        overlap: str = "even",
        precision: str = "highest",
        edges: Edges | None = None,
    ) -> "AbstractCorrected":
        """Build the network; may be traced.

        Args:
            circuits: T small circuits.
            allocation: T sets.
            n_layers: L.
            key: for the shuffles.
            overlap: "even" for p of even loads (published), "exact" for that of the allocation.
            precision: of matrix products.
            edges: which circuit feeds which; each its own successor if left out.

        Returns:
            The network.
        """
        p = lookup(_OVERLAPS, overlap, "overlap")(allocation)
        placement = place(allocation, n_layers, key=key)
        return cls(
            circuits=circuits, placement=placement, overlap=p, precision=precision, edges=edges
        )

    @property
    def correction(self) -> Float[Array, ""]:
        """c·S = p/(S - p)."""
        return self.overlap / (as_float(self.placement.extent.redundancy) - self.overlap)

    def unembedding(self, layer: int) -> Float[Array, "T n"]:
        """Return the corrected u_t = e_t (1/S + c) - c of a layer, counted from 0."""
        overlap, redundancy = self.overlap, self.redundancy
        c = overlap / ((redundancy - overlap) * redundancy)
        return indicator_vectors(self.placement, layer) * (1 / redundancy + c) - c


class AbstractCorrectedLayer(AbstractLayer):
    """A layer whose weights are spread over neurons with u.

    Attributes:
        mean: (L-1, d, r), weights from the mean channels.
        difference: (L-1, T or E, out, in), the own weights of each circuit, or of each edge.
        members: (L-1, n, R), the circuits on each neuron.
        sets: (L-1, T, S), the neurons of each circuit.
        bias: (L-1, d).
        correction: (L-1,), c·S.
        layout: of the circuits, or of the edges' own weights.
        arrivals: which edges `difference` is of, if it is of edges and not of circuits.
    """

    mean: Float[Array, "gaps d r"]
    difference: Float[Array, "gaps E out in_"]
    members: Int[Array, "gaps n R"]
    sets: Int[Array, "gaps T S"]
    bias: Float[Array, "gaps d"]
    correction: Float[Array, " gaps"]
    layout: Layout = eqx.field(static=True)
    arrivals: Arrivals | None = None

    @abstractmethod
    def spread_own(self, values: Float[Array, "out T B"]) -> Float[Array, "out n B"]:
        """Spread the circuits' own outputs over their neurons, times S."""

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l; the mean channels are spread with u."""
        del channels
        layout = self.layout
        opening, own = self.arriving(means)
        mean = shared.mean_part(self.mean, list(self.corrected_spread(opening)))
        change = self.spread_own(own)
        return shared.add_difference(layout, mean, change) + self.bias[:, None, None]

    def arriving(
        self, means: CircuitValues
    ) -> tuple[Float[Array, "r T B"], Float[Array, "out T B"]]:
        """Return for each circuit the mean channels, and what own weights make, of its sources."""
        layout, arrivals = self.layout, self.arrivals

        def own(values: CircuitValues) -> Float[Array, "out T B"]:
            return shared.difference_part(layout, self.difference, values)

        if arrivals is None:
            return take_rows(means, layout.mean_channels), own(means)
        opens = arrivals.opens[None, :, None]

        def send(values: CircuitValues) -> Float[Array, "rows T B"]:
            opening = jnp.where(opens, take_rows(values, layout.mean_channels), 0.0)
            return jnp.concatenate([opening, own(values)])

        arrived = arrivals.sums(means, send)
        count = len(layout.mean_channels)
        return arrived[:count], arrived[count:]

    def corrected_spread(self, values: CircuitValues) -> Float[Array, "k n B"]:
        """Return S·sum_t u_t values_t."""
        total = jnp.sum(values, axis=1, keepdims=True)
        return (1 + self.correction) * shared.spread(
            values, self.members, self.sets
        ) - self.correction * total


def corrected_fields(network: AbstractCorrected) -> dict[str, Any]:
    """Return the fields of `AbstractCorrectedLayer`, stacked over layers 2..L."""
    circuits, n_layers = network.circuits, network.n_layers
    arrivals, layout, difference = own_parts(network)
    return {
        "mean": shared.stacked(circuits.mean_weights(), n_layers),
        "difference": difference,
        "members": network.placement.members[1:],
        "sets": network.placement.sets[1:],
        "bias": shared.stacked(circuits.biases(), n_layers),
        "correction": jnp.broadcast_to(network.correction, (n_layers - 1,)),
        "layout": layout,
        "arrivals": arrivals,
    }


def corrected_readout(
    self: AbstractCorrected, channels: Channels, means: CircuitValues
) -> CircuitValues:
    """Return <u_t, A> = (1 + c S)·mean over M_t - c·sum over all neurons."""
    total = jnp.sum(channels, axis=1, keepdims=True)
    total = total / as_float(self.placement.extent.redundancy)
    return (1 + self.correction) * means - self.correction * total


def corrected_wiring(self: AbstractCorrected, balanced: Callable[[Any, Any], Any]) -> Wiring:
    """Return the wiring of weights that are spread with u.

    Args:
        self: the network.
        balanced: from the whole weights of the edges, and the opening part of them, to what u and
            not e/S spreads.
    """
    layout, n, S = self.circuits.layout, self.block_width, self.redundancy
    c = float(self.correction) / S

    def gap(layer: int) -> Gap:
        sources, targets, there = ends_of(self, layer)
        own, opens = (np.asarray(part)[there] for part in shared.dense_own(self, layer))
        opened = opens[:, None, None] * np.asarray(mean_matrix(self.circuits, layer))[None]
        spread = balanced(own + opened, opened).astype(np.float32)
        sets = (np.asarray(self.placement.sets[layer - 1 + i]) for i in range(2))
        before, after = (per_row(each, layout.width) for each in sets)

        def correction() -> np.ndarray:
            linked = scatter(spread, after[targets], before[sources], n)
            # What is taken from all neurons alike: sum_e w_e,ij e_source.
            sent = np.zeros((layout.width, layout.width, n), np.float32)
            for i, j in np.ndindex(layout.width, layout.width):
                columns, each = before[sources, j], spread[:, i, j]
                values = np.repeat(each, columns.shape[1])
                sent[i, j] = np.bincount(columns.ravel(), values, minlength=n)
            return c * (linked - sent[:, None])

        return Gap(
            sources,
            targets,
            ((own + opened) / S).astype(np.float32),
            (Rest("correction", False, correction),),
            repeated(shared.bias_of(self.circuits, layer), n),
        )

    return simple_wiring(self, gap, layout.matrix * (1 / S + c), -layout.matrix * np.float32(c))


def even_overlap(allocation: AbstractAllocation) -> Scalar:
    """Return S (T S/n - 1)/(T - 1), the mean overlap if every neuron carried the same load."""
    extent = extent_of(allocation)
    count, redundancy = as_float(extent.n_circuits), as_float(extent.redundancy)
    load = count * redundancy / as_float(extent.block_width)
    return jnp.maximum(redundancy * (load - 1) / jnp.maximum(count - 1, 1.0), 0.0)


def exact_overlap(allocation: AbstractAllocation) -> Scalar:
    """Return sum_i r_i (r_i - 1) / (T (T - 1)), traceable unlike `allocation.mean_overlap`."""
    loads = jnp.asarray(allocation.loads, dtype=jnp.float32)
    count = as_float(extent_of(allocation).n_circuits)
    return jnp.sum(loads * (loads - 1)) / jnp.maximum(count * (count - 1), 1.0)


_OVERLAPS = {"even": even_overlap, "exact": exact_overlap}
