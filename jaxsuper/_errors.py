"""Errors of one line: argument, rule, what was given, remedy."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Protocol, runtime_checkable


# Longer text is cut in errors, which are one line.
_LONGEST = 300


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
    text = cut(str, given, _LONGEST)
    return ValueError(f"`{argument}` {rule}, got {text}" + (f"; {remedy}" if remedy else ""))


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


def cut(text_of: Callable[[object], str], value: object, length: int) -> str:
    """Return a value's text on one line, cut if it is long.

    Args:
        text_of: `str` or `repr`.
        value: anything.
        length: the most characters.
    """
    try:
        text = " ".join(text_of(value).split())
    except (ValueError, RecursionError):
        # Integers of thousands of digits and very deep tables have no text.
        text = f"a very long {type(value).__name__}"
    return text if len(text) <= length else text[: length - 3] + "..."


class Shown:
    """A value that is written out only where there is an error to print: large arrays take long."""

    def __init__(self, value: object):
        self._value = value

    def __str__(self) -> str:
        return cut(repr, self._value, 60)


def check_kind(argument: str, value: object, *kinds: type) -> None:
    """Raise a `ValueError` unless a value is of one of some types.

    Args:
        argument: the argument's name, printed in backticks.
        value: what was given.
        kinds: the types.

    Raises:
        ValueError: names the types.
    """
    if isinstance(value, kinds):
        return
    names = " or ".join(kind.__name__ for kind in kinds)
    of = "" if value is None else f" of type {type(value).__name__}"
    given = cut(repr, value, 60) + of
    raise bad(argument, f"must be of type {names}", given)


def lookup(table: dict[str, Any], name: object, argument: str) -> Any:
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


def one_of(names: Iterable[str], name: object, argument: str) -> str:
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
    if not isinstance(name, str):
        raise bad(argument, f"must be one of {', '.join(known)}", cut(repr, name, 60))
    if name in known:
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.3)
    remedy = f"did you mean {near[0]!r}?" if near else ""
    raise bad(argument, f"must be one of {', '.join(known)}", repr(name), remedy)
