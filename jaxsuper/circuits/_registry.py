"""The kinds of circuit by name, as the command line makes them."""

from typing import Any

from .._errors import lookup
from .._types import KeyScalar
from ._base import AbstractCircuits, Layout
from ._indicator import check_thresholds
from ._rotation import check_gate_bias, Rotation
from ._rotation3 import Rotation3
from ._step import Step


# name -> (class, names of the parameters it takes)
_KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "rotation": (Rotation, ("lower_threshold", "upper_threshold", "gate_bias")),
    "rotation3": (Rotation3, ("gate_bias",)),
    "step": (Step, ("lower_threshold", "upper_threshold")),
}


def kinds() -> tuple[str, ...]:
    """Return the names that `make` takes."""
    return tuple(_KINDS)


def width_of(kind: str) -> int:
    """Return d of a named kind of circuit."""
    return lookup(_KINDS, kind, "circuit")[0].layout.width


def layout_of(kind: str) -> Layout:
    """Return the layout of a named kind of circuit."""
    return lookup(_KINDS, kind, "circuit")[0].layout


def check_parameters(kind: str, **parameters: Any) -> None:
    """Check the parameters of a named kind of circuit without making any.

    Args:
        kind: one of `kinds()`.
        **parameters: as of `make`.

    Raises:
        ValueError: for an unknown kind or bad parameters.
    """
    takes = lookup(_KINDS, kind, "circuit")[1]
    if "lower_threshold" in takes:
        check_thresholds(parameters["lower_threshold"], parameters["upper_threshold"])
    if "gate_bias" in takes:
        check_gate_bias(parameters["gate_bias"])


def make(kind: str, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> AbstractCircuits:
    """Draw T circuits of a named kind.

    Args:
        kind: one of `kinds()`.
        n_circuits: T.
        key: for the angles.
        **parameters: thresholds and gate bias; those the kind has no use for are left out.

    Returns:
        The circuits.

    Raises:
        ValueError: for an unknown kind or bad parameters.
    """
    circuit_class, takes = lookup(_KINDS, kind, "circuit")
    used = {name: value for name, value in parameters.items() if name in takes}
    return circuit_class.random(n_circuits, key=key, **used)


def kind_of(circuits: AbstractCircuits) -> str:
    """Return the name of the kind of some circuits, empty for kinds without one."""
    for name, (circuit_class, _) in _KINDS.items():
        if type(circuits) is circuit_class:
            return name
    return ""
