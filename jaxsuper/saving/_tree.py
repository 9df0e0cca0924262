"""What is saved as plain data and named arrays, and back: fields of known classes, no code.

None, booleans, integers, texts, finite numbers   as JSON has them
other numbers            {"float": "inf"}
tuples                   [...]
lists                    {"list": [...]}
tables                   {"table": {...}}
arrays                   {"leaf": name, "of": "jax", "numpy" or "scalar"}
keys of JAX              {"leaf": name, "of": "key", "generator": ...}
what has fields          {"class": its short name, "fields": {...}}
"""

from collections.abc import Callable
from dataclasses import fields
from math import isfinite
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import bad, check
from ._classes import classes, name_of


_NUMBERS = "biuf"
# Levels of lists, tables and fields: networks have four.
_DEEPEST = 100


def described(value: Any, where: str, leaves: dict[str, np.ndarray]) -> Any:
    """Return a value as plain data; its arrays are added to `leaves`.

    Args:
        value: what is saved.
        where: its place, which names its arrays.
        leaves: name -> array.

    Raises:
        ValueError: for what cannot be saved; says where it stands.
    """
    check(where.count(".") < _DEEPEST, "thing", f"must have at most {_DEEPEST} levels", "more")
    each: Callable[[str, Any], Any] = lambda name, part: described(part, f"{where}.{name}", leaves)
    if value is None or isinstance(value, bool | str):
        return value
    if type(value) is int:
        return value
    if type(value) is float:
        return value if isfinite(value) else {"float": str(value)}
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _leaf(value, where, leaves)
    if type(value) is tuple:
        return [each(str(i), part) for i, part in enumerate(value)]
    if type(value) is list:
        return {"list": [each(str(i), part) for i, part in enumerate(value)]}
    if type(value) is dict:
        texts = all(isinstance(name, str) for name in value)
        check(texts, "thing", "must have tables whose keys are texts", f"others at {where}")
        return {"table": {name: each(name, part) for name, part in value.items()}}
    name = name_of(value, where)
    own = {field.name: each(field.name, getattr(value, field.name)) for field in fields(value)}
    return {"class": name, "fields": own}


def _leaf(value: Any, where: str, leaves: dict[str, np.ndarray]) -> dict[str, str]:
    while where in leaves:  # of tables whose keys have dots
        where += "_"
    told = {"leaf": where, "of": "jax" if isinstance(value, jax.Array) else "numpy"}
    if isinstance(value, np.generic):
        told["of"] = "scalar"
    elif isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        told |= {"of": "key", "generator": str(jax.random.key_impl(value))}
        value = jax.random.key_data(value)
    array = np.asarray(value, order="C")
    rule = "must hold arrays of booleans or real numbers"
    check(array.dtype.kind in _NUMBERS, "thing", rule, f"{array.dtype} at {where}")
    leaves[where] = array
    return told


def built(told: Any, leaves: dict[str, np.ndarray], depth: int = 0) -> Any:
    """Return what plain data and arrays describe.

    Args:
        told: as `described` gives it.
        leaves: name -> array; those used are taken out.
        depth: levels around it.

    Raises:
        ValueError: for classes that are not known here or have other fields, arrays that are
            missing, and what `described` never says.
    """
    check(depth < _DEEPEST, "thing", f"must have at most {_DEEPEST} levels", "more")
    part_of: Callable[[Any], Any] = lambda part: built(part, leaves, depth + 1)
    match told:
        case None | bool() | str() | int() | float():
            return told
        case list():
            return tuple(map(part_of, told))
        case {"float": str(text)} if len(told) == 1 and text in ("inf", "-inf", "nan"):
            return float(text)
        case {"list": list(parts)} if len(told) == 1:
            return list(map(part_of, parts))
        case {"table": dict(parts)} if len(told) == 1:
            return {name: part_of(part) for name, part in parts.items()}
        case {"leaf": str(name), "of": str(kind)}:
            if name not in leaves:
                raise bad("leaf", "must be in the file", repr(name))
            return _array(leaves.pop(name), kind, told.get("generator"))
        case {"class": str(name), "fields": dict(parts)} if len(told) == 2:
            return _made(name, parts, part_of)
    raise bad("thing", "must be described as this format has it", type(told).__name__)


def _array(array: np.ndarray, kind: str, generator: Any) -> Any:
    if kind == "numpy":
        return array
    if kind == "scalar":
        return array[()]
    wide = array.dtype.itemsize == 8 and array.dtype.kind in "iuf"
    fits = not wide or jax.config.read("jax_enable_x64")
    rule, remedy = "must be of at most 32 bits in this process", "set JAX_ENABLE_X64=1"
    check(fits, "leaf", rule, array.dtype, remedy)
    if kind == "jax":
        return jnp.asarray(array)
    if kind == "key":
        try:
            return jax.random.wrap_key_data(jnp.asarray(array), impl=generator)
        except (TypeError, ValueError):
            raise bad("leaf", "must be a key of its generator", f"{generator!r}") from None
    raise bad("leaf", "must be of jax, numpy, scalar or key", repr(kind))


def _made(name: str, parts: dict[str, Any], part_of: Callable[[Any], Any]) -> Any:
    """Return an instance with these fields; its constructor, which draws and checks, is not called."""
    kind = classes().get(name)
    if kind is None:
        remedy = "register it first, as where it was saved"
        raise bad("class", "must be known here", repr(name), remedy)
    own = [field.name for field in fields(kind)]
    if set(own) != set(parts):
        odd = ", ".join(sorted(set(own) ^ set(parts)))
        raise bad(
            "fields", f"of {name} must be those of this version of jaxsuper", f"others: {odd}"
        )
    made = object.__new__(kind)
    for field in own:
        object.__setattr__(made, field, part_of(parts[field]))
    return made
