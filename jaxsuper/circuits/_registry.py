"""The kinds of circuit by name, as the command line makes them."""

from typing import Any

from .._errors import check, lookup
from .._types import KeyScalar
from ._base import AbstractCircuits, Layout
from ._levels import Levels2, Levels4, Levels8
from ._rotation import CenteredRotation, Rotation
from ._rotation3 import Rotation3
from ._step import Step


# Each class draws circuits by `random(n_circuits, key=..., **parameters)`.
_KINDS: dict[str, type[Any]] = {
    "rotation": Rotation,
    "rotation3": Rotation3,
    "step": Step,
    "levels2": Levels2,
    "levels4": Levels4,
    "levels8": Levels8,
}


def kinds() -> tuple[str, ...]:
    """Return the names that `make` takes."""
    return tuple(_KINDS)


def register(name: str, circuits: type[AbstractCircuits]) -> None:
    """Add a kind of circuit, so that `make`, settings, sweeps and the command line know its name.

    `jaxsuper.testing.check_circuits(name)` says whether it keeps the laws.

    Args:
        name: what it is to be called.
        circuits: the class, with a `layout` of its own and a class method
            `random(n_circuits, *, key, **parameters)`.

    Raises:
        ValueError: if there is a kind of that name, or the class lacks one of those.
    """
    check(name not in _KINDS, "name", "must be new", repr(name))
    ready = isinstance(getattr(circuits, "layout", None), Layout) and hasattr(circuits, "random")
    rule = "must be a class with a `layout` and a class method `random`"
    check(ready, "circuits", rule, getattr(circuits, "__name__", circuits))
    _KINDS[name] = circuits


def class_of(kind: str) -> type[Any]:
    """Return the class of a named kind of circuit."""
    return lookup(_KINDS, kind, "circuit")


def width_of(kind: str) -> int:
    """Return d of a named kind of circuit."""
    return lookup(_KINDS, kind, "circuit").layout.width


def layout_of(kind: str) -> Layout:
    """Return the layout of a named kind of circuit."""
    return lookup(_KINDS, kind, "circuit").layout


def check_parameters(kind: str, **parameters: Any) -> None:
    """Check the parameters of a named kind of circuit without making any.

    Args:
        kind: one of `kinds()`.
        **parameters: as of `make`.

    Raises:
        ValueError: for an unknown kind or bad parameters.
    """
    lookup(_KINDS, kind, "circuit").check_parameters(**parameters)


def make(kind: str, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> AbstractCircuits:
    """Draw T circuits of a named kind.

    Args:
        kind: one of `kinds()`.
        n_circuits: T, how many to make.
        key: for the angles.
        **parameters: thresholds and gate bias; those the kind has no use for are left out.

    Returns:
        The circuits.

    Raises:
        ValueError: for an unknown kind or bad parameters.
    """
    circuit_class = lookup(_KINDS, kind, "circuit")
    used = {name: parameters[name] for name in circuit_class.parameters if name in parameters}
    return circuit_class.random(n_circuits, key=key, **used)


def kind_of(circuits: AbstractCircuits) -> str:
    """Return the name of the kind that some circuits compute, empty for kinds without one."""
    # Centred rotations compute the same, with the weights split in another way.
    kind = Rotation if type(circuits) is CenteredRotation else type(circuits)
    return next((name for name, each in _KINDS.items() if each is kind), "")
