"""What a network takes in memory, by arithmetic on its shapes alone."""

from ..allocation import ENTRY_BYTES
from ._network import Traits


def network_bytes(
    n_circuits: int, block_width: int, redundancy: int, n_layers: int, traits: Traits
) -> float:
    """Estimate the bytes of a network's arrays and of the largest that are made on the way.

    Args:
        n_circuits: T.
        block_width: n.
        redundancy: S, that of indicators with neurons of their own and of all their copies
            included.
        n_layers: L.
        traits: of the construction.
    """
    entries = n_circuits * redundancy
    matrices = 0
    if traits.inhibited:
        # A bool for each pair of neurons and gap, and one gap in single precision, twice.
        kept = (1 + traits.own_indicators) * (n_layers - 1)
        matrices = block_width**2 * (kept + 8)
    # Sets and their inverse, shuffled in every layer, of 4 bytes each, and once more on the way.
    lists = 16 * n_layers * entries
    return float(matrices + lists + ENTRY_BYTES * entries + 8 * block_width)
