"""What is searched: a problem, and a design that answers it."""

from dataclasses import dataclass, replace
from typing import Any

from .._errors import check, check_kind
from .._limits import check_index
from ..network import Traits
from ..simulation import check_active, Configuration, PARAMETERS, Recipe


# Far above what fits a machine: sizes that are typing errors are refused before anything is tried.
_MOST = {"network_width": 1_000_000, "n_layers": 10_000}


@dataclass(frozen=True)
class Problem:
    """What is to be computed, and with how many neurons.

    Attributes:
        network_width: D, an upper limit: designs whose blocks do not divide it use fewer.
        n_circuits: T.
        n_active: z.
        n_layers: L.
    """

    network_width: int
    n_circuits: int
    n_active: int
    n_layers: int


@dataclass(frozen=True)
class Design:
    """One answer to a problem.

    Attributes:
        kind: the way its candidates were made, one of `kinds()`.
        configuration: all settings, which `simulation.prepare` turns into networks.
    """

    kind: str
    configuration: Configuration

    @property
    def traits(self) -> Traits:
        """Traits of the construction that the settings lead to."""
        return Recipe.of(self.configuration).traits

    @property
    def assumes(self) -> str:
        """What must hold for the design to work, besides the numbers.

        A known active set is given with the input and stays the same in all layers; a fixed one
        need not be given, but z must be known. "2L layers" is twice the depth.
        """
        return self.traits.assumes


def check_problem(problem: Problem) -> None:
    """Check sizes.

    Args:
        problem: the sizes.

    Raises:
        ValueError: unless 8 <= D <= 10^6, T >= 2, 1 <= L <= 10^4 and 1 <= z < T.
    """
    check_kind("problem", problem, Problem)
    check_index("network_width", problem.network_width)
    rule = "must be at least 8, two neurons for each of a rotation's four"
    check(problem.network_width >= 8, "network_width", rule, problem.network_width)
    check_index("n_circuits", problem.n_circuits, 2)
    check_index("n_layers", problem.n_layers)
    for name, most in _MOST.items():
        size = getattr(problem, name)
        check(size <= most, name, f"must be at most {most} to be searched", size)
    check_active(problem.n_active, problem.n_circuits)
    rule = f"must be below {problem.n_circuits}: without inactive circuits nothing can seize"
    check(problem.n_active < problem.n_circuits, "n_active", rule, problem.n_active)


def with_settings(design: Design, **settings: Any) -> Design:
    """Return the design with other settings, named as in `Configuration`."""
    return replace(design, configuration=replace(design.configuration, **settings))


def structure_of(configuration: Configuration) -> Configuration:
    """Return the settings with default continuous parameters: equal where a program is shared."""
    plain = Configuration()
    return replace(configuration, **{name: getattr(plain, name) for name in PARAMETERS})
