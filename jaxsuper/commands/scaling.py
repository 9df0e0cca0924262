"""`jaxsuper scaling LAW`: how the number of circuits grows, a file for each law."""

import sys
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, TYPE_CHECKING, TypeAlias

import tyro
from rich.console import Console

from ._capacity import Capacity
from ._critical import Critical
from ._every_design import EveryDesign
from ._optimum import Optimum
from ._payload import Payload
from ._trained import Trained
from ._transition import Transition


LAWS = {
    "capacity": Capacity,
    "critical": Critical,
    "transition": Transition,
    "optimum": Optimum,
    "trained": Trained,
    "designs": EveryDesign,
    "payload": Payload,
}
if TYPE_CHECKING:
    Law: TypeAlias = Capacity | Critical | Transition | Optimum | Trained | EveryDesign | Payload
else:
    Law = reduce(or_, (Annotated[law, tyro.conf.subcommand(name)] for name, law in LAWS.items()))


@dataclass(frozen=True)
class Command:
    """Measure how many circuits fit, as networks grow.

    `jaxsuper scaling LAW --help` explains a law.

    Attributes:
        law: capacity (most circuits under an error target, at one width), critical (where circuits
            seize, over widths), transition (at which density, with S ~ ln n), optimum (over S and
            thresholds), trained (of networks that are trained and not built, over widths), designs
            (every design under an error target, over widths) or payload (errors of quiet networks
            against T, z, layers and D).
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
