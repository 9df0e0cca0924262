"""The kinds of circuit by name, as the command line makes them; a file of layers is a kind, too."""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .._errors import bad, check, lookup, one_of
from .._types import KeyScalar
from ._base import AbstractCircuits, Layout
from ._gated import Gated
from ._guarded import Guarded
from ._layer_files import load_layers, SUFFIX
from ._levels import Levels2, Levels4, Levels8
from ._mlp import MLP
from ._pool import Pool
from ._rotation import CenteredRotation, Rotation
from ._rotation3 import Rotation3
from ._step import Step


# Each class draws circuits by `random(n_circuits, key=..., **parameters)`.
_KINDS: dict[str, Any] = {
    "rotation": Rotation,
    "rotation3": Rotation3,
    "step": Step,
    "levels2": Levels2,
    "levels4": Levels4,
    "levels8": Levels8,
}


# What layers of a file are put into: a name in front of the path, `gated:FILE`.
_WRAPPERS: dict[str, Any] = {"guarded": Guarded, "gated": Gated, "mlp": MLP}
_WRAP = ":"

# Between a file's path and what it held, in names that stay the same when the file does not.
_HELD = "#"
_files: dict[str, Pool] = {}


def kinds() -> tuple[str, ...]:
    """Return the names that `make` takes, besides files of layers."""
    return tuple(_KINDS)


def register(name: str, circuits: type[AbstractCircuits] | Pool) -> None:
    """Add a kind of circuit, so that `make`, settings, sweeps and the command line know its name.

    `jaxsuper.testing.check_circuits(name)` says whether it keeps the laws.

    Args:
        name: what it is to be called.
        circuits: the class, with a `layout` of its own and a class method
            `random(n_circuits, *, key, **parameters)`; or a pool of circuits.

    Raises:
        ValueError: if there is a kind of that name, or the class lacks one of those.
    """
    check(name not in _KINDS, "name", "must be new", repr(name))
    ready = isinstance(getattr(circuits, "layout", None), Layout) and hasattr(circuits, "random")
    rule = "must be a class with a `layout` and a class method `random`, or a pool"
    check(ready, "circuits", rule, getattr(circuits, "__name__", circuits))
    _KINDS[name] = circuits


def check_kind_name(value: str, place: str = "circuit") -> None:
    """Raise a `ValueError` unless `value` names a kind, or a file of layers that can be read."""
    if value.partition(_HELD)[0].endswith(SUFFIX):
        resolved(value, place)
    elif value not in _KINDS:
        # The registry's own words for a slip of the pen.
        one_of(kinds(), value, place)


def resolved(value: str, place: str = "circuit") -> str:
    """Return the name of a kind that is the same only as long as it stands for the same circuits.

    Args:
        value: a kind, or a file of layers.
        place: what it is called in errors.

    Returns:
        The kind; for a file what it was given as, `#` and a hash of what it holds.

    Raises:
        ValueError: for a file that cannot be read, or an unknown wrapper in front of it.
    """
    if value in _KINDS or value in _files or not value.endswith(SUFFIX):
        return value
    wrapper, path = _split(value)
    lookup(_WRAPPERS, wrapper, f"{place}, the name in front of its file,")
    try:
        stat = os.stat(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise bad(place, "must be a kind or an existing file", value, reason) from None
    pool = _read(wrapper, path, stat.st_mtime_ns, stat.st_size, place)
    name = f"{value}{_HELD}{pool.identity}"
    _files[name] = pool
    return name


def _split(value: str) -> tuple[str, str]:
    """Return the wrapper and the path of `gated:FILE`; a path that exists as it is has no wrapper."""
    wrapper, separator, path = value.partition(_WRAP)
    bare = not separator or os.path.exists(value)
    return ("guarded", value) if bare else (wrapper, path)


@lru_cache(maxsize=8)
def _read(wrapper: str, path: str, changed: int, size: int, place: str) -> Pool:
    del changed, size
    layers, inputs = load_layers(path, place)
    return Pool(_WRAPPERS[wrapper].from_layers(layers, inputs))


def _kind(kind: str) -> Any:
    """Return the class or the pool of a kind."""
    name = resolved(kind)
    return _files[name] if name in _files else lookup(_KINDS, kind, "circuit")


def fitting(kind: str, fits: Callable[[Layout], bool]) -> str | None:
    """Return a kind that computes the same and whose layout fits: itself, or its file put otherwise.

    Args:
        kind: a kind, or a file of layers, whatever it was put into.
        fits: whether a layout will do.

    Returns:
        The kind, or None.
    """
    if fits(layout_of(kind)):
        return kind
    given = kind.partition(_HELD)[0]
    if not given.endswith(SUFFIX):
        return None
    path = _split(given)[1]
    others = (f"{wrapper}{_WRAP}{path}" for wrapper in _WRAPPERS)
    return next((other for other in others if fits(layout_of(other))), None)


def identity_of(kind: str) -> str:
    """Return what tells a kind from others in ids: its name, or the hash of a pool's circuits."""
    found = _kind(kind)
    return found.identity if isinstance(found, Pool) else kind


def pool_of(kind: str) -> AbstractCircuits | None:
    """Return all circuits that those of a kind are drawn from, None if they are made anew."""
    found = _kind(kind)
    return found.circuits if isinstance(found, Pool) else None


def class_of(kind: str) -> type[Any]:
    """Return the class of a named kind of circuit, of a pool that of its circuits."""
    found = _kind(kind)
    return type(found.circuits) if isinstance(found, Pool) else found


def width_of(kind: str) -> int:
    """Return d of a named kind of circuit."""
    return _kind(kind).layout.width


def layout_of(kind: str) -> Layout:
    """Return the layout of a named kind of circuit."""
    return _kind(kind).layout


def check_parameters(kind: str, **parameters: Any) -> None:
    """Check the parameters of a named kind of circuit without making any.

    Args:
        kind: one of `kinds()`.
        **parameters: as of `make`.

    Raises:
        ValueError: for an unknown kind or bad parameters.
    """
    _kind(kind).check_parameters(**parameters)


def make(kind: str, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> Any:
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
    circuit_class = _kind(kind)
    used = {name: parameters[name] for name in circuit_class.parameters if name in parameters}
    return circuit_class.random(n_circuits, key=key, **used)


def kind_of(circuits: AbstractCircuits) -> str:
    """Return the name of the kind that some circuits compute, empty for kinds without one."""
    # Centred rotations compute the same, with the weights split in another way.
    kind = Rotation if type(circuits) is CenteredRotation else type(circuits)
    return next((name for name, each in _KINDS.items() if each is kind), "")
