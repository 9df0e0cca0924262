"""The clipped construction, the one that the published rotations use."""

from functools import partial
from typing import Any, ClassVar, TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float
from .._settings import PARAMETERS
from .._types import Activations, Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import AbstractAllocation
from ..circuits import AbstractCircuits, Layout, mean_matrix
from ..programs import Edges
from . import _shared as shared
from ._edges import Arrivals, edge_links, listed_edge_links, own_parts
from ._inhibition import balanced, clipped_links, Links, listed_links, lists_are_shorter
from ._network import AbstractLayer, AbstractNetwork, Traits
from ._placement import indicator_vectors, place, Placement
from ._sums import gather_sum
from ._wiring import clipped_rests, counted, ends_of, Gap, repeated, simple_wiring, Wiring


class Matrix(eqx.Module):
    """Ctilde / S as a matrix: (L-1, n, n), and the precision of products with it."""

    matrix: Float[Array, "gaps n n"]
    precision: str = eqx.field(static=True)

    def __call__(self, channel: Float[Array, "n B"]) -> Float[Array, "n B"]:
        """Apply it to a channel."""
        return jnp.matmul(self.matrix, channel, precision=self.precision)


class Lists(eqx.Module):
    """Ctilde / S by lists: (1 + chi')/S times the connected neurons' sum, less chi'/S times all.

    Attributes:
        links: who is connected.
        excites: (L-1, n), (1 + chi')/S.
        inhibits: (L-1, n), chi'/S.
    """

    links: Links
    excites: Float[Array, "gaps n"]
    inhibits: Float[Array, "gaps n"]

    def __call__(self, channel: Float[Array, "n B"]) -> Float[Array, "n B"]:
        """Apply it to a channel."""
        lists = {"ragged": True, "back": self.links.back, "back_ragged": True}
        connected = gather_sum(channel[None], self.links.listed, **lists)[0]
        total = channel.sum(axis=0, keepdims=True)
        return self.excites[:, None] * connected - self.inhibits[:, None] * total


Tilde: TypeAlias = Matrix | Lists


class AbstractClipped(AbstractNetwork):
    """Networks whose mean weights go through the clipped matrix Ctilde.

    C = min(1, sum_t e_t^l ⊗ e_t^{l-1}) and Ctilde = C - chi'·(1 - C): neurons that share a circuit
    excite each other once, all others inhibit. With edges t, here and below, stands for edges: C and
    W have a term e_target^l ⊗ e_source^{l-1} for each.

    Attributes:
        circuits, placement: see `AbstractNetwork`.
        connected: bool (L-1, n, n), C between layers l-1 and l, [to, from], or the same as lists
            where these are shorter, in wide networks of few circuits per neuron.
        inhibition: (L-1, n), chi' of each receiving neuron.
        inhibition_factor: a factor on chi', a scalar (1 by default).
        precision: of matrix products.
        inhibition_rule: the rule that chi' comes from, by name.
        edges: which circuit feeds which; None if each is its own successor.
    """

    circuits: AbstractCircuits
    placement: Placement
    connected: Bool[Array, "gaps n n"] | Links
    inhibition: Float[Array, "gaps n"]
    inhibition_factor: Scalar
    precision: str = eqx.field(static=True)
    inhibition_rule: str = eqx.field(static=True)
    edges: Edges | None = None

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        inhibition: str = "scalar",
        inhibition_factor: Any = 1.0,
        precision: str = "highest",
        edges: Edges | None = None,
    ) -> "AbstractClipped":
        """Build the network; may be traced.

        Args:
            circuits: T small circuits.
            allocation: T sets.
            n_layers: L.
            key: for the shuffles.
            inhibition: "scalar" for one chi' per pair of layers (published), "receiver" for one per
                receiving neuron, which evens out uneven loads.
            inhibition_factor: a factor on chi'.
            precision: of matrix products.
            edges: which circuit feeds which; each its own successor if left out.

        Returns:
            The network.
        """
        placement = place(allocation, n_layers, key=key)
        loads = allocation.loads
        if edges is not None and lists_are_shorter(placement, edges.fan):
            connected, chi = listed_edge_links(edges, placement, inhibition)
        elif edges is not None:
            connected, chi = edge_links(edges, placement, placement, inhibition)
        elif lists_are_shorter(placement):
            connected, chi = listed_links(placement, loads, inhibition)
        else:
            connected, chi = clipped_links(placement, placement, loads, loads, inhibition)
        factor = jnp.asarray(inhibition_factor, dtype=jnp.float32)
        return cls(
            circuits=circuits,
            placement=placement,
            connected=connected,
            inhibition=chi,
            inhibition_factor=factor,
            precision=precision,
            inhibition_rule=inhibition,
            edges=edges,
        )

    def tilde(self) -> "Tilde":
        """Return Ctilde / S of layers 2..L."""
        sends = self.placement.extent.redundancy
        if not isinstance(self.connected, Links):
            matrix = balanced(self.connected, self.inhibition, self.inhibition_factor, sends)
            return Matrix(matrix, self.precision)
        chi, each = self.inhibition * self.inhibition_factor, as_float(sends)
        return Lists(self.connected, (1 + chi) / each, chi / each)

    def dense_tilde(self, layer: int) -> Float[Array, "n n"]:
        """Return Ctilde / S into array layer `layer`, counted from the definition."""
        sets = (indicator_vectors(self.placement, layer - 1 + i) for i in range(2))
        before, after = shared.edge_vectors(self.edges, layer, *sets)
        opening = after * shared.dense_own(self, layer)[1][:, None]
        linked = jnp.minimum(1.0, jnp.matmul(opening.T, before, precision="highest"))
        chi = (self.inhibition[layer - 1] * self.inhibition_factor)[:, None]
        return (linked - chi * (1 - linked)) / self.redundancy


