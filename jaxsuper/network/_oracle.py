"""The oracle: the clipped network told which neurons may be active."""

import jax.numpy as jnp
from jaxtyping import Array, Int

from .._types import Activations, ActiveIds
from ._clipped import Clipped


class Oracle(Clipped):
    """The clipped weights without ReLU; neurons that no active circuit uses are set to 0.

    The reference without erroneous activation ("ideal" in the source). It is no lower bound on the
    error, because the ReLU it lacks also clips noise. Source: notes#network.
    """

    def activate(
        self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
    ) -> Activations:
        """Keep the neurons of the active circuits, linear."""
        _, width, batch = before.shape
        samples = jnp.arange(batch)[None, :, None]
        used = jnp.zeros((width, batch), bool).at[sets[active], samples].set(True)
        return jnp.where(used[None], before, 0.0)
