"""What is searched: a problem, and a design that answers it."""

from dataclasses import dataclass, replace
from typing import Any

from .._errors import check, check_kind
from .._limits import check_index
from .._settings import EDGES, IDENTITY
from ..circuits import fitting, layout_of, pool_of, width_of
from ..network import Traits, traits_of
from ..programs import Edges
from ..simulation import (
    check_active,
    check_edges_name,
    check_groups,
    check_setting,
    Configuration,
    edges_of,
    PARAMETERS,
    Recipe,
)


# Far above what fits a machine: sizes that are typing errors are refused before anything is tried.
# Without inactive circuits nothing is measured of them, and one set has no neighbours.
_SPARE = 2
# Circuits of a branch or a merge.
_LARGEST_GROUP = 3
ROTATIONS = "rotation"
_MOST = {"network_width": 1_000_000, "n_layers": 10_000}


@dataclass(frozen=True)
class Problem:
    """What is to be computed, and with how many neurons.

    Attributes:
        network_width: D, an upper limit: designs whose blocks do not divide it use fewer.
        n_circuits: T.
        n_active: z.
        n_layers: L.
        edges: which circuit feeds which, as in `Configuration`; each itself by default.
        circuit: what is computed, as in `Configuration`: rotations, or circuits with an on-indicator of
            one's own, by a file of layers or a registered pool.
    """

    network_width: int
    n_circuits: int
    n_active: int
    n_layers: int
    edges: str = IDENTITY
    circuit: str = ROTATIONS

    @property
    def own(self) -> bool:
        """Whether the circuits are others than rotations."""
        return self.circuit != ROTATIONS


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
        ValueError: unless 2 d <= D <= 10^6, T >= 2, 1 <= L <= 10^4 and 1 <= z < T, and for circuits
            without an on-indicator, or with weights for another number of layers.
    """
    check_kind("problem", problem, Problem)
    check_index("network_width", problem.network_width)
    check_index("n_layers", problem.n_layers)
    check_circuit(problem)
    d = width_of(problem.circuit)
    each = f"the {d} of a circuit" if problem.own else "a rotation's four"
    rule = f"must be at least {2 * d}, two neurons for each of {each}"
    check(problem.network_width >= 2 * d, "network_width", rule, problem.network_width)
    check_index("n_circuits", problem.n_circuits, 2)
    for name, most in _MOST.items():
        size = getattr(problem, name)
        check(size <= most, name, f"must be at most {most} to be searched", size)
    check_active(problem.n_active, problem.n_circuits)
    rule = f"must be below {problem.n_circuits}: without inactive circuits nothing can seize"
    check(problem.n_active < problem.n_circuits, "n_active", rule, problem.n_active)
    check_edges_name(problem.edges)
    if problem.edges != IDENTITY:
        check(problem.n_layers > 1, "n_layers", "must be at least 2 with edges", problem.n_layers)
        check_groups(edges_of(of_problem(problem)), problem.n_active)


def check_circuit(problem: Problem) -> None:
    """Raise a `ValueError` unless designs can be made of a problem's circuits."""
    check_setting("circuit", problem.circuit)
    names = [name for name, _ in layout_of(problem.circuit).readouts]
    rule = "must be circuits with an on-indicator and a payload"
    remedy = "put them behind one with circuits.Guarded"
    check(names == ["on", "x"], "circuit", rule, problem.circuit, remedy)
    pool = pool_of(problem.circuit)
    if pool is not None:
        pool.check_depth(problem.n_layers)


def of_problem(problem: Problem, **settings: Any) -> Configuration:
    """Return the problem's settings with transversal sets, unless others are named."""
    sizes: dict[str, Any] = {
        "network_width": problem.network_width,
        "n_circuits": problem.n_circuits,
        "n_active": problem.n_active,
        "n_layers": problem.n_layers,
        "allocation": "transversal",
        "edges": problem.edges,
        "circuit": problem.circuit,
    }
    return Configuration(**{**sizes, **settings})


def can_hold(problem: Problem, construction: str) -> bool:
    """Return whether a construction can be made of the problem's circuits.

    Of rotations each kind takes the form, d = 4 or 3, that it needs, and of a file's circuits too.
    """
    return not problem.own or held_as(problem.circuit, construction) is not None


def held_as(circuit: str, construction: str) -> str | None:
    """Return the form of circuits by name that a construction can be made of, None if there is none."""
    return fitting(circuit, traits_of(construction).needs.fits)


def can_feed(problem: Problem, construction: str) -> bool:
    """Return whether circuits can feed each other in a construction as the problem wants it."""
    return not _why_not(problem, construction)


def check_suits(problem: Problem, construction: str) -> None:
    """Raise a `ValueError` if a construction cannot hold the circuits, or feed them as is wanted."""
    needs = traits_of(construction).needs
    rule = f"{needs.rule} for the construction {construction!r}"
    check(can_hold(problem, construction), "circuit", rule, problem.circuit)
    if _why_not(problem, construction):
        traits_of(construction).check_edges(_edges_like(problem), problem.edges)


def _why_not(problem: Problem, construction: str) -> str:
    if problem.edges == IDENTITY:
        return ""
    traits = traits_of(construction)
    return traits.no_edges or traits.cannot(_edges_like(problem))


def _edges_like(problem: Problem) -> Edges:
    """Return edges of the problem's kind: of few circuits, unless they are those of a file."""
    if problem.edges in EDGES:
        problem = replace(problem, n_circuits=fewest_circuits(problem))
    edges = edges_of(of_problem(problem))
    assert edges is not None
    return edges


def fewest_circuits(problem: Problem) -> int:
    """Return how few circuits a problem makes sense for: the active ones, and some that are not."""
    if problem.edges == IDENTITY:
        return problem.n_active + _SPARE
    # Of the programs by name that with the largest groups; each is to start as often as wanted.
    return max(_LARGEST_GROUP, problem.n_layers) * problem.n_active + _SPARE


def with_settings(design: Design, **settings: Any) -> Design:
    """Return the design with other settings, named as in `Configuration`."""
    return replace(design, configuration=replace(design.configuration, **settings))


def structure_of(configuration: Configuration) -> Configuration:
    """Return the settings with default continuous parameters: equal where a program is shared."""
    plain = Configuration()
    return replace(configuration, **{name: getattr(plain, name) for name in PARAMETERS})
