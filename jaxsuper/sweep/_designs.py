"""Allocations of configurations, each design made once."""

from collections import OrderedDict

from .._types import check
from ..allocation import Allocation
from ..circuits import check_parameters
from ..network import PADDABLE
from ..simulation import (
    check_active,
    check_settings,
    Configuration,
    design_of,
    parameters_of,
    SEEDED,
)


# Designs kept; those that every seed draws anew are not.
_KEPT = 512


class Designs:
    """Makes and keeps designs, the same for all configurations that share their sizes."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[tuple, Allocation | ValueError] = OrderedDict()

    def of(self, configuration: Configuration) -> Allocation:
        """Return the design of a configuration.

        Raises:
            ValueError: if its family does not hold so many circuits.
        """
        given = configuration
        key: tuple = (given.allocation, given.network_width, given.circuit)
        key += (given.redundancy, given.n_circuits)
        if given.allocation in SEEDED:
            key += (given.seed, given.network)
        if key not in self._kept:
            try:
                self._kept[key] = design_of(given, given.network)
            except ValueError as error:
                self._kept[key] = error
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found = self._kept[key]
        if isinstance(found, ValueError):
            raise found
        return found


def check_configuration(configuration: Configuration) -> None:
    """Check the settings of a configuration, those of its circuits included, without building it.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_settings(configuration)
    check_active(configuration.n_active, configuration.n_circuits)
    # The program of a bucket builds the networks itself, padded, and knows these alone.
    rule = f"must be one of {', '.join(PADDABLE)} in a sweep"
    check(configuration.construction in PADDABLE, "construction", rule, configuration.construction)
    for name in ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies"):
        given, usual = getattr(configuration, name), getattr(Configuration, name)
        check(given == usual, name, f"must be {usual!r} in a sweep", repr(given))
    check_parameters(configuration.circuit, **parameters_of(configuration))
