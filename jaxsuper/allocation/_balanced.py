"""Balanced prime steps: the T sets of the prime-step family with the most even loads."""

import numpy as np
from jaxtyping import Bool

from .._types import Sets
from ._allocation import Allocation
from ._prime_steps import check_capacity, prime_step_family


# Chosen sets tried for an exchange in one round, those on the most loaded neurons first.
_CANDIDATES = 100


def balanced_prime_steps(block_width: int, redundancy: int, n_circuits: int) -> Allocation:
    """Return T sets of the prime-step family, chosen for even loads.

    Minimises sum_i r_i^2, to which the overlap rate is affine, greedily from whichever side is
    nearer (adding the set on the least used neurons, or dropping the one on the most used), then by
    exchanges until no exchange of one of the chosen sets with the highest loads helps.

    Args:
        block_width: n, the neurons of a block.
        redundancy: S, the neurons of a set.
        n_circuits: T, the number of sets.

    Returns:
        The allocation; the same sets whenever it is called.

    Raises:
        ValueError: if T exceeds the family's capacity.
    """
    check_capacity(n_circuits, block_width, redundancy)
    family = prime_step_family(block_width, redundancy)
    chosen = most_even(Allocation(family, block_width, "prime-steps"), n_circuits)
    return Allocation(chosen, block_width, "balanced-prime-steps")


def most_even(family: Allocation, n_circuits: int) -> Sets:
    """Return T of the sets of a family, with loads as even as greedy choice and exchange get."""
    return family.sets[_exchange(family, _greedy(family, n_circuits))]


def _greedy(family: Allocation, n_circuits: int) -> Bool[np.ndarray, " capacity"]:
    """Grow from nothing or shrink from everything, one set at a time, by the sum of its loads."""
    sets, members = family.sets, family.members
    size = family.n_circuits
    growing = n_circuits <= size // 2
    loads = np.zeros(family.block_width, np.int64) if growing else family.loads.copy()
    sign = 1 if growing else -1
    chosen = np.full(size, not growing)
    # One more entry takes the padding of `members`.
    score = np.append(sign * loads[sets].sum(axis=1), 0)
    blocked = np.iinfo(np.int64).max // 2
    for _ in range(n_circuits if growing else size - n_circuits):
        pick = int(score[:-1].argmin())
        chosen[pick] = growing
        score[pick] = blocked
        loads[sets[pick]] += sign
        # Two sets meet at most once, so no entry is named twice; a step in either direction
        # raises the score: growing, the loads rise; shrinking, minus the loads do.
        score[members[sets[pick]].ravel()] += 1
    return chosen


def _exchange(
    family: Allocation, chosen: Bool[np.ndarray, " capacity"]
) -> Bool[np.ndarray, " capacity"]:
    """Swap a chosen for an unchosen set while that lowers sum_i r_i^2."""
    sets = family.sets
    chosen = chosen.copy()
    loads = np.bincount(sets[chosen].ravel(), minlength=family.block_width)
    for _ in range(family.n_circuits):
        score = loads[sets].sum(axis=1)
        inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
        worst_first = inside[np.argsort(-score[inside], kind="stable")[:_CANDIDATES]]
        for leaving in worst_first if outside.size else ():
            without = loads.copy()
            without[sets[leaving]] -= 1
            score_without = without[sets[outside]].sum(axis=1)
            entering = outside[score_without.argmin()]
            # Dropping a set lowers sum r^2 by 2 sum(r) - S, adding one raises it by 2 sum(r') + S.
            if score_without.min() + family.redundancy < score[leaving]:
                chosen[leaving], chosen[entering] = False, True
                loads = without
                loads[sets[entering]] += 1
                break
        else:
            break
    return chosen
