"""`jaxsuper allocate`: how many circuits an allocation holds, and how they overlap."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .._errors import bad, check
from .._files import check_writable
from .._limits import check_index, check_seed
from ._choices import Family
from ._result import write
from ._terminal import number, say


# Entries of the sets of a whole family that are listed unasked: about ten seconds, half a gigabyte.
_MOST_ENTRIES = 5_000_000


@dataclass(frozen=True)
class Command:
    """Say how many circuits an allocation holds, and how they overlap.

    Attributes:
        block_width: n, neurons of a block.
        redundancy: S, neurons that carry a circuit.
        family: of sets; auto is the family with the lowest overlap rate that holds T.
        n_circuits: T; by default as many as the family holds, whose loads and overlaps are left out
            if listing them takes long.
        circuit_width: d, for the published overlap rate only.
        seed: of the random family.
        json: write the answer to this file as well.
    """

    block_width: int
    redundancy: int
    family: Family = "prime-steps"
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
    check_index("block_width", command.block_width)
    check_index("circuit_width", command.circuit_width)
    check_seed("seed", command.seed)
    if command.n_circuits is not None:
        check_index("n_circuits", command.n_circuits)
    from .. import allocation, theory
    from .._arrays import root_key

    n, redundancy = command.block_width, command.redundancy
    bound = allocation.johnson_bound(n, redundancy)
    capacity = allocation.capacity(n, redundancy, command.family)
    n_circuits = command.n_circuits or capacity
    if n_circuits is None:
        rule = f"must be given for the family {command.family!r}, which has no limit"
        raise bad("n_circuits", rule, "none")
    check(n_circuits >= 1, "redundancy", f"must let {command.family!r} hold a circuit", redundancy)
    answer: dict[str, Any] = {
        "block_width": n,
        "redundancy": redundancy,
        "family": command.family,
        "n_circuits": n_circuits,
        "capacity": capacity,
        "johnson_bound": bound,
    }
    listed = command.n_circuits is not None or n_circuits * redundancy <= _MOST_ENTRIES
    if listed:
        key = root_key(command.seed)
        allocated = allocation.allocate(n, redundancy, n_circuits, command.family, key=key)
        answer |= {"family": allocated.family, **allocation.diagnostics(allocated)}
    width = command.circuit_width
    answer["overlap_rate_published"] = theory.overlap_rate_published(
        width, width * n, redundancy, n_circuits
    )
    shown = Table(show_header=False)
    for name, value in answer.items():
        text = number(value, 6) if isinstance(value, float) else str(value)
        shown.add_row(name, "no limit" if value is None else text)
    console.print(shown)
    if not listed:
        say(
            console,
            f"loads and overlaps are left out: {n_circuits} sets are too many to list by the way; "
            f"--n-circuits gives those of the first so many, e.g. {_MOST_ENTRIES // redundancy}",
        )
    write(command.json, answer)
