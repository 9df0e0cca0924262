"""`jaxsuper scaling LAW`: how the number of circuits grows, a file for each law."""

import sys
from dataclasses import dataclass
from typing import Annotated, TYPE_CHECKING, TypeAlias

import tyro
from rich.console import Console

from ._capacity import Capacity
from ._critical import Critical


LAWS = {"capacity": Capacity, "critical": Critical}
if TYPE_CHECKING:
    Law: TypeAlias = Capacity | Critical
else:
    Law = (
        Annotated[Capacity, tyro.conf.subcommand("capacity")]
        | Annotated[Critical, tyro.conf.subcommand("critical")]
    )


@dataclass(frozen=True)
class Command:
    """Measure how many circuits fit, as networks grow.

    `jaxsuper scaling LAW --help` explains a law.

    Attributes:
        law: capacity (most circuits under an error target, at one width) or critical (where circuits
            seize, over widths).
    """

    law: Law


def run(command: Command, console: Console) -> int:
    """Run the law.

    Args:
        command: the law with its settings.
        console: where tables go.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    return sys.modules[type(command.law).__module__].run(command.law, console)
