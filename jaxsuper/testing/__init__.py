"""The laws of families, circuits and constructions as plain functions, for one's own.

Each takes a registered name (`allocation.register`, `circuits.register`, `network.register`) and
raises an `AssertionError` for a law that is broken. Nothing but this package is needed.

    jaxsuper.allocation.register("cyclic", cyclic_sets, cyclic_capacity, admissible=True)
    jaxsuper.testing.check_family("cyclic")
"""

from ._allocation import allocation_keeps_laws, check_family, pairwise_overlaps
from ._circuits import (
    check_circuits,
    inactive_stay_at_zero,
    parameters_are_the_constructors,
    parts_make_up_the_weights,
)
from ._network import check_construction, LAWS as construction_laws


__all__ = [
    "allocation_keeps_laws",
    "check_circuits",
    "check_construction",
    "check_family",
    "construction_laws",
    "inactive_stay_at_zero",
    "pairwise_overlaps",
    "parameters_are_the_constructors",
    "parts_make_up_the_weights",
]
