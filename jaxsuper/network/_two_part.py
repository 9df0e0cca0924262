"""Networks whose indicators have neurons and sets of their own, apart from those of the rest."""

from abc import abstractmethod
from itertools import product
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import AbstractAllocation, Count, Extent
from ..circuits import AbstractCircuits, Layout, mean_matrix
from . import _shared as shared
from ._edges import Arrivals, own_parts
from ._inhibition import balanced
from ._network import AbstractLayer, AbstractNetwork
from ._placement import indicator_vectors, place, Placement
from ._sums import gather_sum


OPTIONS = ("indicators", "inhibition", "inhibition_factor")


class AbstractTwoPart(AbstractNetwork):
    """Indicator on n_a neurons with redundancy S_a, payload on n_x neurons with redundancy S_x.

    The gate of a payload neuron reads the indicators of the layer before through a clipped matrix
    C = min(1, sum_t e_t^payload ⊗ e_t^indicator), with inhibition where C is 0 such that the mean
    over pairs t ≠ v vanishes; the payload's own links are those of the clipped construction:

        h = Ctilde alpha / S_a,   y' = ReLU( (1+b) h + sum_t R_t x_t / S_x - b ),
        x_t = mean of y over its payload neurons - mean of alpha over its indicator neurons

    Blocks are written side by side: rows of indicator neurons use the first n_a of the n_a + n_x
    columns, rows of payload neurons the others; the unused entries stay 0 and are no neurons of
    the network, but the share of active neurons of a block is counted over all n_a + n_x.

    Attributes:
        circuits, precision: see `AbstractNetwork`.
        placement: of the sets of both parts, a circuit's indicator neurons first.
        gates: bool (L-1, n_x, n_a), C from the indicators of layer l-1, [to, from].
        gate_inhibition: (L-1, n_x), chi' of each payload neuron.
        inhibition_factor: a factor on all chi'.
        indicator_width: n_a.
        indicator_redundancy: S_a.
        extents: of indicators and of payload, if the arrays have room to spare.
        inhibition_rule: the rule that chi' comes from, by name.
    """

    circuits: AbstractCircuits
    placement: Placement
    gates: Bool[Array, "gaps nx na"]
    gate_inhibition: Float[Array, "gaps nx"]
    inhibition_factor: Scalar
    indicator_width: int = eqx.field(static=True)
    indicator_redundancy: int = eqx.field(static=True)
    precision: str = eqx.field(static=True)
    inhibition_rule: str = eqx.field(static=True)
    extents: tuple[Extent, Extent] | None

    @property
    def payload_redundancy(self) -> int:
        """S_x, or the columns there are for it."""
        return self.redundancy - self.indicator_redundancy

    @property
    def redundancies(self) -> tuple[Count, Count]:
        """S_a and S_x that count."""
        if self.extents is None:
            return self.indicator_redundancy, self.payload_redundancy
        own, payload = self.extents
        return own.redundancy, payload.redundancy

    @property
    def payload_width(self) -> int:
        """Neurons of a payload block, n_x."""
        return self.block_width - self.indicator_width


