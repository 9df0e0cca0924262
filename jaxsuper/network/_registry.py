"""The constructions by name, and `build`, which checks that the parts fit before anything is made."""

from typing import Any

import equinox as eqx
from jax.core import Tracer

from .._arrays import check_key
from .._errors import bad, check, check_kind, lookup, one_of
from .._limits import check_cost, check_single, Cost
from .._types import KeyScalar
from ..allocation import AbstractAllocation, Allocation
from ..circuits import AbstractCircuits, Layout
from ..programs import Edges
from ._block import Block
from ._carried import Carried
from ._cleaned import Cleaned
from ._clipped import Clipped
from ._cost import network_bytes
from ._early_guess import EarlyGuess
from ._network import AbstractNetwork, Traits
from ._oracle import Oracle
from ._plain import Plain
from ._private import Private
from ._separate import Separate
from ._split import Split


_CLASSES: tuple[Any, ...] = (
    Block,
    Clipped,
    Carried,
    Cleaned,
    EarlyGuess,
    Oracle,
    Plain,
    Private,
    Separate,
    Split,
)
_CONSTRUCTIONS: dict[str, Any] = {
    construction.traits.name: construction for construction in _CLASSES
}
PRECISIONS = ("default", "high", "highest")


def constructions() -> tuple[str, ...]:
    """Return the names that `build` takes."""
    return tuple(_CONSTRUCTIONS)


def register(construction: type[AbstractNetwork]) -> None:
    """Add a construction, so that `build`, settings, sweeps and the command line know its name.

    Its name is that of its `traits`. `jaxsuper.testing.check_construction(name)` says whether it
    keeps the laws; theories and the search for designs know nothing of it.

    Args:
        construction: the class, with `traits` of its own and a class method
            `build(circuits, allocation, n_layers, *, key, precision, **options)`.

    Raises:
        ValueError: if there is a construction of that name, or the class lacks one of those.
    """
    ready = isinstance(getattr(construction, "traits", None), Traits)
    rule = "must be a class with `traits` and a class method `build`"
    given = getattr(construction, "__name__", construction)
    check(ready and hasattr(construction, "build"), "construction", rule, given)
    name = construction.traits.name
    check(name not in _CONSTRUCTIONS, "name", "of the traits must be new", repr(name))
    _CONSTRUCTIONS[name] = construction


def class_of(construction: str) -> type[Any]:
    """Return the class of a construction by name."""
    return lookup(_CONSTRUCTIONS, construction, "construction")


def traits_of(construction: str) -> Traits:
    """Return the traits of a construction.

    Raises:
        ValueError: for an unknown name.
    """
    return lookup(_CONSTRUCTIONS, construction, "construction").traits


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


def check_parts(
    layout: Layout,
    kind: str,
    allocation: Allocation,
    construction: str,
    precision: str,
    indicators: Allocation | None = None,
) -> None:
    """Check that the parts of a network fit, without making circuits or network.

    Args:
        layout: of the circuits.
        kind: what the circuits are called in the error.
        allocation: of the payload, or of all.
        construction: by name.
        precision: of matrix products.
        indicators: of indicators with neurons of their own.

    Raises:
        ValueError: if the parts do not fit or a name is unknown.
    """
    traits = traits_of(construction)
    one_of(PRECISIONS, precision, "precision")
    needs = traits.needs
    check(needs.fits(layout), "circuits", needs.rule, kind, f"use {needs.kind}")
    traits.check_allocation(allocation)
    if not traits.own_indicators:
        return
    if indicators is None:
        raise bad("indicators", "must be an allocation for the indicators", None)
    rule = f"must hold as many sets as the {allocation.n_circuits} of the payload"
    check(indicators.n_circuits == allocation.n_circuits, "indicators", rule, indicators.n_circuits)


def check_edges(edges: Any, construction: str, n_circuits: int, n_layers: int) -> None:
    """Check that a network can have edges, without making it.

    Args:
        edges: the edges.
        construction: by name.
        n_circuits: T of the network.
        n_layers: its L.

    Raises:
        ValueError: for a construction in which circuits cannot feed each other, or edges of other
            sizes.
    """
    traits = traits_of(construction)
    traits.check_edges()
    check_kind("edges", edges, Edges)
    rule = f"must be between the {n_circuits} circuits of the network"
    check(edges.n_circuits == n_circuits, "edges", rule, edges.n_circuits)
    rule = f"must be for the {n_layers} layers of the network"
    check(edges.n_layers == n_layers, "edges", rule, edges.n_layers)
    traits.check_edges(edges)


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
            carried and early-guess besides `inhibition` and `inhibition_factor`: `indicators`, an
            allocation; of clipped, cleaned, oracle, plain, split and separate: `edges`, of
            `Program.compile`.

    Returns:
        The network, a pytree whose array leaves may all be swept without a new compile.

    Raises:
        ValueError: if the parts do not fit or a name is unknown.
    """
    check_kind("circuits", circuits, AbstractCircuits)
    check_kind("allocation", allocation, Allocation)
    check_key("key", key)
    traits = traits_of(construction)
    circuits.check_depth(n_layers)
    rule = f"must be as many as the {allocation.n_circuits} sets of the allocation"
    fits = circuits.n_circuits == allocation.n_circuits
    check(fits, "circuits", rule, circuits.n_circuits)
    edges = options.pop("edges", None)
    if edges is not None:
        check_edges(edges, construction, circuits.n_circuits, n_layers)
        options["edges"] = edges
    for name in options:
        rule = f"must be left out for the construction {construction!r}"
        check(name in traits.options, name, rule, options[name])
    kind, indicators = type(circuits).__name__, options.get("indicators")
    check_parts(circuits.layout, kind, allocation, construction, precision, indicators)
    factor = options.get("inhibition_factor", 1.0)
    if not isinstance(factor, Tracer):
        check_single("inhibition_factor", factor)
        check(factor >= 0, "inhibition_factor", "must be finite and not negative", factor)
    n, each = allocation.block_width, allocation.redundancy
    fan = 1 if edges is None else edges.fan
    sizes = allocation.n_circuits, n, each
    cost = lambda n_layers: network_bytes(*sizes, n_layers, traits, fan=fan)
    check_cost(lambda n_layers: Cost(cost(n_layers)), {"n_layers": n_layers})
    options["precision"] = precision
    return _build(circuits, allocation, n_layers, construction, key=key, **options)
