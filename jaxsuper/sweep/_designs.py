"""What the networks of configurations are built of, each design made once."""

from collections import OrderedDict
from typing import TypeAlias

import jax

from ..allocation import Allocation
from ..circuits import check_parameters, make
from ..network import check_fit
from ..simulation import (
    check_active,
    check_settings,
    Configuration,
    depends_on_seed,
    parameters_of,
    parts_of,
)


# The design, and that of indicators with neurons of their own.
Parts: TypeAlias = tuple[Allocation, Allocation | None]
# Designs kept; those that every seed draws anew are not.
_KEPT = 512


_DECISIVE = ("allocation", "network_width", "circuit", "redundancy", "n_circuits", "construction")
_DECISIVE += ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies")
_DECISIVE += ("n_layers", "precision")


class Designs:
    """Makes and keeps designs, the same for all configurations that share their sizes."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[tuple, Parts | ValueError] = OrderedDict()

    def of(self, configuration: Configuration) -> Parts:
        """Return what a configuration's network is built of.

        Raises:
            ValueError: if a family does not hold so many circuits, or the parts do not fit.
        """
        given = configuration
        key = tuple(getattr(given, name) for name in _DECISIVE)
        if depends_on_seed(given):
            key += (given.seed, given.network)
        if key not in self._kept:
            try:
                self._kept[key] = _parts(given)
            except ValueError as error:
                self._kept[key] = error
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found = self._kept[key]
        if isinstance(found, ValueError):
            raise found
        return found


def _parts(given: Configuration) -> Parts:
    construction, design, indicators = parts_of(given, given.network)
    circuits = make(given.circuit, given.n_circuits, key=jax.random.key(0), **parameters_of(given))
    options = {} if indicators is None else {"indicators": indicators}
    check_fit(circuits, design, given.n_layers, construction, given.precision, **options)
    return design, indicators


def largest_load(parts: Parts) -> int:
    """Return R, circuits on the most loaded neuron of any part."""
    return max(part.members.shape[1] for part in parts if part is not None)


def check_configuration(configuration: Configuration) -> None:
    """Check the settings of a configuration, those of its circuits included, without building it.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_settings(configuration)
    check_active(configuration.n_active, configuration.n_circuits)
    check_parameters(configuration.circuit, **parameters_of(configuration))
