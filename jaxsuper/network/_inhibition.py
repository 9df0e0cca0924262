"""Clipped connections between two placements, and the inhibition that balances them."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from .._arrays import as_float
from .._errors import lookup
from .._types import Scalar
from ._mesh import CIRCUITS, held, mapped, mesh_here
from ._placement import Placement


# A TPU takes a scatter one entry after the other, and ten seconds to compile one of 72,000 entries.
# Up to so many entries of the indicator vectors a product of them is both times quicker there.
_MOST_ENTRIES = 2**28


def connections(
    to_sets: Int[Array, "T S"], from_sets: Int[Array, "T S2"], to_width: int, from_width: int
) -> Bool[Array, "to from"]:
    """Return C = min(1, sum_t e_t^l ⊗ e_t^{l-1}) as booleans, [to, from]."""
    entries = to_sets.shape[0] * max(to_width, from_width)
    if jax.default_backend() == "tpu" and entries <= _MOST_ENTRIES:
        return connections_by_product(to_sets, from_sets, to_width, from_width)
    empty = jnp.zeros((to_width, from_width), bool)
    return empty.at[to_sets[:, :, None], from_sets[:, None, :]].set(True)


def connections_by_product(
    to_sets: Int[Array, "T S"], from_sets: Int[Array, "T S2"], to_width: int, from_width: int
) -> Bool[Array, "to from"]:
    """Return the same by a product of indicator vectors, whose entries 0 and 1 are exact."""

    def indicators(sets, width):
        neurons = jnp.arange(width, dtype=sets.dtype)[None, None, :]
        return (sets[:, :, None] == neurons).any(axis=1).astype(jnp.bfloat16)

    after, before = indicators(to_sets, to_width), indicators(from_sets, from_width)
    exact = {"precision": "highest", "preferred_element_type": jnp.float32}
    counts = jnp.matmul(after.T, before, **exact)
    return counts > 0.5


def _scalar(unwanted, loads, n_circuits: Scalar, receives: Scalar, sends: Scalar):
    """Return chi' = U/(S S' - U), U the mean of <e_t, C e_v> over all ordered pairs t ≠ v.

    The sum over all pairs is r·C r' with loads r and r', and each t = v contributes S S'.
    """
    pairs = jnp.maximum(n_circuits * (n_circuits - 1), 1.0)
    mean = (loads * unwanted).sum() / pairs
    return jnp.broadcast_to(mean / (receives * sends - mean), loads.shape)


def _receiver(unwanted, loads, n_circuits: Scalar, receives: Scalar, sends: Scalar):
    """Return chi'_m = U_m/(S' - U_m), U_m the mean of (C e_v)_m over circuits v not on neuron m.

    Given t on m, the sum of (C e_v)_m over v ≠ t is (C r')_m - S', whichever t it is; so the mean
    input that t receives on m from a circuit v ≠ t is made 0. Neurons without circuits get 0.
    """
    del receives
    mean = unwanted / jnp.maximum(n_circuits - 1, 1.0)
    return jnp.where(loads > 0, mean / (sends - mean), 0.0)


_RULES = {"scalar": _scalar, "receiver": _receiver}


def inhibition_rules() -> tuple[str, ...]:
    """Return the names of the rules for chi."""
    return tuple(_RULES)


def clipped_links(
    to: Placement, from_: Placement, to_loads: Any, from_loads: Any, inhibition: str
) -> tuple[Bool[Array, "gaps to from"], Float[Array, "gaps to"]]:
    """Return C from each layer l-1 of one placement to layer l of another, and chi'.

    Args:
        to: the receiving sets, S of them per circuit.
        from_: the sending sets, S' per circuit.
        to_loads: circuits on each receiving neuron.
        from_loads: circuits on each sending neuron.
        inhibition: "scalar" for one chi' per pair of layers (published), "receiver" for one per
            receiving neuron, which evens out uneven loads.

    Returns:
        C and chi' of each receiving neuron, for layers 2..L.

    Raises:
        ValueError: for an unknown rule.
    """
    rule = lookup(_RULES, inhibition, "inhibition")
    received_by = jnp.asarray(to_loads, jnp.float32)
    sent_by = jnp.asarray(from_loads, jnp.float32)
    count = as_float(to.extent.n_circuits)
    receives, sends = as_float(to.extent.redundancy), as_float(from_.extent.redundancy)

    width, mesh = to.block_width, mesh_here()
    shares = 1 if mesh is None else mesh.shape[CIRCUITS]

    def rows(to_sets, from_sets, width):
        linked = connections(to_sets, from_sets, width, from_.block_width)
        return linked, jnp.matmul(linked.astype(jnp.float32), sent_by, precision="highest") - sends

    def between(pair):
        to_sets, from_sets = pair
        linked, unwanted = rows(to_sets, from_sets, width)
        return linked, rule(unwanted, received_by, count, receives, sends)

    pairs = (to.sets[1:], from_.sets[:-1])
    if mesh is None or width % shares:
        return jax.lax.map(between, pairs)

    def own(to_sets, from_sets):
        # Neurons of other devices are beyond the rows of this one, where nothing is written.
        here = to_sets - jax.lax.axis_index(CIRCUITS) * (width // shares)
        return rows(jnp.where(here < 0, width, here), from_sets, width // shares)

    own_rows = PartitionSpec(CIRCUITS)
    each = mapped(own, mesh, (PartitionSpec(), PartitionSpec()), (own_rows, own_rows))
    linked, unwanted = jax.lax.map(lambda pair: each(*pair), pairs)
    chi = jax.vmap(lambda row: rule(row, received_by, count, receives, sends))(held(unwanted))
    return linked, chi


class Links(eqx.Module):
    """C as lists: a row of a wide network has few entries that are 1, and its columns so, too.

    Attributes:
        listed: (L-1, n, W), the neurons that each neuron is connected to in the layer before, in
            order and padded with n anywhere.
        back: (L-1, n, V), the same from the layer before to this one, for gradients.
    """

    listed: Int[Array, "gaps n W"]
    back: Int[Array, "gaps n V"]


# Rows gathered in the time of one column of a product with the n x n matrix: on a CPU by the
# figures of `simulation._cost`, on an accelerator by those of an H200's cache and peak.
_COLUMNS_PER_ROW = {"cpu": 6}
_COLUMNS_ON_ACCELERATOR = 20


def columns_per_row() -> int:
    """Return how many columns of the matrix take as long as one row of a list, on this device."""
    return _COLUMNS_PER_ROW.get(jax.default_backend(), _COLUMNS_ON_ACCELERATOR)


def lists_are_shorter(placement: Placement, fan: int = 1) -> bool:
    """Return whether to run through lists is quicker than through the matrix, on this device.

    Args:
        placement: of all circuits.
        fan: most circuits that one feeds, or that feed one.
    """
    width = placement.members.shape[2] * placement.redundancy * fan
    return columns_per_row() * width <= placement.block_width


def neighbours(members: Int[Array, "n R"], sets: Int[Array, "T S"], none: int):
    """Return the distinct neurons of the circuits on each neuron, (n, R·S)."""
    with_none = jnp.concatenate([sets, jnp.full_like(sets[:1], none)])
    near = jnp.sort(with_none[members].reshape(members.shape[0], -1), axis=1)
    again = jnp.concatenate(
        [jnp.zeros_like(near[:, :1], bool), near[:, 1:] == near[:, :-1]], axis=1
    )
    return jnp.where(again, none, near)


def listed_links(
    placement: Placement, loads: Any, inhibition: str
) -> tuple[Links, Float[Array, "gaps n"]]:
    """Return C of a placement as lists, and chi'; no n x n matrix is made.

    Args:
        placement: of all circuits.
        loads: circuits on each neuron.
        inhibition: as in `clipped_links`.

    Returns:
        The lists and chi' of each receiving neuron, for layers 2..L.

    Raises:
        ValueError: for an unknown rule.
    """
    rule = lookup(_RULES, inhibition, "inhibition")
    held, none = jnp.asarray(loads, jnp.float32), placement.block_width
    count, each = as_float(placement.extent.n_circuits), as_float(placement.extent.redundancy)
    with_none = jnp.append(held, 0.0)

    def between(gap):
        to_sets, to_members, from_sets, from_members = gap
        listed = neighbours(to_members, from_sets, none)
        unwanted = with_none[listed].sum(axis=1) - each
        back = neighbours(from_members, to_sets, none)
        return listed, back, rule(unwanted, held, count, each, each)

    sets, members = placement.sets, placement.members
    gaps = (sets[1:], members[1:], sets[:-1], members[:-1])
    listed, back, chi = jax.lax.map(between, gaps)
    return Links(listed, back), chi


def balanced(
    linked: Bool[Array, "gaps to from"],
    inhibition: Float[Array, "gaps to"],
    factor: Scalar,
    sends: Any,
) -> Float[Array, "gaps to from"]:
    """Return Ctilde / S' = (C - factor·chi'·(1 - C)) / S'.

    Made before the loop over layers: inside it would be fused into the matrix product, which is
    then slower.
    """
    chi = (inhibition * factor)[:, :, None]
    return jnp.where(linked, jnp.ones_like(chi), -chi) / as_float(sends)
