"""What a network takes in memory, by arithmetic on its shapes alone."""

from ..allocation import ENTRY_BYTES
from ._inhibition import columns_per_row
from ._network import Traits


# The longest list of circuits beside the mean one, and a margin where it decides about lists.
_UNEVEN, _MORE, _FEWER = 1.3, 3, 1.2


def network_bytes(
    n_circuits: int,
    block_width: int,
    redundancy: int,
    n_layers: int,
    traits: Traits,
    *,
    fan: int | None = 1,
    running: bool = False,
) -> float:
    """Estimate the bytes of a network's arrays and of the largest that are made on the way.

    Args:
        n_circuits: T.
        block_width: n.
        redundancy: S, that of indicators with neurons of their own and of all their copies
            included.
        n_layers: L.
        traits: of the construction.
        fan: most edges into a circuit or out of one; None: not known, so that there are no lists.
        running: while it runs; left out, while it is built.
    """
    entries = n_circuits * redundancy
    matrices = 0
    if traits.inhibited:
        # A bool for each pair of neurons and gap, and in single precision one gap, twice, or all
        # gaps and the one that is in use.
        kept = (1 + traits.own_indicators) * (n_layers - 1)
        matrices = block_width**2 * (kept + (4 * (kept + 1) if running else 8))
        # Or lists of the neurons that each is connected to, both ways, and once more on the way.
        width = (fan or 1) * redundancy * (_UNEVEN * entries / max(block_width, 1) + _MORE)
        listed = fan is not None and not traits.own_indicators
        if listed and _FEWER * columns_per_row() * width <= block_width:
            matrices = 8 * block_width * width * (n_layers + 1)
    # Sets and their inverse, shuffled in every layer, of 4 bytes each, and once more on the way.
    lists = 16 * n_layers * entries + 8 * n_layers * block_width
    return float(matrices + lists + ENTRY_BYTES * entries)
