"""The plain construction: every weight with the corrected unembedding."""

from jaxtyping import Array

from .._arrays import take_rows
from .._types import Activations, Channels, CircuitValues
from ._corrected import CorrectedNetwork


class Plain(CorrectedNetwork):
    """W_ij = sum_t w_t,ij u_t^l ⊗ e_t^{l-1}; read out with u.

    Source: notes#network.
    """

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """Spread the mean channels and the circuits' own outputs alike with u."""
        del channels
        mean, difference, members = parameters
        seen = take_rows(means, self.circuits.layout.mean_channels)
        return self.add_difference(
            self.mean_part(mean, list(self.corrected_spread(seen, members))),
            self.corrected_spread(self.difference(difference, means), members),
        )
