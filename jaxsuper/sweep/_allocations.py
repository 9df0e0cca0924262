"""What the networks of configurations are built of, each allocation made once."""

from collections import OrderedDict
from collections.abc import Mapping
from operator import attrgetter

from ..simulation import (
    check_active,
    check_settings,
    Configuration,
    depends_on_seed,
    PARAMETERS,
    Parts,
    parts_of,
)
from ._identity import field_types


# Parts kept; those that every seed draws anew are not.
_KEPT = 512
_DECISIVE = ("allocation", "network_width", "circuit", "redundancy", "n_circuits", "construction")
_DECISIVE += ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies")
_DECISIVE += ("n_layers", "precision", "edges")
# The settings that decide shapes, and which of the others are checked together.
_NUMBERS = ("seed", "network")
structure_of = attrgetter(*(n for n in field_types() if n not in (*PARAMETERS, *_NUMBERS)))
_decisive = attrgetter(*_DECISIVE)
_continuous = attrgetter("circuit", "construction", "inhibition", *PARAMETERS)


class Allocations:
    """Makes and keeps allocations, the same for all configurations that share their sizes."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[tuple, Parts | ValueError] = OrderedDict()

    def key_of(self, configuration: Configuration) -> tuple:
        """Return what configurations that are built of the same have in common."""
        key = _decisive(configuration)
        if depends_on_seed(configuration):
            key += (configuration.seed, configuration.network)
        return key

    def of(self, configuration: Configuration) -> Parts:
        """Return what a configuration's network is built of.

        Raises:
            ValueError: if a family does not hold so many circuits, or the parts do not fit.
        """
        key = self.key_of(configuration)
        if key not in self._kept:
            try:
                self._kept[key] = parts_of(configuration)
            except ValueError as error:
                self._kept[key] = error
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        parts = self._kept[key]
        if isinstance(parts, ValueError):
            raise parts
        return parts


def largest_load(parts: Parts) -> int:
    """Return R, circuits on the most loaded neuron of any part."""
    return max(part.members.shape[1] for part in parts[:2] if part is not None)


def check_configuration(configuration: Configuration) -> None:
    """Check the settings of a configuration, without building it.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_settings(configuration)
    check_active(configuration.n_active, configuration.n_circuits)


def loads_and_failures(
    configurations: Mapping[str, Configuration], allocations: Allocations
) -> tuple[dict[str, int], dict[str, str]]:
    """Check configurations, most of which share their settings with others.

    A check is either of the continuous parameters, with the circuit and the construction they are
    for, or of all else. So what has passed with other partners needs no check of its own.

    Args:
        configurations: by id.
        allocations: makes them.

    Returns:
        The largest load of each that can be run, and the reason for each that cannot.
    """
    loads: dict[str, int] = {}
    failures: dict[str, str] = {}
    passed: dict[tuple, int] = {}
    continuous: set[tuple] = set()
    faults: dict[tuple, str] = {}
    for name, one in configurations.items():
        structure, parameters = structure_of(one), _continuous(one)
        if not (0 <= one.seed < 2**32 and 0 <= one.network < 2**32) or depends_on_seed(one):
            structure += (one.seed, one.network)
        known = structure in passed and parameters in continuous
        if not known and (structure, parameters) not in faults:
            try:
                check_configuration(one)
                passed[structure] = largest_load(allocations.of(one))
                continuous.add(parameters)
            except ValueError as error:
                faults[structure, parameters] = " ".join(str(error).split())
        if (structure, parameters) in faults:
            failures[name] = faults[structure, parameters]
        else:
            loads[name] = passed[structure]
    return loads, failures
