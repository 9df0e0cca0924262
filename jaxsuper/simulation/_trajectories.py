"""Single samples to look at: estimates of the active circuits, layer by layer."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._errors import check
from .._types import KeyScalar
from ..network import AbstractNetwork
from ._forward import forward
from ._inputs import sample_inputs


@eqx.filter_jit
def _run(network, n_active, n_samples, key):
    ids = jnp.arange(n_samples)
    inputs = sample_inputs(network.circuits, n_active, network.n_layers, ids, key=key)
    samples = jnp.arange(n_samples)[None, :]

    def observe(view, truth):
        del truth
        return jnp.stack([channel[inputs.active, samples] for channel in view.estimates])

    return forward(network, inputs, observe), inputs.truth


def trajectories(
    network: AbstractNetwork, n_active: int, n_samples: int, *, key: KeyScalar
) -> tuple[Float[np.ndarray, "L k z B"], Float[np.ndarray, "L k z B"]]:
    """Return estimated and true channels of the active circuits of a few samples.

    Args:
        network: the network.
        n_active: z.
        n_samples: B.
        key: root key of the samples; with the key of `simulate`, its first samples.

    Returns:
        (estimated, true), each (L, k, z, B).

    Raises:
        ValueError: if there is no sample.
    """
    check(n_samples >= 1, "n_samples", "must be at least 1", n_samples)
    estimated, truth = _run(network, n_active, n_samples, key)
    return np.asarray(estimated), np.asarray(truth)
