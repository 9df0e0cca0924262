"""What the constructions share: placement, first layer, readout, and the contract of a layer.

Shapes: activations are (d, n, B), one row of n neurons per block and the batch last. Channels are
the k combinations of the d blocks that circuits read (see `circuits.Layout`). Layers are counted
l = 1..L in reports; array entry l - 1 belongs to layer l.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float, sum_of, take_rows
from .._errors import check
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import AbstractAllocation, Allocation, Extent, extent_of, Padded
from ..circuits import AbstractCircuits, small_weights
from ._sums import gather_sum


class Placement(eqx.Module):
    """Which neurons carry which circuit, layer by layer.

    Attributes:
        sets: int32 (L, T, S), the neurons M_t^l of circuit t, the same in each of the d blocks.
        members: int32 (L, n, R), the circuits on each neuron, padded with T.
        block_width: n.
        padded: T, n and S that count, if the arrays have room to spare (see `allocation.Padded`).
    """

    sets: Int[Array, "L T S"]
    members: Int[Array, "L n R"]
    block_width: int = eqx.field(static=True)
    padded: Extent | None = None

    @property
    def redundancy(self) -> int:
        """S."""
        return self.sets.shape[2]

    @property
    def n_layers(self) -> int:
        """L."""
        return self.sets.shape[0]

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.sets.shape[1]

    @property
    def extent(self) -> Extent:
        """T, n and S that count: array leaves if padded, else the integers of the shapes."""
        return self.padded or Extent(self.n_circuits, self.block_width, self.redundancy)


def place(allocation: AbstractAllocation, n_layers: int, *, key: KeyScalar) -> Placement:
    """Shuffle the sets of a design over the circuits, independently in every layer.

    Circuits are ordered by random bits, one per circuit, so that the shuffle of T circuits does not
    depend on how many more the arrays have room for. Two equal bits, which keep their order, come
    in fewer than T^2 / 2^33 of the shuffles.

    Args:
        allocation: the design.
        n_layers: L.
        key: layer l uses `fold_in(key, l)`.

    Returns:
        The placement.

    Raises:
        ValueError: if L < 1.
    """
    check(n_layers >= 1, "n_layers", "must be at least 1", n_layers)
    n_circuits = allocation.n_circuits
    sets, members = jnp.asarray(allocation.sets), jnp.asarray(allocation.members)

    extent = extent_of(allocation)
    counts = jnp.arange(n_circuits) < extent.n_circuits

    def shuffle(layer):
        # Circuit t takes set order[t], so set j belongs to circuit circuit_of[j].
        bits = jax.random.bits(jax.random.fold_in(key, layer), (n_circuits,), jnp.uint32)
        bits = jnp.where(counts, bits, jnp.uint32(2**32 - 1))
        order = jnp.argsort(bits, stable=True).astype(jnp.int32)
        circuit_of = jnp.zeros(n_circuits, jnp.int32).at[order].set(jnp.arange(n_circuits))
        padded = jnp.append(circuit_of, jnp.int32(n_circuits))
        return sets[order], padded[members]

    # One layer at a time: the result is small, the temporaries are not.
    shuffled, listed = jax.lax.map(shuffle, jnp.arange(n_layers))
    padded = extent if isinstance(allocation, Padded) else None
    return Placement(shuffled, listed, allocation.block_width, padded)


class AbstractNetwork(eqx.Module):
    """T circuits in one network of width D = d·n and L layers, as a pure pytree.

    Attributes:
        circuits: the small circuits.
        placement: which neurons carry which circuit.
        precision: of matrix products ("highest" is full float32 on every device).
        options: what `build` of the construction takes besides circuits, allocation and layers.
        layers_per_step: layers of the large network for each of the L that are wired and reported.
    """

    circuits: eqx.AbstractVar[AbstractCircuits]
    placement: eqx.AbstractVar[Placement]
    precision: eqx.AbstractVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    layers_per_step: ClassVar[int] = 1

    @property
    def depth(self) -> int:
        """Layers of the large network, those that are not reported included."""
        return self.n_layers * self.layers_per_step

    @property
    def n_layers(self) -> int:
        """L."""
        return self.placement.n_layers

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.placement.n_circuits

    @property
    def block_width(self) -> int:
        """Neurons of a block, n."""
        return self.placement.block_width

    @property
    def network_width(self) -> int:
        """D = d·n."""
        return self.circuits.width * self.block_width

    @property
    def redundancy(self) -> int:
        """S."""
        return self.placement.redundancy

    @classmethod
    def check_parts(cls, circuits: AbstractCircuits, allocation: Allocation) -> None:
        """Raise a `ValueError` if the construction cannot be made of these parts."""
        del circuits, allocation

    @abstractmethod
    def layer_parameters(self) -> tuple[Array, ...]:
        """Return the parameters that differ between layers 2..L, stacked on a leading axis L-1."""

    @abstractmethod
    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Apply W^l to the activation of the layer before, without bias.

        Args:
            parameters: one entry of `layer_parameters`.
            channels: (k, n, B), the channels of A^{l-1}.
            means: (k, T, B), their means over M_t^{l-1}.

        Returns:
            (d, n, B).
        """

    @abstractmethod
    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Turn the means over M_t into the construction's estimates of the channels."""

    def activate(
        self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
    ) -> Activations:
        """Apply the nonlinearity; all constructions but the oracle have a ReLU."""
        del sets, active
        return jax.nn.relu(before)

    def channels(self, activations: Activations) -> Channels:
        """Return the k channels of every neuron, `layout.channels` applied across blocks."""
        rows = self.circuits.layout.channels
        return jnp.stack([combine(row, activations) for row in rows])

    def means(self, channels: Channels, sets: Int[Array, "T S"]) -> CircuitValues:
        """Return the mean of each channel over the S neurons of each circuit."""
        return gather_sum(channels, sets, 1 / as_float(self.placement.extent.redundancy))

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits exactly: A^1 = act(sum_t e_t^1 ⊗ (w_t a_t^0) + B).

        Args:
            active: (z, B), distinct within a sample.
            inputs: (d, z, B), input activations of the active circuits.

        Returns:
            (d, n, B).
        """
        layout, sets = self.circuits.layout, self.placement.sets[0]
        seen = jnp.einsum("kd,dzb->kzb", layout.matrix, inputs, precision=self.precision)
        mean = self.circuits.mean_weights()[0]
        after = jnp.einsum(
            "dr,rzb->dzb", mean, take_rows(seen, layout.mean_channels), precision=self.precision
        )
        if layout.difference_channels:
            difference = self.circuits.difference_weights()[0][active]
            rows = jnp.array(layout.difference_outputs)
            change = jnp.einsum(
                "zboi,izb->ozb",
                difference,
                take_rows(seen, layout.difference_channels),
                precision=self.precision,
            )
            after = after.at[rows].add(change)
        before = self.embed(after, active)
        bias = self.circuits.biases()[0]
        return self.silence(self.activate(before + bias[:, None, None], sets, active))

    def first_activations(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> Float[Array, "d z B"]:
        """Return what the first layer of each active circuit holds when run on its own."""
        weights = small_weights(self.circuits, 0)[active]
        values = jnp.einsum("zboi,izb->ozb", weights, inputs, precision=self.precision)
        return jax.nn.relu(values + self.circuits.biases()[0][:, None, None])

    def embed(self, values: Float[Array, "d z B"], active: ActiveIds) -> Activations:
        """Return sum_t e_t^1 values_t over the active circuits, (d, n, B)."""
        width, n_active, batch = values.shape
        sets = self.placement.sets[0]
        shape = (width, n_active, batch, sets.shape[1])
        empty = jnp.zeros((width, self.block_width, batch), values.dtype)
        samples = jnp.arange(batch)[None, :, None]
        return empty.at[:, sets[active], samples].add(jnp.broadcast_to(values[..., None], shape))

    def next_layer(
        self,
        parameters: tuple[Array, ...],
        bias: Float[Array, " d"],
        sets: Int[Array, "T S"],
        active: ActiveIds,
        channels: Channels,
        means: CircuitValues,
    ) -> Activations:
        """Return A^l = act(W^l A^{l-1} + B^l); arguments as in `preactivation`."""
        before = self.preactivation(parameters, channels, means)
        return self.silence(self.activate(before + bias[:, None, None], sets, active))

    def silence(self, activations: Activations) -> Activations:
        """Set neurons that are padding to 0; nothing is done where nothing is padded."""
        if self.placement.padded is None:
            return activations
        neurons = jnp.arange(self.block_width)[None, :, None]
        return jnp.where(neurons < self.placement.padded.block_width, activations, 0.0)

    def spread(
        self, values: Float[Array, "k T B"], members: Int[Array, "n R"]
    ) -> Float[Array, "k n B"]:
        """Return sum_t e_t values_t: every neuron adds up its circuits."""
        nothing = jnp.zeros_like(values[:, :1])
        return gather_sum(jnp.concatenate([values, nothing], axis=1), members)

    def mean_part(
        self, weights: Float[Array, "d r"], seen: Sequence[Float[Array, "n B"]]
    ) -> list[Float[Array, "n B"]]:
        """Apply the d x r mean weights across blocks, as sums of blocks: they fuse."""
        return [sum_of([w * one for w, one in zip(row, seen, strict=True)]) for row in weights]

    def difference(
        self, weights: Float[Array, "T out in_"], means: CircuitValues
    ) -> Float[Array, "out T B"]:
        """Apply each circuit's own weights to its difference channels."""
        layout = self.circuits.layout
        seen = [means[channel] for channel in layout.difference_channels]
        rows = [
            sum_of([weights[:, o, i, None] * value for i, value in enumerate(seen)])
            for o in range(len(layout.difference_outputs))
        ]
        return jnp.stack(rows) if rows else jnp.zeros((0, *means.shape[1:]), means.dtype)

    def add_difference(
        self, before: list[Float[Array, "n B"]], change: Float[Array, "out n B"]
    ) -> Activations:
        """Add the difference outputs to their blocks, and stack the d blocks."""
        rows = list(before)
        for index, block in enumerate(self.circuits.layout.difference_outputs):
            rows[block] = rows[block] + change[index]
        return jnp.stack(rows)


def stacked(values: Array, n_layers: int) -> Array:
    """Return per-layer values for layers 2..L of a stack over (1 or L) layers."""
    if values.shape[0] == 1:
        return jnp.broadcast_to(values, (n_layers - 1, *values.shape[1:]))
    return values[1:]


def combine(row: tuple[int, ...], blocks: Float[Array, "d n B"]) -> Float[Array, "n B"]:
    """Return the combination of blocks with given coefficients, zeros and ones spared."""
    terms = [
        blocks[i] if c == 1 else -blocks[i] if c == -1 else c * blocks[i]
        for i, c in enumerate(row)
        if c
    ]
    return sum_of(terms)


def connections(
    to_sets: Int[Array, "T S"], from_sets: Int[Array, "T S"], block_width: int
) -> Bool[Array, "n n"]:
    """Return C = min(1, sum_t e_t^l ⊗ e_t^{l-1}) as booleans, [to, from]."""
    empty = jnp.zeros((block_width, block_width), bool)
    return empty.at[to_sets[:, :, None], from_sets[:, None, :]].set(True)
