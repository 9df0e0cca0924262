"""A check that something is refused, without a test library."""

import re
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refused(pattern: str) -> Iterator[None]:
    """Fail unless the body raises a `ValueError` with a matching text.

    Args:
        pattern: a regular expression.

    Raises:
        AssertionError: if it does not.
    """
    try:
        yield
    except ValueError as error:
        assert re.search(pattern, str(error)), f"{pattern!r} does not match {str(error)!r}"
        return
    raise AssertionError(f"nothing was refused, {pattern!r} expected")