class AbstractTwoPartLayer(AbstractLayer):
    """The gates' sum and the payload's links; the indicator rows are the construction's own.

    Attributes:
        gates: (L-1, n_x, n_a), Ctilde / S_a from indicators to gates.
        mean: (L-1, d, r), weights from the indicator.
        difference: (L-1, T or E, out, in), the own weights of each circuit, or of each edge.
        bias: (L-1, d), of neurons that exist.
        members: (L-1, n_x, R), the circuits on each payload neuron.
        sets: (L-1, T, S_x), the payload neurons of each circuit.
        layout: of the circuits, or of the edges' own weights.
        payload: which of the d rows are the payload's.
        precision: of matrix products.
        arrivals: which edges `difference` is of, if it is of edges and not of circuits.
        relays: (L-1, n_x, n_x), Ctilde / S_x between payloads, for mean weights that read them, or None.
        relayed: the channels that these read.
    """

    gates: Float[Array, "gaps nx na"]
    mean: Float[Array, "gaps d r"]
    difference: Float[Array, "gaps E out in_"]
    bias: Float[Array, "gaps d"]
    members: Int[Array, "gaps nx R"]
    sets: Int[Array, "gaps T Sx"]
    layout: Layout = eqx.field(static=True)
    payload: tuple[int, ...] = eqx.field(static=True)
    precision: str = eqx.field(static=True)
    arrivals: Arrivals | None
    relays: Float[Array, "gaps nx nx"] | None
    relayed: tuple[int, ...] = eqx.field(static=True)

    @abstractmethod
    def indicator_fields(
        self, alpha: Float[Array, "na B"], change: Float[Array, "on T B"]
    ) -> list[Float[Array, "na B"]]:
        """Return the indicator rows before their activation, biases included.

        Args:
            alpha: of the layer before.
            change: what own weights give each circuit's indicator neurons; no rows where they only
                give to payload neurons.
        """

    def changes(self, means: CircuitValues) -> Float[Array, "out T B"]:
        """Return what each circuit receives by own weights, for the rows that they write."""

        def send(values: CircuitValues) -> Float[Array, "out T B"]:
            return shared.difference_part(self.layout, self.difference, values)

        return send(means) if self.arrivals is None else self.arrivals.sums(means, send)

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l."""
        payload_width, width = self.gates.shape
        alpha = channels[0, :width]
        seen = jnp.matmul(self.gates, alpha, precision=self.precision)
        change = self.changes(means)
        # Indicator rows come first, where own weights write them at all.
        split = len(self.layout.difference_outputs) - len(self.payload)
        brought = shared.spread(change[split:], self.members, self.sets)
        payload = [
            self.mean[row, 0] * seen + brought[i] + self.bias[row]
            for i, row in enumerate(self.payload)
        ]
        if self.relays is not None:
            for column, channel in enumerate(self.relayed, start=1):
                sent = jnp.matmul(self.relays, channels[channel, width:], precision=self.precision)
                rows = zip(payload, self.payload, strict=True)
                payload = [field + self.mean[row, column] * sent for field, row in rows]
        above, below = ((0, payload_width), (0, 0)), ((width, 0), (0, 0))
        rows = [jnp.pad(row, above) for row in self.indicator_fields(alpha, change[:split])]
        return jnp.stack(rows + [jnp.pad(row, below) for row in payload])


def layer_fields(
    network: AbstractTwoPart, relays: Float[Array, "gaps nx nx"] | None = None
) -> dict[str, Any]:
    """Return the fields of `AbstractTwoPartLayer`, stacked over layers 2..L.

    Args:
        network: the network.
        relays: of the layer.
    """
    circuits, n_layers = network.circuits, network.n_layers
    arrivals, layout, difference = own_parts(network)
    sends, factor = network.redundancies[0], network.inhibition_factor
    return {
        "gates": balanced(network.gates, network.gate_inhibition, factor, sends),
        "mean": shared.stacked(circuits.mean_weights(), n_layers),
        "difference": difference,
        "bias": shared.stacked(circuits.biases(), n_layers),
        "members": network.placement.members[1:, network.indicator_width :],
        "sets": network.placement.sets[1:, :, network.indicator_redundancy :]
        - network.indicator_width,
        "layout": layout,
        "payload": circuits.layout.difference_outputs,
        "precision": network.precision,
        "arrivals": arrivals,
        "relays": relays,
        "relayed": circuits.layout.mean_channels[1:],
    }


def two_part_channels(self: AbstractTwoPart, activations: Activations) -> Channels:
    """Return alpha on indicator neurons, and y, not yet x, on payload neurons."""
    layout, width = self.circuits.layout, self.indicator_width
    alpha = shared.combine(layout.channels[0], activations).at[width:].set(0.0)
    return jnp.stack([alpha, *(activations[row] for row in layout.difference_outputs)])


def two_part_means(
    self: AbstractTwoPart, channels: Channels, sets: Int[Array, "T S"]
) -> CircuitValues:
    """Return each circuit's alpha, and the other channels: x = y - alpha·1 of rotations, y of others."""
    split, parts = self.indicator_redundancy, (None, None)
    members = self.placement.only_members()
    if members is not None:
        indicates = jnp.arange(self.block_width)[:, None] < self.indicator_width
        parts = [jnp.where(here, members, self.n_circuits) for here in (indicates, ~indicates)]
    own, others = (1 / as_float(count) for count in self.redundancies)
    alpha = gather_sum(channels[:1], sets[:, :split], own, back=parts[0])
    payload = gather_sum(channels[1:], sets[:, split:], others, back=parts[1])
    return jnp.concatenate([alpha, _less(self.circuits.layout, payload, alpha)])


def _less(layout: Layout, payload: CircuitValues, alpha: Float[Array, "1 T B"]) -> CircuitValues:
    """Take off the payload what its channels have of the indicator."""
    taken = [-row[0] for row in layout.channels[1:]]
    if not any(taken):
        return payload
    if all(factor == 1 for factor in taken):
        return payload - alpha
    return payload - jnp.array(taken, payload.dtype)[:, None, None] * alpha


def rectified_where_neurons_are(
    self: AbstractTwoPart, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
) -> Activations:
    """Apply the ReLU, and keep what is no neuron at 0."""
    del sets, active
    return jax.nn.relu(before) * jnp.asarray(self.exists(), jnp.float32)[..., None]


def two_part_exists(self: AbstractTwoPart) -> Bool[np.ndarray, "d n"]:
    """Return where a block has a neuron: indicator rows in the first n_a columns, payload after."""
    columns = np.arange(self.block_width) >= self.indicator_width
    width, outputs = self.circuits.width, self.circuits.layout.difference_outputs
    return columns[None, :] == np.isin(np.arange(width), outputs)[:, None]


