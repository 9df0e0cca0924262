"""The small circuits run on their own: the truth that the large network is compared with."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from .._errors import check
from ._base import AbstractCircuits


def layer_of(stack: Array, layer: int | Int[Array, ""]) -> Array:
    """Return entry `layer` of a stack over layers, or the only entry if all layers share it."""
    return stack[layer if stack.shape[0] > 1 else 0]


def mean_matrix(circuits: AbstractCircuits, layer: int | Int[Array, ""]) -> Float[Array, "d d"]:
    """Return the mean weights of one layer, counted from 0, as a dense d x d matrix, [to, from]."""
    layout = circuits.layout
    reads = layout.matrix[list(layout.mean_channels)]
    return jnp.matmul(layer_of(circuits.mean_weights(), layer), reads, precision="highest")


def small_weights(circuits: AbstractCircuits, layer: int | Int[Array, ""]) -> Float[Array, "T d d"]:
    """Return w_t of one layer as dense d x d matrices, mean and difference part together.

    Args:
        circuits: T small circuits of any kind.
        layer: counted from 0.

    Returns:
        (T, d, d), indexed [circuit, to, from].
    """
    layout, mean = circuits.layout, mean_matrix(circuits, layer)
    difference = layer_of(circuits.difference_weights(), layer)
    if not layout.difference_channels:
        return jnp.broadcast_to(mean, (circuits.n_circuits, *mean.shape))
    reads = layout.matrix[list(layout.difference_channels)]
    written = jnp.einsum("toi,id->tod", difference, reads, precision="highest")
    rows = jnp.array(layout.difference_outputs)
    return jnp.broadcast_to(mean, (circuits.n_circuits, *mean.shape)).at[:, rows].add(written)


def exact_trajectory(
    circuits: AbstractCircuits,
    active: Int[Array, " z"],
    inputs: Float[Array, "z d"],
    n_layers: int,
) -> Float[Array, "layers z d"]:
    """Run z small circuits alone, a^l = ReLU(w_t a^{l-1} + beta).

    Args:
        circuits: T small circuits of any kind.
        active: which of them.
        inputs: their input activations a^0.
        n_layers: L, how many layers to run.

    Returns:
        (L + 1, z, d), the input included.
    """

    def layer(activations, number):
        weights = small_weights(circuits, number)[active]
        before = jnp.einsum("zij,zj->zi", weights, activations, precision="highest")
        after = jax.nn.relu(before + layer_of(circuits.biases(), number)[None, :])
        return after, after

    later = jax.lax.scan(layer, inputs, jnp.arange(n_layers))[1]
    return jnp.concatenate([inputs[None], later])


def exact_channels(
    circuits: AbstractCircuits, activations: Float[Array, "*batch d"]
) -> Float[Array, "*batch k"]:
    """Return the channels (alpha, x, or raw activations) of small-circuit activations."""
    return jnp.einsum("kd,...d->...k", circuits.layout.matrix, activations, precision="highest")


def checked_call(
    circuits: AbstractCircuits, active: Any, inputs: Any
) -> tuple[Int[Array, "*batch z"], Float[Array, "*batch z d"]]:
    """Check ids and inputs of circuits, and return them with full input activations.

    Raises:
        ValueError: for shapes that do not fit each other, or ids that are no circuits.
    """
    ids = jnp.asarray(active)
    whole = jnp.issubdtype(ids.dtype, jnp.integer) and ids.ndim in (1, 2)
    check(
        whole, "active", "must be whole numbers of shape (z,) or (B, z)", f"{ids.dtype}{ids.shape}"
    )
    given = circuits.from_inputs(inputs)
    fits = given.shape[:-1] == ids.shape
    check(fits, "inputs", f"must have a row for each of {ids.shape}", jnp.shape(inputs))
    if not isinstance(ids, Tracer):
        inside = bool(((ids >= 0) & (ids < circuits.n_circuits)).all())
        check(inside, "active", f"must lie in 0..{circuits.n_circuits - 1}", np.asarray(ids))
    return ids.astype(jnp.int32), given


@eqx.filter_jit
def call_circuits(
    circuits: AbstractCircuits,
    active: Int[Array, "B z"],
    inputs: Float[Array, "B z d"],
    n_layers: int,
) -> Float[Array, "B L z k"]:
    """Return the channels of small circuits run alone; see `AbstractCircuits.__call__`."""
    run = lambda ids, given: exact_trajectory(circuits, ids, given, n_layers)[1:]
    return exact_channels(circuits, jax.vmap(run)(active, inputs))
