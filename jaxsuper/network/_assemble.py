"""From named choices to a network: designs for all parts, shares of D, construction."""

from typing import Any

import jax

from .._errors import check, lookup, one_of
from .._types import KeyScalar
from ..allocation import allocate, Allocation, blocks, redundant
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork
from ._registry import build, constructions


# How the on-indicator is carried -> the construction, if it has neurons of its own.
_INDICATORS = {"recomputed": "separate", "carried": "carried", "early-guess": "early-guess"}
# S, share and copies of indicators that share the neurons of the payload's blocks.
_UNSET = (0, 0.0, 1)


def indicators() -> tuple[str, ...]:
    """Return the names of the indicator schemes."""
    return tuple(_INDICATORS)


def shares(network_width: int, circuit_width: int, indicator_share: float = 0.0) -> tuple[int, int]:
    """Return (n_a, n_x), the widths of indicator and payload blocks.

    Args:
        network_width: D.
        circuit_width: d, of which two neurons are payload.
        indicator_share: the part of D that the indicators get; 0: all blocks are equal.

    Returns:
        Widths with (d - 2) n_a + 2 n_x at most D, and at most d neurons unused.

    Raises:
        ValueError: unless both parts have neurons.
    """
    rows = circuit_width - 2
    share = indicator_share or rows / circuit_width
    check(0 < share < 1, "indicator_share", "must lie strictly between 0 and 1", share)
    own = round(share * network_width / rows)
    payload = (network_width - rows * own) // 2
    rule = f"must leave neurons for both parts of a network of width {network_width}"
    check(own >= 1 and payload >= 1, "indicator_share", rule, share)
    return own, payload


def construction_for(construction: str, indicator: str, own: tuple[int, float, int]) -> str:
    """Return the construction, as `build` knows it, that carries the indicators in the wanted way.

    Args:
        construction: by name, as in `assemble`.
        indicator: by name.
        own: redundancy, share and copies of indicators with neurons of their own.

    Returns:
        One of `constructions()`.

    Raises:
        ValueError: for unknown names, or settings of indicators that it has no place for.
    """
    scheme = lookup(_INDICATORS, indicator, "indicator")
    one_of(constructions(), construction, "construction")
    redundancy, share, copies = own
    check(copies >= 1, "indicator_copies", "must be at least 1", copies)
    check(redundancy >= 0, "indicator_redundancy", "must not be negative", redundancy)
    if construction == "clipped" and (indicator != "recomputed" or own != _UNSET):
        return scheme
    if construction not in _INDICATORS.values():
        rule = f"must be left alone for the construction {construction!r}"
        check(indicator == "recomputed", "indicator", rule, indicator)
        names = ("indicator_redundancy", "indicator_share", "indicator_copies")
        for name, given, unset in zip(names, own, _UNSET, strict=True):
            check(given == unset, name, rule, given)
    return construction


def parts_for(
    n_circuits: int,
    circuit_width: int,
    *,
    key: KeyScalar | None,
    network_width: int,
    redundancy: int,
    allocation: str = "prime-steps",
    construction: str = "clipped",
    indicator: str = "recomputed",
    indicator_redundancy: int = 0,
    indicator_share: float = 0.0,
    indicator_copies: int = 1,
) -> tuple[str, Allocation, Allocation | None]:
    """Return what `assemble` builds a network of, for named choices.

    Args:
        n_circuits: T.
        circuit_width: d.
        key: for random sets and for the order of copies; may be left out where nothing is random.
        network_width: as in `assemble`; so the others.
        redundancy: S.
        allocation: the family.
        construction: by name.
        indicator: by name.
        indicator_redundancy: S of the indicator.
        indicator_share: of D.
        indicator_copies: per circuit.

    Returns:
        (the construction as `build` knows it, the design, the design of indicators with neurons of
        their own or None).

    Raises:
        ValueError: for settings that do not fit together.
    """
    own = (indicator_redundancy, indicator_share, indicator_copies)
    construction = construction_for(construction, indicator, own)
    if construction == "block":
        check(redundancy == 1, "redundancy", "must be 1 for the block construction", redundancy)
        return construction, blocks(network_width // circuit_width, n_circuits), None
    if construction not in _INDICATORS.values():
        width = network_width // circuit_width
        return construction, allocate(width, redundancy, n_circuits, allocation, key=key), None
    n_own, n_payload = shares(network_width, circuit_width, indicator_share)
    design = allocate(n_payload, redundancy, n_circuits, allocation, key=key)
    each, available = indicator_redundancy or redundancy, n_own // indicator_copies
    if key is None:
        return construction, design, allocate(available, each, n_circuits, allocation)
    keys = [jax.random.fold_in(key, copy) for copy in range(indicator_copies)]
    copies = [allocate(available, each, n_circuits, allocation, key=one) for one in keys]
    return construction, design, copies[0] if len(copies) == 1 else redundant(copies, key=key)


def assemble(
    circuits: AbstractCircuits,
    n_layers: int,
    *,
    key: KeyScalar,
    sets_key: KeyScalar,
    network_width: int,
    redundancy: int,
    allocation: str = "prime-steps",
    construction: str = "clipped",
    indicator: str = "recomputed",
    indicator_redundancy: int = 0,
    indicator_share: float = 0.0,
    indicator_copies: int = 1,
    precision: str = "highest",
    **options: Any,
) -> tuple[Allocation, AbstractNetwork]:
    """Allocate and build.

    Args:
        circuits: T circuits of width d.
        n_layers: L.
        key: for the shuffles.
        sets_key: for random sets.
        network_width: D.
        redundancy: S, of the payload if the indicators have their own.
        allocation: the family of designs.
        construction: one of `constructions()`.
        indicator: one of `indicators()`; all but "recomputed" go with the construction "clipped".
        indicator_redundancy: S of each copy of the indicator; 0: that of the payload.
        indicator_share: the part of D for indicators; 0: all blocks equal.
        indicator_copies: indicators per circuit, with independent allocations on an equal part of
            the indicator neurons each, averaged before the step.
        precision: of matrix products.
        **options: of the construction, see `build`.

    Returns:
        (the payload's design, the network).

    Raises:
        ValueError: for settings that do not fit together.
    """
    construction, design, indicators = parts_for(
        circuits.n_circuits,
        circuits.width,
        key=sets_key,
        network_width=network_width,
        redundancy=redundancy,
        allocation=allocation,
        construction=construction,
        indicator=indicator,
        indicator_redundancy=indicator_redundancy,
        indicator_share=indicator_share,
        indicator_copies=indicator_copies,
    )
    if indicators is not None:
        options["indicators"] = indicators
    built = {"key": key, "precision": precision, **options}
    return design, build(circuits, design, n_layers, construction, **built)
