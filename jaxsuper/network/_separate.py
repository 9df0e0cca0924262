"""Recomputed indicators with neurons, sets and redundancy of their own."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._settings import PARAMETERS
from .._types import KeyScalar
from ..allocation import AbstractAllocation
from ..circuits import AbstractCircuits, small_weights
from ..programs import Edges
from . import _shared as shared, _two_part as two_part
from ._edges import edge_links
from ._inhibition import balanced, clipped_links
from ._network import INDICATED, Traits
from ._placement import join
from ._two_part_wiring import two_part_gap, two_part_wiring
from ._wiring import Wiring


class SeparateLayer(two_part.AbstractTwoPartLayer):
    """The circuits' step of the clipped sum over indicators.

    Attributes:
        steps: (L-1, n_a, n_a), Ctilde / S_a between indicators.
        own_members: (L-1, n_a, R), the circuits on each indicator neuron.
        own_sets: (L-1, T, S_a), the indicator neurons of each circuit.
        n_steps: neurons of the step.
    """

    steps: Float[Array, "gaps na na"]
    own_members: Int[Array, "gaps na R"]
    own_sets: Int[Array, "gaps T Sa"]
    n_steps: int = eqx.field(static=True)

    def indicator_fields(
        self, alpha: Float[Array, "na B"], change: Float[Array, "on T B"]
    ) -> list[Float[Array, "na B"]]:
        """Return the two neurons of the step; edges may switch, or decide, by own weights."""
        seen = jnp.matmul(self.steps, alpha, precision=self.precision)
        rows = [self.mean[row, 0] * seen + self.bias[row] for row in range(self.n_steps)]
        if not len(change):
            return rows
        brought = shared.spread(change, self.own_members, self.own_sets)
        return [row + added for row, added in zip(rows, brought, strict=True)]


class Separate(two_part.AbstractTwoPart):
    """The clipped construction with separate shares of D for indicator and payload.

    Indicators are recomputed in every layer through a clipped matrix between indicator neurons.
    With r allocations side by side (`allocation.redundant`) they are r indicators per circuit,
    averaged before the step. Source: notes#indicators, schemes 1, 2 and 5.

    Attributes:
        steps: bool (L-1, n_a, n_a), C between indicators.
        step_inhibition: (L-1, n_a), chi' of each indicator neuron.
        edges: which circuit feeds which; None if each is its own successor.
        relays: C between payload neurons and chi' of each, for mean weights that read payloads;
            None where they read indicators alone.
        circuits, placement, gates, gate_inhibition, inhibition_factor, indicator_width,
            indicator_redundancy, extents, precision, inhibition_rule: see `AbstractTwoPart`.
    """

    steps: Bool[Array, "gaps na na"]
    step_inhibition: Float[Array, "gaps na"]
    edges: Edges | None = None
    relays: tuple[Bool[Array, "gaps nx nx"], Float[Array, "gaps nx"]] | None = None
    traits: ClassVar[Traits] = Traits(
        "separate",
        needs=INDICATED,
        options=(*two_part.OPTIONS, "edges"),
        trainable=True,
        tunable=PARAMETERS,
    )
    first_layer = shared.embed_inputs
    activate = two_part.rectified_where_neurons_are
    channels = two_part.two_part_channels
    means = two_part.two_part_means
    readout = shared.means_as_they_are
    exists = two_part.two_part_exists
    dense_first = shared.dense_embed_inputs

    @classmethod
    def build(
        cls,
        circuits: AbstractCircuits,
        allocation: AbstractAllocation,
        n_layers: int,
        *,
        key: KeyScalar,
        indicators: AbstractAllocation,
        inhibition: str = "scalar",
        inhibition_factor: Any = 1.0,
        precision: str = "highest",
        edges: Edges | None = None,
    ) -> "Separate":
        """Build the network; may be traced.

        Args:
            circuits: T circuits with an on-indicator of two neurons.
            allocation: T sets for the payload.
            n_layers: L.
            key: for the shuffles.
            indicators: T sets for the indicators.
            inhibition: "scalar" or "receiver".
            inhibition_factor: a factor on chi'.
            precision: of matrix products.
            edges: which circuit feeds which; each its own successor if left out.

        Returns:
            The network.
        """
        own, payload = two_part.place_parts(indicators, allocation, n_layers, key)
        if edges is None:
            loads = indicators.loads
            gates, gate_chi = clipped_links(payload, own, allocation.loads, loads, inhibition)
            steps, step_chi = clipped_links(own, own, loads, loads, inhibition)
            loads = allocation.loads
            relays = lambda: clipped_links(payload, payload, loads, loads, inhibition)
        else:
            gates, gate_chi = edge_links(edges, payload, own, inhibition)
            steps, step_chi = edge_links(edges, own, own, inhibition)
            relays = lambda: edge_links(edges, payload, payload, inhibition)
        # Mean weights of rotations read indicators alone.
        reads_payload = len(circuits.layout.mean_channels) > 1
        return cls(
            circuits=circuits,
            placement=join(own, payload),
            gates=gates,
            gate_inhibition=gate_chi,
            inhibition_factor=jnp.asarray(inhibition_factor, jnp.float32),
            indicator_width=own.block_width,
            indicator_redundancy=own.redundancy,
            extents=two_part.extents_of(own, payload),
            precision=precision,
            inhibition_rule=inhibition,
            steps=steps,
            step_inhibition=step_chi,
            edges=edges,
            relays=relays() if reads_payload else None,
        )

    def layers(self) -> SeparateLayer:
        """Return layers 2..L."""
        factor, sends = self.inhibition_factor, self.redundancies[0]
        steps = balanced(self.steps, self.step_inhibition, factor, sends)
        n_steps = self.circuits.width - len(self.circuits.layout.difference_outputs)
        placement, width = self.placement, self.indicator_width
        relays = self.relays
        if relays is not None:
            relays = balanced(*relays, factor, self.redundancies[1])
        return SeparateLayer(
            **two_part.layer_fields(self, relays),
            steps=steps,
            own_members=placement.members[1:, :width],
            own_sets=placement.sets[1:, :, : self.indicator_redundancy],
            n_steps=n_steps,
        )

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B out, over all entries, those that are no neurons too."""
        circuits, layout = self.circuits, self.circuits.layout
        mean = circuits.mean_weights()
        mean = mean[layer if mean.shape[0] > 1 else 0]
        weights = two_part.dense_payload(self, layer)
        steps = two_part.dense_steps(self, layer, self.step_inhibition[layer - 1])
        alpha = layout.matrix[0]
        for row in set(range(circuits.width)) - set(layout.difference_outputs):
            step = mean[row, 0] * steps[:, None, :] * alpha[None, :, None]
            weights = weights.at[row].add(step)
        if self.relays is not None:
            weights = weights + two_part.dense_relays(self, layer, self.relays[1][layer - 1])
        bias = shared.bias_of(circuits, layer)[:, None] * jnp.asarray(self.exists(), jnp.float32)
        size = circuits.width * self.block_width
        return [(weights.reshape(size, size), bias.reshape(size))]

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        relays = lambda layer: None if self.relays is None else self.relays[1][layer - 1]
        steps = lambda layer: self.step_inhibition[layer - 1]
        gap = lambda layer: two_part_gap(self, layer, steps(layer), relays(layer))
        bias = shared.bias_of(self.circuits, 0)
        return two_part_wiring(self, gap, small_weights(self.circuits, 0), np.asarray(bias))
