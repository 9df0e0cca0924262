"""The discrete choices: for every kind of design a list of structures, and starting parameters."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

from ..simulation import Configuration
from ._designs import Design, fits, Problem


# Values tried for the continuous parameters before any gradient.
_THRESHOLDS = ((0.25, 0.75), (0.4, 0.8), (0.5, 0.9), (0.6, 0.9))
_GATES = (0.25, 0.5, 1.0)
_CARRIED_GATES = (0.15, 0.3, 0.5, 0.75, 1.0)
# (S of indicators, S of payload, share of D): few, since each takes a second to predict.
_SEPARATE = ((3, 3, 0.5), (6, 3, 0.6), (4, 2, 0.6), (3, 6, 0.4))


def _base(problem: Problem, kind: str, **settings: Any) -> Design:
    given = Configuration(
        network_width=problem.network_width,
        n_circuits=problem.n_circuits,
        n_active=problem.n_active,
        n_layers=problem.n_layers,
    )
    return Design(kind, replace(given, **{"allocation": "transversal", **settings}))


def _down_to(network_width: int, circuit_width: int) -> int:
    """Return the largest multiple of d that is not above D."""
    return network_width // circuit_width * circuit_width


def _published(problem: Problem) -> list[Design]:
    """Prime steps, .25/.75, b = 1, S = 6 or the largest S below that holds T."""
    width = _down_to(problem.network_width, 4)
    made = [
        _base(problem, "published", network_width=width, allocation="prime-steps", redundancy=s)
        for s in range(6, 1, -1)
    ]
    return [design for design in made if fits(design.configuration)][:1]


def _clipped(problem: Problem) -> list[Design]:
    width = _down_to(problem.network_width, 4)
    return [
        _base(
            problem,
            "clipped",
            network_width=width,
            redundancy=s,
            lower_threshold=low,
            upper_threshold=high,
        )
        for s, (low, high) in product((2, 3, 4, 6, 8), (_THRESHOLDS[0], _THRESHOLDS[-1]))
    ]


def _cleaned(problem: Problem) -> list[Design]:
    width = _down_to(problem.network_width, 4)
    return [
        _base(
            problem,
            "cleaned",
            network_width=width,
            construction="cleaned",
            redundancy=s,
            lower_threshold=0.4,
            upper_threshold=0.7,
        )
        for s in (3, 4)
    ]


def _separate(problem: Problem) -> list[Design]:
    return [
        _base(
            problem,
            "separate",
            indicator_redundancy=own,
            redundancy=payload,
            indicator_share=share,
            lower_threshold=0.6,
            upper_threshold=0.9,
        )
        for own, payload, share in _SEPARATE
    ]


def _carried(problem: Problem, kind: str = "carried") -> list[Design]:
    scheme = {"indicator": kind, "circuit": "rotation3", "gate_bias": 0.5}
    choices = product((4, 6, 8, 10, 12), (1, 2, 3, 4, 6), (0.2, 0.3, 0.4, 0.5))
    return [
        _base(
            problem,
            kind,
            indicator_redundancy=own,
            redundancy=payload,
            indicator_share=share,
            **scheme,
        )
        for own, payload, share in choices
    ]


def _private(problem: Problem) -> list[Design]:
    scheme = {"construction": "private", "circuit": "rotation3"}
    width = _down_to(problem.network_width, 3)
    return [
        _base(
            problem,
            "private",
            network_width=width,
            redundancy=s,
            gate_bias=closing_bias(s, problem.n_active),
            **scheme,
        )
        for s in range(2, 17)
    ]


def _block(problem: Problem) -> list[Design]:
    if problem.n_active > 1:  # each circuit receives the other's vector at full size
        return []
    width = _down_to(problem.network_width, 4)
    return [_base(problem, "block", network_width=width, construction="block", redundancy=1)]


def closing_bias(redundancy: int, n_active: int) -> float:
    """Return a gate bias that keeps closed neurons with private links silent.

    They receive at most z S/(S-1) vectors of length 1, and noise; open ones do not feel b at all,
    so there is nothing to lose by twice that.

    Args:
        redundancy: S, at least 2.
        n_active: z.

    Returns:
        b = 2 z S/(S-1) + 2.
    """
    return 2.0 * n_active * redundancy / (redundancy - 1) + 2


_KINDS: dict[str, Callable[[Problem], list[Design]]] = {
    "published": _published,
    "clipped": _clipped,
    "cleaned": _cleaned,
    "separate": _separate,
    "carried": _carried,
    "early-guess": lambda problem: _carried(problem, "early-guess"),
    "private": _private,
    "block": _block,
}


def kinds() -> tuple[str, ...]:
    """Return the kinds of design that are searched."""
    return tuple(_KINDS)


def candidates(problem: Problem, kind: str) -> list[Design]:
    """Return the structures of one kind that hold the problem's circuits.

    Args:
        problem: the problem.
        kind: one of `kinds()`.

    Returns:
        Designs with starting parameters, maybe none.
    """
    return [design for design in _KINDS[kind](problem) if fits(design.configuration)]


def structure_of(design: Design) -> Design:
    """Return the design without its continuous choices: equal for designs that share a program."""
    plain = Configuration()
    names = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
    unset = {name: getattr(plain, name) for name in names}
    return replace(design, configuration=replace(design.configuration, **unset))


def scan(design: Design) -> list[Design]:
    """Return the design with other continuous parameters, its own first.

    Args:
        design: the start.

    Returns:
        Designs of the same structure; the published one and those that b does not touch stay alone.
    """
    given = design.configuration
    settings: list[dict[str, Any]] = []
    if design.kind in ("clipped", "cleaned", "separate"):
        settings = [
            {"lower_threshold": low, "upper_threshold": high, "gate_bias": bias}
            for (low, high), bias in product(_THRESHOLDS, _GATES)
        ]
    elif design.kind in ("carried", "early-guess"):
        settings = [{"gate_bias": bias} for bias in _CARRIED_GATES]
    found = [design]
    found += [replace(design, configuration=replace(given, **chosen)) for chosen in settings]
    return list(dict.fromkeys(found))
