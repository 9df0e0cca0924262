"""Which neurons carry which circuit: the sets of an allocation, shuffled in every layer."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._limits import check_index
from .._types import KeyScalar
from ..allocation import AbstractAllocation, Extent, extent_of
from ._mesh import held


class Placement(eqx.Module):
    """Which neurons carry which circuit, layer by layer.

    Attributes:
        sets: int32 (L, T, S), the neurons M_t^l of circuit t, the same in each of the d blocks.
        members: int32 (L, n, R), the circuits on each neuron, padded with T.
        block_width: n.
        padded: T, n and S that count, if the arrays have room to spare (see `allocation.Padded`).
        counted: which of the n neurons count, if the arrays have room to spare.
    """

    sets: Int[Array, "L T S"]
    members: Int[Array, "L n R"]
    block_width: int = eqx.field(static=True)
    padded: Extent | None = None
    counted: Bool[Array, " n"] | None = None

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

    def layer(self, number: int | Int[Array, ""]) -> "Placement":
        """Return the placement of one layer alone, counted from 0."""
        cut = lambda stack: jax.lax.dynamic_index_in_dim(stack, number, keepdims=True)
        return eqx.tree_at(
            lambda each: (each.sets, each.members), self, (cut(self.sets), cut(self.members))
        )

    def only_members(self) -> Int[Array, "n R"] | None:
        """Return the circuits on each neuron if there is one layer alone, else None."""
        return self.members[0] if self.n_layers == 1 else None

    def where_counted(self, values: Float[Array, "k n B"]) -> Float[Array, "k n B"]:
        """Return values of neurons, with 0 for those that are padding."""
        if self.counted is None:
            return values
        return jnp.where(self.counted[None, :, None], values, 0.0)


def place(allocation: AbstractAllocation, n_layers: int, *, key: KeyScalar) -> Placement:
    """Shuffle the sets of an allocation over the circuits, independently in every layer.

    Circuits are ordered by random bits, one per circuit, so that the shuffle of T circuits does not
    depend on how many more the arrays have room for. Two equal bits, which keep their order, come
    in fewer than T^2 / 2^33 of the shuffles.

    Args:
        allocation: T sets of S out of n neurons.
        n_layers: L.
        key: layer l uses `fold_in(key, l)`.

    Returns:
        The placement.

    Raises:
        ValueError: if L < 1.
    """
    check_index("n_layers", n_layers)
    n_circuits = allocation.n_circuits
    sets, members = jnp.asarray(allocation.sets), jnp.asarray(allocation.members)
    extent = extent_of(allocation)
    counts = jnp.arange(n_circuits) < extent.n_circuits

    def shuffle(layer):
        # Circuit t takes set order[t], so set j belongs to circuit circuit_of[j].
        bits = jax.random.bits(jax.random.fold_in(key, layer), (n_circuits,), jnp.uint32)
        bits = jnp.where(counts, bits, jnp.uint32(2**32 - 1))
        order = jnp.argsort(bits, stable=True).astype(jnp.int32)
        circuit_of = (
            jnp.zeros(n_circuits, jnp.int32).at[order].set(jnp.arange(n_circuits, dtype=jnp.int32))
        )
        with_none = jnp.append(circuit_of, jnp.int32(n_circuits))
        return sets[order], with_none[members]

    # One layer at a time: the result is small, the temporaries are not.
    shuffled, listed = held(jax.lax.map(shuffle, jnp.arange(n_layers)))
    width = allocation.block_width
    if isinstance(extent.n_circuits, int):
        return Placement(shuffled, listed, width)
    return Placement(shuffled, listed, width, extent, jnp.arange(width) < extent.block_width)


def neurons_of(
    sets: Int[Array, "T S"], ids: Int[Array, "*ids"], block_width: int
) -> Int[Array, "*ids S"]:
    """Return the neurons of the given circuits; ids that are no circuit get `block_width`.

    A scatter with mode "drop" then writes nothing for slots that hold no circuit.
    """
    return sets.at[ids].get(mode="fill", fill_value=block_width)


def indicator_vectors(placement: Placement, layer: int | Int[Array, ""]) -> Float[Array, "T n"]:
    """Return the indicator vectors e_t of a layer, counted from 0."""
    sets = placement.sets[layer]
    empty = jnp.zeros((placement.n_circuits, placement.block_width))
    return empty.at[jnp.arange(placement.n_circuits)[:, None], sets].set(1.0)


def repeat_first(placement: Placement, n_layers: int) -> Placement:
    """Return a placement that has the sets of the first layer in every layer."""
    sets = jnp.broadcast_to(placement.sets[:1], (n_layers, *placement.sets.shape[1:]))
    members = jnp.broadcast_to(placement.members[:1], (n_layers, *placement.members.shape[1:]))
    return Placement(sets, members, placement.block_width, placement.padded, placement.counted)


def join(indicators: Placement, payload: Placement) -> Placement:
    """Return one placement with the neurons of the payload after those of the indicators."""
    sets = jnp.concatenate([indicators.sets, payload.sets + indicators.block_width], axis=2)
    lists = [indicators.members, payload.members]
    longest = max(members.shape[2] for members in lists)
    padded = [
        jnp.pad(
            members,
            ((0, 0), (0, 0), (0, longest - members.shape[2])),
            constant_values=sets.shape[1],
        )
        for members in lists
    ]
    members = jnp.concatenate(padded, axis=1)
    width = indicators.block_width + payload.block_width
    if indicators.counted is None or payload.counted is None:
        return Placement(sets, members, width)
    first, second = indicators.extent, payload.extent
    together = Extent(
        first.n_circuits,
        first.block_width + second.block_width,
        first.redundancy + second.redundancy,
    )
    counted = jnp.concatenate([indicators.counted, payload.counted])
    return Placement(sets, members, width, together, counted)
