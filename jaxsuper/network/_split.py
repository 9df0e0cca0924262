"""The split construction: mean part with the corrected unembedding, difference part with e/S."""

from jaxtyping import Array

from .._arrays import take_rows
from .._types import Activations, Channels, CircuitValues
from ._corrected import CorrectedNetwork


class Split(CorrectedNetwork):
    """W_ij = sum_t (wbar_ij u_t^l + dw_t,ij e_t^l / S) ⊗ e_t^{l-1}; read out with u.

    Source: notes#network.
    """

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Spread the mean channels with u, the circuits' own outputs with e/S."""
        del channels
        mean, difference, members = parameters
        seen = take_rows(means, self.circuits.layout.mean_channels)
        return self.add_difference(
            self.mean_part(mean, list(self.corrected_spread(seen, members))),
            self.spread(self.difference(difference, means), members),
        )
