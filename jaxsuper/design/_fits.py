"""Whether the largest network that will be tried fits the machine, before any is made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._limits import check_cost, Cost
from ..simulation import experiment_cost
from ._problem import Design


def check_fits(
    designs: Sequence[Design], samples: int, sizes: Mapping[str, str], remedy: str = ""
) -> None:
    """Raise a `ValueError` if the largest of some designs needs more memory or time than there is.

    Args:
        designs: all that may be measured, at least one.
        samples: of each network.
        sizes: those that may be lowered: what the user calls them -> name of the setting.
        remedy: what else would help.

    Raises:
        ValueError: says what is needed, what there is and what fits.
    """
    asked_for = [
        (replace(design.configuration, batch_size=samples), design.traits) for design in designs
    ]

    def cost(**given: int) -> Cost:
        settings: dict[str, Any] = {sizes[name]: size for name, size in given.items()}
        each = [
            experiment_cost(replace(made, **settings), traits, [made.n_active], 1, None)
            for made, traits in asked_for
        ]
        return Cost(max(one.bytes for one in each), max(one.seconds for one in each))

    first = designs[0].configuration
    asked = {name: getattr(first, setting) for name, setting in sizes.items()}
    check_cost(cost, asked, remedy, {name: first.n_active + 1 for name in asked if "circ" in name})


def neediest(designs: Sequence[Design]) -> str:
    """Return the kind of the design whose networks take most memory."""

    def needed(design: Design) -> float | int:
        settings = design.configuration
        return experiment_cost(settings, design.traits, [settings.n_active], 1, None).bytes

    return max(designs, key=needed).kind
