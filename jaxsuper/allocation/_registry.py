"""The families by name: one line each, and the choice between them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._arrays import root_key
from .._errors import check, lookup
from .._types import KeyScalar
from ._allocation import Allocation
from ._balanced import balanced_prime_steps
from ._prime_steps import prime_step_capacity, prime_steps
from ._random import random_sets
from ._transversal import transversal, transversal_capacity


# Above this many prime-step sets the search for an even subset of them is not tried.
_SEARCHED = 20_000


def _most_even(block_width: int, redundancy: int, n_circuits: int, key: KeyScalar) -> Allocation:
    """Return the lowest overlap rate of the families that keep the overlap rule, else random sets."""
    candidates = []
    if n_circuits <= transversal_capacity(block_width, redundancy):
        candidates.append(transversal(block_width, redundancy, n_circuits))
        if np.ptp(candidates[0].loads) <= 2:  # hardly any allocation does better
            return candidates[0]
    if n_circuits <= prime_step_capacity(block_width, redundancy) <= _SEARCHED:
        candidates.append(balanced_prime_steps(block_width, redundancy, n_circuits))
    if candidates:
        return min(candidates, key=lambda candidate: candidate.overlap_rate)
    return random_sets(block_width, redundancy, n_circuits, key=key)


class _Family(NamedTuple):
    construct: Callable[[int, int, int, KeyScalar], Allocation]
    capacity: Callable[[int, int], int] | None = None
    admissible: bool = False


_FAMILIES: dict[str, _Family] = {
    "prime-steps": _Family(lambda n, s, t, key: prime_steps(n, s, t), prime_step_capacity, True),
    "balanced-prime-steps": _Family(
        lambda n, s, t, key: balanced_prime_steps(n, s, t), prime_step_capacity, True
    ),
    "transversal": _Family(lambda n, s, t, key: transversal(n, s, t), transversal_capacity, True),
    "random": _Family(lambda n, s, t, key: random_sets(n, s, t, key=key)),
    "auto": _Family(_most_even),
}


def register(
    name: str,
    construct: Callable[[int, int, int, KeyScalar], Allocation],
    capacity: Callable[[int, int], int] | None = None,
    *,
    admissible: bool = False,
) -> None:
    """Add a family, so that `allocate`, settings, sweeps and the command line know its name.

    `jaxsuper.testing.check_family(name)` says whether it keeps the laws. "auto" and the search for
    designs do not look at it.

    Args:
        name: what it is to be called.
        construct: (n, S, T, key) -> T sets of S out of n neurons.
        capacity: (n, S) -> the largest T; None for no limit.
        admissible: whether two of its sets share at most one neuron, at every size.

    Raises:
        ValueError: if there is a family of that name.
    """
    check(name not in _FAMILIES, "name", "must be new", repr(name))
    _FAMILIES[name] = _Family(construct, capacity, admissible)


def is_admissible(family: str) -> bool:
    """Return whether two sets of a family share at most one neuron, at every size.

    Raises:
        ValueError: for an unknown family.
    """
    return lookup(_FAMILIES, family, "family").admissible


def families() -> tuple[str, ...]:
    """Return the names that `allocate` takes."""
    return tuple(_FAMILIES)


def capacity(block_width: int, redundancy: int, family: str = "prime-steps") -> int | None:
    """Return how many circuits a family holds, or None if it has no limit.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        family: a name of `families()`.

    Returns:
        The capacity.

    Raises:
        ValueError: for an unknown family or S > n.
    """
    limit = lookup(_FAMILIES, family, "family").capacity
    return None if limit is None else limit(block_width, redundancy)


def allocate(
    block_width: int,
    redundancy: int,
    n_circuits: int,
    family: str = "prime-steps",
    *,
    key: KeyScalar | None = None,
) -> Allocation:
    """Return T sets of S out of n neurons.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: T, the number of sets.
        family: "prime-steps" (the published choice), "balanced-prime-steps" (the same family, the
            subset with the most even loads), "transversal" (lines of finite geometries, 1.4 to 5
            times as many), "random", or "auto" (of the families that keep the overlap rule the one
            with the lowest overlap rate, random sets if none holds T).
        key: for random sets; a fixed one if left out.

    Returns:
        The allocation.

    Raises:
        ValueError: for an unknown family, S > n, or T over the family's capacity.
    """
    construct = lookup(_FAMILIES, family, "family").construct
    if key is None:
        key = root_key(0)
    return construct(block_width, redundancy, n_circuits, key)
