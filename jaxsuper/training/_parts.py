"""The arrays of a network that are trained, apart from those that stay as they are."""

from collections.abc import Sequence

import equinox as eqx
import jax

from .._errors import check, check_kind, one_of
from ..network import DenseNetwork


# The arrays of a `network.DenseNetwork`, from the inputs to the estimates.
PARTS = ("embedding", "weights", "biases", "readout")


def check_trained(names: Sequence[str]) -> None:
    """Raise a `ValueError` unless `names` are some of `PARTS`."""
    check_kind("trained", names, tuple, list)
    check(len(names) > 0, "trained", f"must name at least one of {', '.join(PARTS)}", "none")
    for name in names:
        one_of(PARTS, name, "trained")


def split(network: DenseNetwork, names: Sequence[str]) -> tuple[DenseNetwork, DenseNetwork]:
    """Split a network into the arrays that are trained and the others.

    Args:
        network: as `network.dense_network` writes it out.
        names: of the arrays to train, of `PARTS`.

    Returns:
        (trained, fixed), None in the places of the other's arrays; `equinox.combine` joins them.

    Raises:
        ValueError: for an unknown name, or none at all.
    """
    check_trained(names)
    chosen = jax.tree_util.tree_map_with_path(lambda path, _: path[0].name in names, network)
    return eqx.partition(network, chosen)
