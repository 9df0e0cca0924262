"""The constructions by name, and `build`, which checks that the parts fit before anything is made."""

from typing import Any

import equinox as eqx

from .._errors import check, lookup
from .._types import KeyScalar
from ..allocation import AbstractAllocation, Allocation
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork
from ._block import Block
from ._carried import Carried, EarlyGuess
from ._cleaned import Cleaned
from ._clipped import Clipped
from ._oracle import Oracle
from ._plain import Plain
from ._private import Private
from ._separate import Separate
from ._split import Split


_CONSTRUCTIONS: dict[str, Any] = {
    "block": Block,
    "clipped": Clipped,
    "carried": Carried,
    "cleaned": Cleaned,
    "early-guess": EarlyGuess,
    "oracle": Oracle,
    "plain": Plain,
    "private": Private,
    "separate": Separate,
    "split": Split,
}
# Constructions of which networks of different sizes can be padded to a common shape.
PADDABLE = ("clipped", "oracle", "plain", "split")
_PRECISIONS = {"default": None, "high": None, "highest": None}


def constructions() -> tuple[str, ...]:
    """Return the names that `build` takes."""
    return tuple(_CONSTRUCTIONS)


def make_network(
    circuits: AbstractCircuits,
    allocation: AbstractAllocation,
    n_layers: int,
    construction: str,
    *,
    key: KeyScalar,
    **options: Any,
) -> AbstractNetwork:
    """As `build`, without checks and without a compile of its own: to be traced by the caller."""
    network_class = lookup(_CONSTRUCTIONS, construction, "construction")
    return network_class.build(circuits, allocation, n_layers, key=key, **options)


_build = eqx.filter_jit(make_network)


def check_fit(
    circuits: AbstractCircuits,
    allocation: Allocation,
    n_layers: int,
    construction: str,
    precision: str,
    **options: Any,
) -> None:
    """Check that the parts of a network fit, without building it; arguments as of `build`.

    Raises:
        ValueError: if the parts do not fit or a name is unknown.
    """
    network_class = lookup(_CONSTRUCTIONS, construction, "construction")
    lookup(_PRECISIONS, precision, "precision")
    circuits.check_depth(n_layers)
    check(
        circuits.n_circuits == allocation.n_circuits,
        "circuits",
        f"must be as many as the {allocation.n_circuits} sets of the allocation",
        circuits.n_circuits,
    )
    parts = (
        {"indicators": options.get("indicators")} if "indicators" in network_class.options else {}
    )
    network_class.check_parts(circuits, allocation, **parts)
    known = network_class.options
    for name in options:
        rule = f"must be left out for the construction {construction!r}"
        check(name in known, name, rule, options[name])


def build(
    circuits: AbstractCircuits,
    allocation: Allocation,
    n_layers: int,
    construction: str = "clipped",
    *,
    key: KeyScalar,
    precision: str = "highest",
    **options: Any,
) -> AbstractNetwork:
    """Embed T small circuits in one large network.

    Args:
        circuits: T circuits of width d.
        allocation: T sets of S out of n neurons; the network has width D = d·n.
        n_layers: L.
        construction: "clipped" (published), "cleaned", "split", "plain", "oracle", "private",
            "block", "separate", "carried" or "early-guess".
        key: for the shuffles of the sets in every layer.
        precision: of matrix products: "highest" (full float32 on every device), "high", "default".
        **options: of clipped, cleaned and oracle: `inhibition` ("scalar" or "receiver") and
            `inhibition_factor`; of plain and split: `overlap` ("even" or "exact"); of separate,
            carried and early-guess besides those of clipped: `indicators`, an allocation.

    Returns:
        The network, a pytree whose array leaves may all be swept without a new compile.

    Raises:
        ValueError: if the parts do not fit or a name is unknown.
    """
    check_fit(circuits, allocation, n_layers, construction, precision, **options)
    options["precision"] = precision
    return _build(circuits, allocation, n_layers, construction, key=key, **options)
