"""Conditions on a vector, written as Python has them: `lambda x: x[0] - 2 * x[1] > 0.3`."""

from typing import Any, NamedTuple

import numpy as np

from .._errors import bad, check, check_kind, cut
from .._limits import check_number


class Condition(NamedTuple):
    """w·x > threshold."""

    direction: tuple[float | int, ...]
    threshold: float | int


class Linear:
    """A linear function of a vector: sums, differences and multiples, compared with a number."""

    def __init__(self, weights: np.ndarray, constant: float = 0.0):
        """Make w·x + constant from its weights."""
        self.weights, self.constant = weights, constant

    def _plus(self, other: Any, sign: float) -> "Linear":
        if isinstance(other, Linear):
            return Linear(
                self.weights + sign * other.weights, self.constant + sign * other.constant
            )
        check_number("on", other)
        return Linear(self.weights, self.constant + sign * other)

    def __add__(self, other: Any) -> "Linear":
        return self._plus(other, 1.0)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Linear":
        return self._plus(other, -1.0)

    def __rsub__(self, other: Any) -> "Linear":
        return (-self)._plus(other, 1.0)

    def __neg__(self) -> "Linear":
        return Linear(-self.weights, -self.constant)

    def __mul__(self, factor: Any) -> "Linear":
        check_number("on", factor)
        return Linear(self.weights * factor, self.constant * factor)

    __rmul__ = __mul__

    def __gt__(self, other: Any) -> Condition:
        difference = self - other
        return Condition(tuple(map(float, difference.weights)), -float(difference.constant))

    def __lt__(self, other: Any) -> Condition:
        return -self > -other

    __ge__, __le__ = __gt__, __lt__

    def __bool__(self) -> bool:
        raise bad("on", "must compare", "a number that is compared with nothing", "use x[0] > 0")


class _Vector:
    """Stands for x when a condition is read."""

    def __init__(self, size: int):
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: Any) -> Linear:
        inside = isinstance(index, int) and -self._size <= index < self._size
        check(inside, "on", f"must use x[0] to x[{self._size - 1}]", f"x[{cut(repr, index, 30)}]")
        return Linear(np.eye(self._size)[index])


def condition_of(on: Any, size: int) -> Condition:
    """Return the condition that a function states.

    Args:
        on: a function of x that compares a linear function of it with a number.
        size: entries of x.

    Raises:
        ValueError: for a function that does anything else.
    """
    if isinstance(on, Condition):
        rule = f"must have {size} entries, as x has"
        check(len(on.direction) == size, "direction", rule, len(on.direction))
        return on
    check(callable(on), "on", "must be a function like lambda x: x[0] > 0", cut(repr, on, 60))
    rule = "must compare a linear function of x with a number, as lambda x: x[0] > 0 does"
    try:
        stated = on(_Vector(size))
    except TypeError as error:
        raise bad("on", rule, cut(str, error, 80)) from None
    check_kind("on", stated, Condition)
    return stated