class AbstractClippedLayer(AbstractLayer):
    """A layer that reads its mean channels through Ctilde, its own payloads through the circuits.

    Attributes:
        mean: (L-1, d, r), weights from the mean channels.
        difference: (L-1, T or E, out, in), the own weights of each circuit, or of each edge.
        tilde: Ctilde / S, as a matrix or by lists.
        members: (L-1, n, R), the circuits on each neuron.
        sets: (L-1, T, S), the neurons of each circuit.
        bias: (L-1, d).
        layout: of the circuits, or of the edges' own weights.
        arrivals: which edges `difference` is of, if it is of edges and not of circuits.
    """

    mean: Float[Array, "gaps d r"]
    difference: Float[Array, "gaps E out in_"]
    tilde: Matrix | Lists
    members: Int[Array, "gaps n R"]
    sets: Int[Array, "gaps T S"]
    bias: Float[Array, "gaps d"]
    layout: Layout = eqx.field(static=True)
    arrivals: Arrivals | None = None

    def seen(self, channel: Float[Array, "n B"]) -> Float[Array, "n B"]:
        """Return Ctilde / S applied to a channel."""
        return self.tilde(channel)

    def brought(self, means: CircuitValues) -> Float[Array, "out n B"]:
        """Return what each neuron's circuits bring by their own weights."""

        def send(values: CircuitValues) -> Float[Array, "out T B"]:
            return shared.difference_part(self.layout, self.difference, values)

        change = send(means) if self.arrivals is None else self.arrivals.sums(means, send)
        return shared.spread(change, self.members, self.sets)


class ClippedLayer(AbstractClippedLayer):
    """Mean part through the n x n matrix Ctilde, difference part through the circuits."""

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l."""
        # A product per channel: one product over all of them would transpose the batch.
        seen = [self.seen(channels[channel]) for channel in self.layout.mean_channels]
        mean = shared.mean_part(self.mean, seen)
        before = shared.add_difference(self.layout, mean, self.brought(means))
        return before + self.bias[:, None, None]


def clipped_fields(network: AbstractClipped) -> dict[str, Any]:
    """Return the fields of `AbstractClippedLayer`, stacked over layers 2..L."""
    circuits, n_layers = network.circuits, network.n_layers
    arrivals, layout, difference = own_parts(network)
    return {
        "mean": shared.stacked(circuits.mean_weights(), n_layers),
        "difference": difference,
        "tilde": network.tilde(),
        "members": network.placement.members[1:],
        "sets": network.placement.sets[1:],
        "bias": shared.stacked(circuits.biases(), n_layers),
        "layout": layout,
        "arrivals": arrivals,
    }


def clipped_layers(self: AbstractClipped) -> ClippedLayer:
    """Return layers 2..L with the clipped weights."""
    return ClippedLayer(**clipped_fields(self))


def dense_clipped(
    self: AbstractClipped, layer: int
) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
    """Return W = wbar ⊗ Ctilde / S + sum_t (w_t - wbar) e_t ⊗ e_t / S, and B."""
    circuits, width = self.circuits, self.network_width
    mean, own = mean_matrix(circuits, layer), shared.dense_own(self, layer)[0]
    sets = (indicator_vectors(self.placement, layer - 1 + i) for i in range(2))
    before, after = shared.edge_vectors(self.edges, layer, *sets)
    blocks = mean[:, None, :, None] * self.dense_tilde(layer)[None, :, None, :]
    blocks = blocks + shared.outer(own, after, before) / self.redundancy
    bias = jnp.repeat(shared.bias_of(circuits, layer), self.block_width)
    return [(blocks.reshape(width, width), bias)]


def clipped_gap(self: AbstractClipped, layer: int) -> Gap:
    """Return what leads into array layer `layer`: the edges' own, clipping and inhibition."""
    width, n = self.circuits.width, self.block_width
    sources, targets, there = ends_of(self, layer)
    own, opens = (np.asarray(part)[there] for part in shared.dense_own(self, layer))
    mean = np.asarray(mean_matrix(self.circuits, layer))
    before, after = (
        np.asarray(self.placement.sets[layer - 1]),
        np.asarray(self.placement.sets[layer]),
    )
    opening = opens > 0
    count = counted(after[targets[opening]], before[sources[opening]], n)
    chi = np.asarray(self.inhibition[layer - 1] * self.inhibition_factor)
    whole = (own + opens[:, None, None] * mean[None]) / self.redundancy
    return Gap(
        sources,
        targets,
        whole.reshape(-1, width, width).astype(np.float32),
        clipped_rests(mean, count, chi, self.redundancy),
        repeated(shared.bias_of(self.circuits, layer), n),
    )


def clipped_wiring(self: AbstractClipped) -> Wiring:
    """Return the wiring of clipped weights."""
    reading = self.circuits.layout.matrix / self.redundancy
    return simple_wiring(self, partial(clipped_gap, self), reading)


class Clipped(AbstractClipped):
    """W_ij = (wbar_ij Ctilde + sum_t dw_t,ij e_t^l ⊗ e_t^{l-1}) / S, read out with e/S.

    See `AbstractClipped` for Ctilde and the attributes. Source: notes#network.
    """

    traits: ClassVar[Traits] = Traits(
        "clipped",
        options=("inhibition", "inhibition_factor", "edges"),
        paddable=True,
        trainable=True,
        tunable=PARAMETERS,
    )
    first_layer = shared.embed_inputs
    layers = clipped_layers
    activate = shared.rectified
    channels = shared.circuit_channels
    means = shared.means_over_sets
    readout = shared.means_as_they_are
    exists = shared.all_exist
    dense_first = shared.dense_embed_inputs
    dense_layer = dense_clipped
    wiring = clipped_wiring
