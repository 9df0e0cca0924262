"""Which large neurons carry which circuit: families of sets that overlap at most once."""

from ._allocation import AbstractAllocation, Allocation, Count, ENTRY_BYTES, Extent, extent_of
from ._balanced import balanced_prime_steps
from ._blocks import blocks
from ._diagnostics import diagnostics, johnson_bound, max_overlap
from ._padded import Padded, Widened
from ._prime_steps import prime_step_capacity, prime_step_family, prime_steps
from ._random import random_sets
from ._redundant import redundant
from ._registry import allocate, capacity, families, is_admissible, register
from ._transversal import transversal, transversal_capacity, transversal_family


__all__ = [
    "ENTRY_BYTES",
    "AbstractAllocation",
    "Allocation",
    "Count",
    "Extent",
    "Padded",
    "Widened",
    "allocate",
    "balanced_prime_steps",
    "blocks",
    "capacity",
    "diagnostics",
    "extent_of",
    "families",
    "is_admissible",
    "johnson_bound",
    "max_overlap",
    "prime_step_capacity",
    "prime_step_family",
    "prime_steps",
    "random_sets",
    "redundant",
    "register",
    "transversal",
    "transversal_capacity",
    "transversal_family",
]
