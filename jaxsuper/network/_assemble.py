"""From named choices to a network: designs for all parts, shares of D, construction."""

from typing import Any

import jax

from .._types import check, KeyScalar, lookup
from ..allocation import allocate, Allocation, blocks, redundant
from ..circuits import AbstractCircuits
from ._base import AbstractNetwork
from ._registry import build, constructions


# How the on-indicator is carried -> the construction, if it has neurons of its own.
_INDICATORS = {"recomputed": "separate", "carried": "carried", "early-guess": "early-guess"}


def indicators() -> tuple[str, ...]:
    """Return the names of the indicator schemes."""
    return tuple(_INDICATORS)


def shares(
    network_width: int, circuit_width: int, indicator_share: float | None = None
) -> tuple[int, int]:
    """Return (n_a, n_x), the widths of indicator and payload blocks.

    Args:
        network_width: D.
        circuit_width: d, of which two neurons are payload.
        indicator_share: the part of D that the indicators get; by default all blocks are equal.

    Returns:
        Widths with (d - 2) n_a + 2 n_x at most D, and at most d neurons unused.

    Raises:
        ValueError: unless both parts have neurons.
    """
    rows = circuit_width - 2
    share = rows / circuit_width if indicator_share is None else indicator_share
    check(0 < share < 1, "indicator_share", "must lie strictly between 0 and 1", share)
    own = round(share * network_width / rows)
    payload = (network_width - rows * own) // 2
    rule = f"must leave neurons for both parts of a network of width {network_width}"
    check(own >= 1 and payload >= 1, "indicator_share", rule, share)
    return own, payload


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
    indicator_redundancy: int | None = None,
    indicator_share: float | None = None,
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
        indicator_redundancy: S of each copy of the indicator; that of the payload if left out.
        indicator_share: the part of D for indicators; all blocks equal if left out.
        indicator_copies: indicators per circuit, with independent allocations on an equal part of
            the indicator neurons each, averaged before the step.
        precision: of matrix products.
        **options: of the construction, see `build`.

    Returns:
        (the payload's design, the network).

    Raises:
        ValueError: for settings that do not fit together.
    """
    scheme = lookup(_INDICATORS, indicator, "indicator")
    lookup(dict.fromkeys(constructions()), construction, "construction")
    check(indicator_copies >= 1, "indicator_copies", "must be at least 1", indicator_copies)
    own = (indicator_redundancy, indicator_share, indicator_copies) != (None, None, 1)
    if construction == "clipped" and (indicator != "recomputed" or own):
        construction = scheme
    built: dict[str, Any] = {"key": key, "precision": precision, **options}
    count, width = circuits.n_circuits, circuits.width
    if construction not in _INDICATORS.values():
        rule = f"must be left alone for the construction {construction!r}"
        check(indicator == "recomputed", "indicator", rule, indicator)
        check(not own, "indicator_share", f"and the like {rule}", indicator_share)
        n = network_width // width
        if construction == "block":
            check(redundancy == 1, "redundancy", "must be 1 for the block construction", redundancy)
            design = blocks(n, count)
        else:
            design = allocate(n, redundancy, count, allocation, key=sets_key)
        return design, build(circuits, design, n_layers, construction, **built)
    n_own, n_payload = shares(network_width, width, indicator_share)
    design = allocate(n_payload, redundancy, count, allocation, key=sets_key)
    keys = [jax.random.fold_in(sets_key, copy) for copy in range(indicator_copies)]
    each = indicator_redundancy or redundancy
    copies = [allocate(n_own // indicator_copies, each, count, allocation, key=one) for one in keys]
    joint = copies[0] if indicator_copies == 1 else redundant(copies, key=sets_key)
    built["indicators"] = joint
    return design, build(circuits, design, n_layers, construction, **built)
