"""How the on-indicator is carried: which construction a scheme asks for, and its share of D."""

from .._errors import bad, check, lookup, one_of
from .._limits import check_index
from ._registry import constructions, traits_of


# How the on-indicator is carried -> the construction, if it has neurons of its own.
_SCHEMES = {"recomputed": "separate", "carried": "carried", "early-guess": "early-guess"}
# S, share and copies of indicators that share the neurons of the payload's blocks.
_UNSET = (0, 0.0, 1)
_OWN = ("indicator_redundancy", "indicator_share", "indicator_copies")


def indicator_schemes() -> tuple[str, ...]:
    """Return the names of the indicator schemes."""
    return tuple(_SCHEMES)


def shares(
    network_width: int, circuit_width: int, n_payload: int = 2, indicator_share: float = 0.0
) -> tuple[int, int]:
    """Return (n_a, n_x), the widths of indicator and payload blocks.

    Args:
        network_width: D.
        circuit_width: d.
        n_payload: m, how many of the d neurons are payload.
        indicator_share: the part of D that the indicators get; 0: all blocks are equal.

    Returns:
        Widths with (d - m) n_a + m n_x at most D, and at most d neurons unused.

    Raises:
        ValueError: unless both parts have neurons.
    """
    rows = circuit_width - n_payload
    share = indicator_share or rows / circuit_width
    check(0 < share < 1, "indicator_share", "must lie strictly between 0 and 1", share)
    own = round(share * network_width / rows)
    payload = (network_width - rows * own) // n_payload
    rule = f"must leave neurons for both parts of a network of width {network_width}"
    check(own >= 1 and payload >= 1, "indicator_share", rule, share)
    return own, payload


def construction_for(construction: str, indicator: str, own: tuple[int, float, int]) -> str:
    """Return the construction, as `build` knows it, that carries the indicators in the wanted way.

    Args:
        construction: by name; "clipped" leaves the choice to the other two.
        indicator: by name.
        own: redundancy, share and copies of indicators with neurons of their own.

    Returns:
        One of `constructions()`.

    Raises:
        ValueError: for unknown names, settings that contradict each other, or settings of
            indicators that the construction has no place for.
    """
    scheme = lookup(_SCHEMES, indicator, "indicator")
    one_of(constructions(), construction, "construction")
    redundancy, _, copies = own
    check_index("indicator_copies", copies)
    check(redundancy >= 0, "indicator_redundancy", "must not be negative", redundancy)
    if construction == "clipped":
        return construction if indicator == "recomputed" and own == _UNSET else scheme
    rule = f"must be left alone for the construction {construction!r}"
    # "recomputed" is what a setting that was left alone has.
    if indicator != "recomputed" and scheme != construction:
        raise bad("indicator", rule, repr(indicator), "leave one of the two out")
    if not traits_of(construction).own_indicators:
        for name, value, unset in zip(_OWN, own, _UNSET, strict=True):
            check(value == unset, name, rule, value)
    return construction
