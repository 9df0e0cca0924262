"""`jaxsuper allocate`: how many circuits an allocation holds, and how they overlap."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .._errors import bad, check
from .._files import check_writable
from ._result import write
from ._terminal import number


@dataclass(frozen=True)
class Command:
    """Say how many circuits an allocation holds, and how they overlap.

    Attributes:
        block_width: n, neurons of a block.
        redundancy: S, neurons that carry a circuit.
        family: prime-steps, balanced-prime-steps, transversal, random or auto.
        n_circuits: T; by default as many as the family holds.
        circuit_width: d, for the published overlap rate only.
        seed: of the random family.
        json: write the answer to this file as well.
    """

    block_width: int
    redundancy: int
    family: str = "prime-steps"
    n_circuits: int | None = None
    circuit_width: int = 4
    seed: int = 0
    json: Path | None = None


def run(command: Command, console: Console) -> None:
    """Print the answer, and write it.

    Args:
        command: the settings.
        console: where the table goes.

    Raises:
        ValueError: for bad input.
    """
    check_writable(command.json, "json")
    for name in ("block_width", "circuit_width"):
        check(getattr(command, name) >= 1, name, "must be at least 1", getattr(command, name))
    import jax

    from .. import allocation, theory

    n, redundancy = command.block_width, command.redundancy
    bound = allocation.johnson_bound(n, redundancy)
    capacity = allocation.capacity(n, redundancy, command.family)
    n_circuits = command.n_circuits or capacity
    if command.n_circuits is not None:
        check(command.n_circuits >= 1, "n_circuits", "must be at least 1", command.n_circuits)
    if n_circuits is None:
        rule = f"must be given for the family {command.family!r}, which has no limit"
        raise bad("n_circuits", rule, "none")
    key = jax.random.key(command.seed)
    allocated = allocation.allocate(n, redundancy, n_circuits, command.family, key=key)
    width = command.circuit_width
    answer = {
        "block_width": n,
        "redundancy": redundancy,
        "family": allocated.family,
        "n_circuits": n_circuits,
        "capacity": capacity,
        "johnson_bound": bound,
        **allocation.diagnostics(allocated),
        "overlap_rate_published": theory.overlap_rate_published(
            width, width * n, redundancy, n_circuits
        ),
    }
    shown = Table(show_header=False)
    for name, value in answer.items():
        text = number(value, 6) if isinstance(value, float) else str(value)
        shown.add_row(name, "no limit" if value is None else text)
    console.print(shown)
    write(command.json, answer)
