"""What is searched: the problem, a design for it, what the design assumes and how to run it."""

from dataclasses import dataclass, fields

from .._errors import check
from ..allocation import capacity
from ..circuits import width_of
from ..network import shares
from ..simulation import check_active, Configuration


# Kind of design -> what it needs besides the input itself. A known active set is given with the input
# and stays the same in all layers; a fixed one need not be given, but z must be known. Clean-up layers
# double the depth.
ASSUMPTIONS = {
    "published": "nothing",
    "clipped": "nothing",
    "cleaned": "2L layers",
    "separate": "nothing",
    "early-guess": "fixed set",
    "carried": "known set",
    "private": "known set",
    "block": "known set",
}
# Kinds whose indicators have neurons of their own.
TWO_PART = ("separate", "carried", "early-guess")
# Settings that `simulate_line` leaves out: they are given by other words, or decide nothing.
_SILENT = ("n_active", "n_layers", "network_width", "n_circuits", "redundancy", "network")


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
        kind: a key of `ASSUMPTIONS`.
        configuration: all settings, which `simulation.prepare` turns into networks.
    """

    kind: str
    configuration: Configuration

    @property
    def assumes(self) -> str:
        """What must hold for the design to work, besides the numbers."""
        return ASSUMPTIONS[self.kind]


def check_problem(problem: Problem) -> None:
    """Check sizes.

    Args:
        problem: the problem.

    Raises:
        ValueError: unless D >= 8, T >= 2, L >= 1 and 1 <= z < T.
    """
    rule = "must be at least 8, two neurons for each of a rotation's four"
    check(problem.network_width >= 8, "network_width", rule, problem.network_width)
    check(problem.n_circuits >= 2, "n_circuits", "must be at least 2", problem.n_circuits)
    check(problem.n_layers >= 1, "n_layers", "must be at least 1", problem.n_layers)
    check_active(problem.n_active, problem.n_circuits)
    rule = f"must be below {problem.n_circuits}: without idle circuits nothing can seize"
    check(problem.n_active < problem.n_circuits, "n_active", rule, problem.n_active)


def circuits_held(configuration: Configuration) -> int | None:
    """Return how many circuits the sets of a configuration can hold, or None for no limit.

    Args:
        configuration: with any number of circuits.

    Returns:
        The smaller capacity of payload and indicators, 0 if the sets do not fit at all.
    """
    given = configuration
    width = width_of(given.circuit)
    if given.construction == "block":
        return (given.network_width // width) ** 2
    parts = [(given.network_width // width, given.redundancy)]
    if given.indicator_redundancy:
        own, payload = shares(given.network_width, width, given.indicator_share)
        own //= given.indicator_copies
        parts = [(payload, given.redundancy), (own, given.indicator_redundancy)]
    limits = []
    for block_width, redundancy in parts:
        if redundancy > block_width:
            return 0
        limits.append(capacity(block_width, redundancy, given.allocation))
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def fits(configuration: Configuration) -> bool:
    """Return whether the sets of a configuration hold its circuits."""
    held = circuits_held(configuration)
    return held is None or held >= configuration.n_circuits


def summary(design: Design) -> str:
    """Return kind and choices of a design in a few words."""
    return f"{design.kind}, {choices(design)}"


def choices(design: Design) -> str:
    """Return the choices of a design in a few words; the usual family, transversal, goes unsaid."""
    given, kind = design.configuration, design.kind
    if kind == "block":
        return f"b={given.gate_bias:.3g}"
    if kind in TWO_PART:
        words = [f"S={given.indicator_redundancy}/{given.redundancy}"]
        words.append(f"share={given.indicator_share:.3g}")
    else:
        words = [f"S={given.redundancy}"]
    if given.allocation != "transversal":
        words.append(given.allocation)
    if given.circuit == "rotation":
        words.append(f"lo/hi={given.lower_threshold:.3g}/{given.upper_threshold:.3g}")
    words.append(f"b={given.gate_bias:.3g}")
    if given.inhibition_factor != 1:
        words.append(f"chi*{given.inhibition_factor:.3g}")
    return " ".join(words)


def simulate_line(design: Design, samples: int, n_networks: int, chunk: int | None = None) -> str:
    """Return the command that measures a design as it was measured here.

    Args:
        design: the design; its configuration's seed is the one to measure with.
        samples: per network.
        n_networks: independent networks.
        chunk: samples run at once, which decides the last digits.

    Returns:
        A shell command.
    """
    given = design.configuration
    sizes = ("network_width", "n_circuits", "redundancy", "n_active", "n_layers")
    words = [f"--{name.replace('_', '-')} {getattr(given, name)}" for name in sizes]
    words += [f"--batch-size {samples}", f"--n-networks {n_networks}", f"--seed {given.seed}"]
    skip = (*_SILENT, "batch_size", "seed")
    for field in fields(Configuration):
        value = getattr(given, field.name)
        if field.name not in skip and value != field.default:
            words.append(f"--{field.name.replace('_', '-')} {value}")
    if chunk is not None:
        words.append(f"--chunk {chunk}")
    return "jaxsuper simulate " + " ".join(words)
