"""The designs whose scaling is measured: settings for any width."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from ..._errors import check, lookup
from ..._settings import Configuration
from ...allocation import allocate
from ...circuits import width_of
from ...simulation import capacity_of, check_network_fits
from ...theory.seizure import load_classes, LoadClasses


# With S = log2 n - 3 the published sizes D = 500, 1000, ... have S = 4, 5, ...
_DOUBLINGS_BEFORE = 3
# Below it blocks do not hold the sets of all S that are looked at.
_NARROWEST = 64


@dataclass(frozen=True)
class ScalingDesign:
    """A design at every width.

    Attributes:
        name: as it is called in tables and on the command line.
        says: what it is, in words.
        redundancy: from n to S.
        settings: of `Configuration`, the same at all widths.
    """

    name: str
    says: str
    redundancy: Callable[[int], int]
    settings: dict[str, Any]

    def at(self, network_width: int, n_circuits: int, **more: Any) -> Configuration:
        """Return the configuration of a size; of a width that is no whole number of blocks those it has."""
        own = {**self.settings, **more}
        d = width_of(own.get("circuit", "rotation"))
        n = network_width // d
        return Configuration(
            network_width=n * d,
            n_circuits=n_circuits,
            redundancy=self.redundancy(n),
            **own,
        )

    def loads(self, network_width: int) -> Callable[[float | int], LoadClasses]:
        """Return the function from T to the loads of its sets, as theory needs them."""
        one = self.at(network_width, 1)
        n, S = network_width // width_of(one.circuit), one.redundancy

        def of(count: float) -> LoadClasses:
            sets = allocate(n, S, round(count), one.allocation)
            return load_classes(sets.loads[sets.sets])

        return of

    def held(self, network_width: int) -> int:
        """Return how many circuits the sets hold."""
        found = capacity_of(self.at(network_width, 1))
        return network_width**2 if found is None else found

    @property
    def links_to_fire(self) -> str:
        """H = floor(lo S) + 1, the links that make a neuron fire, where S is the same at all widths."""
        one = self.at(4 * 64, 1), self.at(4 * 4096, 1)
        if one[0].redundancy != one[1].redundancy:
            return ""
        return str(int(one[0].lower_threshold * one[0].redundancy) + 1)


def fixed_design(
    name: str, says: str, redundancy: int, lo: float, hi: float, allocation: str = "transversal"
) -> ScalingDesign:
    """Return a design with the same S and thresholds at all widths."""
    settings = {"lower_threshold": lo, "upper_threshold": hi, "allocation": allocation}
    return ScalingDesign(name, says, lambda n: redundancy, settings)


def _growing(n: int) -> int:
    return max(2, round(log(n, 2)) - _DOUBLINGS_BEFORE)


_DESIGNS = {
    one.name: one
    for one in (
        fixed_design("published", "prime steps, S = 6, .25/.75", 6, 0.25, 0.75, "prime-steps"),
        fixed_design("two-links", "lines, S = 3, .6/.9", 3, 0.6, 0.9),
        fixed_design("three-links", "lines, S = 4, .55/.9", 4, 0.55, 0.9),
        fixed_design("four-links", "lines, S = 6, .51/.9", 6, 0.51, 0.9),
        ScalingDesign(
            "logarithmic",
            "lines, S = log2 n - 3, .55/.9",
            _growing,
            {"lower_threshold": 0.55, "upper_threshold": 0.9, "allocation": "transversal"},
        ),
    )
}
DESIGNS = tuple(_DESIGNS)


def scaling_design(name: str) -> ScalingDesign:
    """Return a design by name.

    Raises:
        ValueError: for an unknown name.
    """
    return lookup(_DESIGNS, name, "design")


def check_widths(widths: Sequence[int], n_active: int, n_layers: int) -> None:
    """Raise a `ValueError` unless there are widths, all of whole blocks and with room in memory.

    Held against it is one circuit for each d neurons: no law is about fewer.
    """
    check(len(widths) > 0, "network_width", "must name at least one", "none")
    d = width_of("rotation")
    for width in widths:
        check(width % d == 0, "network_width", f"must be a multiple of {d}", width)
        check(width >= _NARROWEST, "network_width", f"must be at least {_NARROWEST}", width)
        least = Configuration(width, max(width // d, n_active + 2), 2, n_active, n_layers)
        check_network_fits(least, ("network_width", "n_circuits", "n_layers"))
