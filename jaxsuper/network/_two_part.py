"""Networks whose indicators have neurons and sets of their own, apart from those of the rest."""

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._errors import check, lookup
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar, Scalar
from ..allocation import AbstractAllocation, Allocation
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork, place, Placement, stacked
from ._sums import gather_sum


class TwoPart(AbstractNetwork):
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
    """

    circuits: eqx.AbstractVar[AbstractCircuits]
    placement: eqx.AbstractVar[Placement]
    gates: eqx.AbstractVar[Bool[Array, "gaps nx na"]]
    gate_inhibition: eqx.AbstractVar[Float[Array, "gaps nx"]]
    inhibition_factor: eqx.AbstractVar[Scalar]
    indicator_width: eqx.AbstractVar[int]
    indicator_redundancy: eqx.AbstractVar[int]
    precision: eqx.AbstractVar[str]
    options: ClassVar[tuple[str, ...]] = ("indicators", "inhibition", "inhibition_factor")

    @property
    def payload_redundancy(self) -> int:
        """S_x."""
        return self.placement.redundancy - self.indicator_redundancy

    @property
    def network_width(self) -> int:
        """D, the neurons that exist."""
        payload = len(self.circuits.layout.difference_outputs)
        payload_width = self.block_width - self.indicator_width
        return (self.circuits.width - payload) * self.indicator_width + payload * payload_width

    @abstractmethod
    def indicator_fields(
        self, parameters: tuple[Array, ...], channels: Channels
    ) -> list[Float[Array, "na B"]]:
        """Return the indicator rows before their activation, biases included."""

    def joint_parameters(self) -> tuple[Array, ...]:
        """Return gates / S_a, mean weights, difference weights, biases and payload members."""
        layers = self.n_layers
        chi = (self.gate_inhibition * self.inhibition_factor)[:, :, None]
        gates = jnp.where(self.gates, jnp.ones_like(chi), -chi) / self.indicator_redundancy
        return (
            gates,
            stacked(self.circuits.mean_weights(), layers),
            stacked(self.circuits.difference_weights(), layers),
            stacked(self.circuits.biases(), layers),
            self.placement.members[1:, self.indicator_width :],
        )

    def channels(self, activations: Activations) -> Channels:
        """Return alpha on indicator neurons, and y, not yet x, on payload neurons."""
        width = self.indicator_width
        rows = super().channels(activations)
        offset = jnp.stack([activations[o] for o in self.circuits.layout.difference_outputs])
        return jnp.concatenate([rows[:1].at[:, width:].set(0.0), offset])

    def means(self, channels: Channels, sets: Int[Array, "T S"]) -> CircuitValues:
        """Return each circuit's alpha, and x = y - alpha·1."""
        split = self.indicator_redundancy
        alpha = gather_sum(channels[:1], sets[:, :split], 1 / split)
        payload = gather_sum(channels[1:], sets[:, split:], 1 / self.payload_redundancy)
        return jnp.concatenate([alpha, payload - alpha])

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Fields of all neurons, biases included."""
        gates, mean, difference, bias, members = parameters[:5]
        width, payload = self.indicator_width, self.circuits.layout.difference_outputs
        seen = jnp.matmul(gates, channels[0, :width], precision=self.precision)
        brought = self.spread(self.difference(difference, means), members)
        outputs = [mean[o, 0] * seen + brought[i] + bias[o] for i, o in enumerate(payload)]
        above, below = (0, self.block_width - width), (width, 0)
        rows = [
            jnp.pad(row, (above, (0, 0))) for row in self.indicator_fields(parameters, channels)
        ]
        return jnp.stack(rows + [jnp.pad(row, (below, (0, 0))) for row in outputs])

    def next_layer(
        self,
        parameters: tuple[Array, ...],
        bias: Float[Array, " d"],
        sets: Int[Array, "T S"],
        active: ActiveIds,
        channels: Channels,
        means: CircuitValues,
    ) -> Activations:
        """Return the next layer; biases are among the parameters, where neurons are."""
        del bias
        return self.activate(self.preactivation(parameters, channels, means), sets, active)

    def activate(
        self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
    ) -> Activations:
        """Apply the ReLU, and keep what is no neuron at 0."""
        return super().activate(before, sets, active) * self.exists()[..., None]

    def exists(self) -> Float[Array, "d n"]:
        """Return 1 where a block has a neuron, else 0."""
        columns = np.arange(self.block_width) >= self.indicator_width
        payload = np.isin(np.arange(self.circuits.width), self.circuits.layout.difference_outputs)
        return jnp.asarray(columns[None, :] == payload[:, None], jnp.float32)

    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Means as they are."""
        del channels
        return means


