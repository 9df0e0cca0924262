"""Errors of one line: argument, rule, what was given, remedy."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Condition(Protocol):
    """Anything that says whether it is true, among others a bool of Python or numpy."""

    def __bool__(self) -> bool: ...


def bad(argument: str, rule: str, given: object, remedy: str = "") -> ValueError:
    """Return the error that names the argument, the rule, what was given and the remedy.

    Args:
        argument: the argument's name, printed in backticks.
        rule: the rest of the sentence, e.g. "must be at least 1".
        given: the offending value.
        remedy: what the user can do about it.

    Returns:
        The error, to be raised by the caller.
    """
    return ValueError(f"`{argument}` {rule}, got {given}" + (f"; {remedy}" if remedy else ""))


def check(condition: Condition, argument: str, rule: str, given: object, remedy: str = "") -> None:
    """Raise a `ValueError` that names the argument, the rule, what was given and the remedy.

    Args:
        condition: what must be true.
        argument: the argument's name, printed in backticks.
        rule: the rest of the sentence, e.g. "must be at least 1".
        given: the offending value.
        remedy: what the user can do about it.

    Raises:
        ValueError: if `condition` is false.
    """
    if not condition:
        raise bad(argument, rule, given, remedy)


def lookup(table: dict[str, Any], name: str, argument: str) -> Any:
    """Return `table[name]`, or raise a `ValueError` that lists the choices and the nearest one.

    Args:
        table: a registry, name -> entry.
        name: the name asked for.
        argument: the argument's name in the error.

    Returns:
        The entry.

    Raises:
        ValueError: if there is no entry of that name.
    """
    return table[one_of(tuple(table), name, argument)]


def one_of(names: Iterable[str], name: str, argument: str) -> str:
    """Return the name, or raise a `ValueError` that lists the choices and the nearest one.

    Args:
        names: the choices.
        name: the one asked for.
        argument: the argument's name in the error.

    Returns:
        `name`.

    Raises:
        ValueError: if it is none of the choices.
    """
    known = tuple(names)
    if name in known:
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.3)
    remedy = f"did you mean {near[0]!r}?" if near else ""
    raise bad(argument, f"must be one of {', '.join(known)}", repr(name), remedy)