def place_parts(
    indicators: AbstractAllocation, payload: AbstractAllocation, n_layers: int, key: KeyScalar
) -> tuple[Placement, Placement]:
    """Shuffle both allocations, independently of each other."""
    keys = jax.random.split(key)
    return place(indicators, n_layers, key=keys[0]), place(payload, n_layers, key=keys[1])


def extents_of(own: Placement, payload: Placement) -> tuple[Extent, Extent] | None:
    """Return how much of both parts counts, None if all does."""
    return None if own.padded is None or payload.padded is None else (own.padded, payload.padded)


def _parts(
    network: AbstractTwoPart, layer: int
) -> tuple[tuple[Float[Array, "E columns"], ...], tuple[Float[Array, "E columns"], ...]]:
    """Return the vectors of sources and targets into a layer: on indicator, then payload neurons."""
    vectors = []
    for number in (layer - 1, layer):
        on = _on(network, number)
        vectors.append((on, indicator_vectors(network.placement, number) - on))
    pairs = [
        shared.edge_vectors(network.edges, layer, *pair) for pair in zip(*vectors, strict=True)
    ]
    before, after = zip(*pairs, strict=True)
    return before, after


def dense_clipped_part(
    network: AbstractTwoPart,
    layer: int,
    part: int,
    columns: slice,
    chi: Float[Array, " part"],
    source: int = 0,
) -> Float[Array, "columns columns"]:
    """Return Ctilde / S of one part to those of one part, from the definition.

    Args:
        network: the network.
        layer: 1..L-1.
        part: that receives: 0 for indicators, 1 for payloads.
        columns: its neurons.
        chi: of each of them.
        source: the part that sends.
    """
    size, split = network.block_width, network.indicator_width
    sends = (network.indicator_redundancy, network.payload_redundancy)[source]
    sending = (slice(0, split), slice(split, None))[source]
    before, after = _parts(network, layer)
    opening = after[part] * shared.dense_own(network, layer)[1][:, None]
    linked = jnp.minimum(1.0, jnp.matmul(opening.T, before[source], precision="highest"))
    factors = jnp.zeros(size).at[columns].set(chi * network.inhibition_factor)[:, None]
    exists = jnp.zeros((size, size)).at[columns, sending].set(1.0)
    return (linked - factors * (1 - linked)) * exists / sends


def _on(network: AbstractTwoPart, layer: int) -> Float[Array, "T columns"]:
    """Return the indicator vectors of the circuits' indicator neurons."""
    sets = network.placement.sets[layer, :, : network.indicator_redundancy]
    empty = jnp.zeros((network.n_circuits, network.block_width))
    return empty.at[jnp.arange(network.n_circuits)[:, None], sets].set(1.0)


def dense_payload(network: AbstractTwoPart, layer: int) -> Float[Array, "d n d n"]:
    """Return gates, and all own weights, over all entries, from the definition.

    W = sum_e own_e,ij e_target ⊗ e_source / S, each on the neurons that rows i and columns j have.
    """
    circuits, layout = network.circuits, network.circuits.layout
    before, after = _parts(network, layer)
    mean, own = mean_matrix(circuits, layer), shared.dense_own(network, layer)[0]
    size, sends = network.block_width, (network.indicator_redundancy, network.payload_redundancy)
    chi, columns = network.gate_inhibition[layer - 1], slice(network.indicator_width, None)
    gates = dense_clipped_part(network, layer, 1, columns, chi)
    # What mean weights have of other channels than the indicator is `dense_relays`.
    mean = mean.at[:, jnp.array(layout.difference_outputs)].set(0.0)
    weights = jnp.zeros((circuits.width, size, circuits.width, size))
    for row in layout.difference_outputs:
        weights = weights.at[row].add(gates[:, None, :] * mean[row][None, :, None])
    written = layout.difference_outputs if network.edges is None else range(circuits.width)
    for row, column in product(written, range(circuits.width)):
        to, read = (int(place in layout.difference_outputs) for place in (row, column))
        terms = own[:, row, column, None] * after[to]
        links = jnp.matmul(terms.T, before[read], precision="highest") / sends[read]
        weights = weights.at[row, :, column].add(links)
    return weights


def dense_relays(
    network: AbstractTwoPart, layer: int, chi: Float[Array, " nx"]
) -> Float[Array, "d n d n"]:
    """Return what mean weights send from payloads to payloads, over all entries, from the definition."""
    circuits, columns = network.circuits, slice(network.indicator_width, None)
    relays = dense_clipped_part(network, layer, 1, columns, chi, source=1)
    mean = mean_matrix(circuits, layer).at[:, :2].set(0.0)
    return mean[:, None, :, None] * relays[None, :, None, :]


def dense_steps(
    network: AbstractTwoPart, layer: int, chi: Float[Array, " na"]
) -> Float[Array, "columns columns"]:
    """Return Ctilde / S_a between indicators, from the definition."""
    columns = slice(0, network.indicator_width)
    return dense_clipped_part(network, layer, 0, columns, chi)
