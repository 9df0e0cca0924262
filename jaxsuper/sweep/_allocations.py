"""What the networks of configurations are built of, each allocation made once."""

from collections import OrderedDict

from ..simulation import (
    check_active,
    check_settings,
    Configuration,
    depends_on_seed,
    Parts,
    parts_of,
)


# Parts kept; those that every seed draws anew are not.
_KEPT = 512
_DECISIVE = ("allocation", "network_width", "circuit", "redundancy", "n_circuits", "construction")
_DECISIVE += ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies")
_DECISIVE += ("n_layers", "precision")


class Allocations:
    """Makes and keeps allocations, the same for all configurations that share their sizes."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[tuple, Parts | ValueError] = OrderedDict()

    def of(self, configuration: Configuration) -> Parts:
        """Return what a configuration's network is built of.

        Raises:
            ValueError: if a family does not hold so many circuits, or the parts do not fit.
        """
        key = tuple(getattr(configuration, name) for name in _DECISIVE)
        if depends_on_seed(configuration):
            key += (configuration.seed, configuration.network)
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
    return max(part.members.shape[1] for part in parts if part is not None)


def check_configuration(configuration: Configuration) -> None:
    """Check the settings of a configuration, without building it.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_settings(configuration)
    check_active(configuration.n_active, configuration.n_circuits)
