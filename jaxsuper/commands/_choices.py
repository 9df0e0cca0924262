"""The named settings as real choices, which the parser checks and a shell completes."""

from dataclasses import dataclass
from typing import Literal, TYPE_CHECKING, TypeAlias

from .._settings import (
    CIRCUITS,
    Configuration,
    CONSTRUCTIONS,
    FAMILIES,
    INDICATORS,
    INHIBITIONS,
    PRECISIONS,
)


if TYPE_CHECKING:
    Circuit: TypeAlias = str
    Construction: TypeAlias = str
    Family: TypeAlias = str
    Indicator: TypeAlias = str
    Inhibition: TypeAlias = str
    Precision: TypeAlias = str
else:
    # A file of layers is one, too; what it must be is said by the check of settings.
    Circuit = Literal[CIRCUITS] | str
    Construction = Literal[CONSTRUCTIONS]
    Family = Literal[FAMILIES]
    Indicator = Literal[INDICATORS]
    Inhibition = Literal[INHIBITIONS]
    Precision = Literal[PRECISIONS]


@dataclass(frozen=True)
class Choices(Configuration):
    """A configuration whose names are choices."""

    circuit: Circuit = Configuration.circuit
    construction: Construction = Configuration.construction
    allocation: Family = Configuration.allocation
    indicator: Indicator = Configuration.indicator
    inhibition: Inhibition = Configuration.inhibition
    precision: Precision = Configuration.precision
