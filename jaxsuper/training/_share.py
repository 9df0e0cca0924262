"""How many neurons a circuit uses in a network whose sets nobody knows: its effective redundancy.

    q_t,i = E (A_i(t alone) - A_i(nothing))^2,   PR(q) = (sum_i q_i)^2 / sum_i q_i^2
    S_eff(t) = PR of the large network's neurons / PR of the small circuit's neurons

The participation ratio PR counts neurons that respond alike as one each. A circuit of d neurons that
do not respond alike has PR < d; S copies of each have S times that. So S_eff is S for a built network
in its first layer, exactly, and in others as far as no neuron fires by mistake.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import KeyScalar
from ..circuits import AbstractCircuits, exact_trajectory
from ..network import DenseNetwork


def participation(energy: Float[Array, "... D"]) -> Float[Array, "..."]:
    """Return (sum q)^2 / sum q^2 over the last axis, 0 where nothing responds."""
    total, squares = energy.sum(-1), (energy**2).sum(-1)
    return jnp.where(squares > 0, total**2 / jnp.where(squares > 0, squares, 1.0), 0.0)


@eqx.filter_jit
def effective_redundancy(
    network: DenseNetwork, circuits: AbstractCircuits, samples: int = 32, *, key: KeyScalar
) -> Float[Array, "L T"]:
    """Return S_eff of every circuit.

    Args:
        network: built or trained, with embedding and readout.
        circuits: the small circuits.
        samples: inputs of each circuit.
        key: of the inputs, the same for all circuits.

    Returns:
        (L, T).
    """
    n_layers = network.n_layers
    # As many layers come back as are read out; nothing is read.
    readout = network.ends()[1]
    every = jnp.broadcast_to(readout[:1], (n_layers, *readout.shape[1:]))
    bare = eqx.tree_at(lambda n: n.readout, network, every)
    drawn = jax.vmap(lambda k: circuits.sample_input(key=k))(jax.random.split(key, samples))
    inputs = drawn.T[:, None, :]
    nothing = bare.activations(jnp.zeros((1, 1), jnp.int32), jnp.zeros_like(inputs[..., :1]))

    def of_circuit(number):
        active = jnp.full((1, samples), number, jnp.int32)
        large = bare.activations(active, inputs) - nothing
        alone = lambda a: exact_trajectory(circuits, active[:, 0], a[None], n_layers)
        small = jax.vmap(alone)(drawn)
        small = small[:, 1:, 0]
        return participation((large**2).mean(-1)) / participation((small**2).mean(0))

    return jax.lax.map(of_circuit, jnp.arange(circuits.n_circuits, dtype=jnp.int32)).T