def check_two_parts(
    circuits: AbstractCircuits, allocation: Allocation, indicators: Any, width: int
) -> None:
    """Raise a `ValueError` unless these are rotations of this width and both designs hold T."""
    names = [name for name, _ in circuits.layout.readouts]
    rule = f"must be rotations with {width - 2} neurons for the on-indicator"
    fits = names == ["on", "x"] and circuits.width == width
    remedy = f"use {'rotation3' if width == 3 else 'rotation'}"
    check(fits, "circuits", rule, type(circuits).__name__, remedy)
    check(indicators is not None, "indicators", "must be an allocation for the indicators", None)
    rule = f"must hold as many sets as the {allocation.n_circuits} of the payload"
    check(indicators.n_circuits == allocation.n_circuits, "indicators", rule, indicators.n_circuits)


def join(indicators: Placement, payload: Placement) -> Placement:
    """Return one placement with the neurons of the payload after those of the indicators."""
    sets = jnp.concatenate([indicators.sets, payload.sets + indicators.block_width], axis=2)
    lists = [indicators.members, payload.members]
    longest = max(one.shape[2] for one in lists)
    padded = [
        jnp.pad(one, ((0, 0), (0, 0), (0, longest - one.shape[2])), constant_values=sets.shape[1])
        for one in lists
    ]
    members = jnp.concatenate(padded, axis=1)
    return Placement(sets, members, indicators.block_width + payload.block_width)


def repeat_first(placement: Placement, n_layers: int) -> Placement:
    """Return a placement that has the sets of the first layer in every layer."""
    sets = jnp.broadcast_to(placement.sets[:1], (n_layers, *placement.sets.shape[1:]))
    members = jnp.broadcast_to(placement.members[:1], (n_layers, *placement.members.shape[1:]))
    return Placement(sets, members, placement.block_width)


def clipped_links(
    to: Placement, from_: Placement, to_loads: Any, from_loads: Any, inhibition: str
) -> tuple[Bool[Array, "gaps to from"], Float[Array, "gaps to"]]:
    """Return C from each layer l-1 of one placement to layer l of another, and chi'.

    The scalar chi' = U/(S S' - U) with U the mean of <e_t^to, C e_v^from> over pairs t ≠ v; that of
    a receiver m is U_m/(S' - U_m), U_m the mean of (C e_v)_m over circuits v that m does not carry.

    Args:
        to: the receiving sets, S of them per circuit.
        from_: the sending sets, S' per circuit.
        to_loads: circuits on each receiving neuron.
        from_loads: circuits on each sending neuron.
        inhibition: "scalar" or "receiver".

    Returns:
        C and chi' for layers 2..L.
    """
    lookup({"scalar": None, "receiver": None}, inhibition, "inhibition")
    received_by = jnp.asarray(to_loads, jnp.float32)
    sent_by = jnp.asarray(from_loads, jnp.float32)
    n_circuits, sends = to.n_circuits, from_.redundancy

    def one(pair):
        to_sets, from_sets = pair
        empty = jnp.zeros((to.block_width, from_.block_width), bool)
        linked = empty.at[to_sets[:, :, None], from_sets[:, None, :]].set(True)
        unwanted = jnp.matmul(linked.astype(jnp.float32), sent_by, precision="highest") - sends
        if inhibition == "receiver":
            mean = unwanted / max(n_circuits - 1, 1)
            return linked, jnp.where(received_by > 0, mean / (sends - mean), 0.0)
        mean = (received_by * unwanted).sum() / max(n_circuits * (n_circuits - 1), 1)
        return linked, jnp.broadcast_to(mean / (to.redundancy * sends - mean), received_by.shape)

    return jax.lax.map(one, (to.sets[1:], from_.sets[:-1]))


def place_parts(
    indicators: AbstractAllocation, payload: AbstractAllocation, n_layers: int, key: KeyScalar
) -> tuple[Placement, Placement]:
    """Shuffle both designs, independently of each other."""
    keys = jax.random.split(key)
    return place(indicators, n_layers, key=keys[0]), place(payload, n_layers, key=keys[1])
