"""What designs have in common: whether networks of their size fit the machine."""

from collections.abc import Sequence

from .._limits import check_index
from .._settings import Configuration, IDENTITY


# The designs with the fewest neurons for each circuit are the smallest.
_LEAST_REDUNDANCY = 2


def named_edges(edges: str, circuit: str = Configuration.circuit) -> str:
    """Return how a title goes on to name edges and circuits; empty for rotations that feed themselves."""
    own = "" if circuit == Configuration.circuit else f", circuits {circuit}"
    return own if edges == IDENTITY else f"{own}, edges {edges}"


def identity_of_problem(edges: str, circuit: str) -> str:
    """Return what tells problems of the same words apart: what the files hold that they name."""
    from ..circuits import identity_of
    from ..simulation import edges_identity

    return edges_identity(edges) + identity_of(circuit)


def check_sizes(
    network_width: int,
    n_circuits: int,
    n_active: int,
    n_layers: int,
    *,
    kinds: Sequence[str],
    argument: str,
) -> None:
    """Raise a `ValueError` if the networks of some kinds of design do not fit the machine.

    Args:
        network_width: D.
        n_circuits: T.
        n_active: z.
        n_layers: L.
        kinds: of design, as `design.kinds` names them.
        argument: the argument that names kinds, for the remedy.

    Raises:
        ValueError: says what is needed, what there is and what fits.
    """
    check_index("network_width", network_width)
    check_index("n_active", n_active)
    check_index("n_circuits", n_circuits)
    check_index("n_layers", n_layers)
    from ..design import design_kind, kinds as known
    from ..network import traits_of
    from ..simulation import check_network_fits

    constructions = [design_kind(kind).construction for kind in kinds if kind in known()]
    inhibited = any(traits_of(name).inhibited for name in constructions)
    free = [kind for kind in known() if not traits_of(design_kind(kind).construction).inhibited]
    remedy = f"`{argument}` {' '.join(free)} needs less" if inhibited else ""
    least = Configuration(
        network_width,
        n_circuits,
        _LEAST_REDUNDANCY,
        n_active,
        n_layers,
        construction="clipped" if inhibited else "plain",
    )
    check_network_fits(least, ("network_width", "n_circuits", "n_layers"), remedy)
