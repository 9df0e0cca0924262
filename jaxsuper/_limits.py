"""What the machine can hold: sizes are held against it before anything is made.

An estimate is shape arithmetic, a lower bound within a factor of about two; it is there to refuse
at once what could only end in swapping or a kill, not to plan to the last megabyte.
"""

import math
import operator
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from ._errors import bad, check, cut, Shown


# Indices of neurons, circuits, samples and layers are 32-bit integers.
LARGEST = 2**31 - 1
# The largest finite number in single precision; what is larger is infinity there.
LARGEST_SINGLE = (2 - 2**-23) * 2.0**127
# What Python, the libraries and compiling need, before any configuration.
BASE_BYTES = 900 * 2**20
# Sizes that take longer are taken for typing errors: nobody waits a month for one command.
_LONGEST = 30 * 86400.0
# Less than this is there on any machine, and not worth asking for.
_SMALL = 2**26
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}

_given: list[int] = []


@dataclass(frozen=True)
class Cost:
    """What something takes, by estimate.

    Attributes:
        bytes: of memory at its peak, besides Python and the libraries.
        seconds: of running, besides compiling.
    """

    bytes: float | int
    seconds: float | int = 0.0


def parse_memory(text: str, argument: str = "memory_limit") -> int:
    """Return bytes from a number with an optional unit, KB to TB or KiB to TiB.

    Args:
        text: e.g. "2GiB".
        argument: the argument's name in the error.

    Returns:
        The number of bytes, at least 1.

    Raises:
        ValueError: for anything else.
    """
    match = re.fullmatch(r"\s*(\d{1,30}(?:\.\d{1,30})?)\s*([KMGT]i?B)?\s*", text, re.IGNORECASE)
    if match is None:
        raise bad(argument, "must be a number of bytes, MiB or GiB", repr(text), "e.g. 2GiB")
    count = int(float(match[1]) * _UNITS[(match[2] or "").upper()])
    check(count >= 1, argument, "must be above 0", repr(text), "leave it out for what is free")
    return count


def parse_memory_limit(text: str) -> int:
    """Return a limit for this process in bytes, as `parse_memory`.

    Raises:
        ValueError: if Python and the libraries alone take more.
    """
    count = parse_memory(text)
    rule = f"must be above the {amount(BASE_BYTES)} that Python and the libraries take"
    check(count > BASE_BYTES, "memory_limit", rule, repr(text))
    return count


def use_memory_limit(limit: int | None) -> None:
    """Hold sizes against this many bytes for the process from now on; None: against what is free.

    Args:
        limit: bytes, those of Python and the libraries (`BASE_BYTES`) included.
    """
    _given[:] = [] if limit is None else [limit]


def given_memory_limit() -> int | None:
    """Return the limit that was set, or None."""
    return _given[0] if _given else None


def _free() -> tuple[float | int, str]:
    """Return bytes that may be used for arrays, and the words for them."""
    if _given:
        return _given[0] - BASE_BYTES, f"of the limit of {amount(_given[0])}"
    device = _device_free()
    if device is not None:
        return device, "free on the accelerator"
    return min(_machine_free(), *_groups_free()), "free"


def _device_free() -> float | int | None:
    """Return the free bytes of the default accelerator; None on a CPU, or if JAX is not loaded."""
    if "jax" not in sys.modules:
        return None
    import jax

    if jax.default_backend() == "cpu":
        return None
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" not in stats:
        return None
    return stats["bytes_limit"] - stats.get("bytes_in_use", 0)


def _machine_free() -> float:
    """Return what the system can give without swapping; all there is where it does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(text.split("MemAvailable:")[1].split()[0]) * 1024.0
    except (OSError, IndexError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (OSError, ValueError, AttributeError):
        return math.inf


def _groups_free() -> Iterator[float | int]:
    """Yield what is left of the limits that containers and batch systems set (cgroups v2)."""
    yield math.inf
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="ascii").rpartition("::")[2].strip()
    except OSError:
        return
    root = Path("/sys/fs/cgroup")
    group = root / own.lstrip("/")
    for folder in (group, *group.parents):
        if folder != root and root not in folder.parents:
            return
        try:
            limit = int((folder / "memory.max").read_text())
            used = int((folder / "memory.current").read_text())
            cached = (folder / "memory.stat").read_text().split("inactive_file ")[1].split()[0]
        except (OSError, ValueError, IndexError):  # none, or "max"
            continue
        yield limit - used + int(cached)


def amount(count: float | int) -> str:
    """Return a number of bytes in words."""
    units = ("MiB", "GiB", "TiB", "PiB", "EiB")
    step = min(max(int(math.log(max(count, 1), 1024)) - 2, 0), len(units) - 1)
    return f"{max(count, 0) / 1024 ** (step + 2):.3g} {units[step]}"


def _duration(seconds: float | int) -> str:
    days = seconds / 86400
    return f"{days:.3g} days" if days < 1000 else f"{days / 365.25:.3g} years"


def check_integer(argument: str, value: Any) -> None:
    """Raise a `ValueError` unless `value` is an integer, of Python or of numpy."""
    try:
        operator.index(value)
    except TypeError:
        raise bad(argument, "must be an integer", cut(repr, value, 60)) from None


def check_number(argument: str, value: Any) -> None:
    """Raise a `ValueError` unless `value` is a real number, of Python or of numpy; NaN passes."""
    of_array = getattr(getattr(value, "dtype", None), "kind", "")
    number = isinstance(value, Real) or of_array in ("i", "u", "f")
    check(number, argument, "must be a number", Shown(value))


def check_positive(argument: str, value: Any) -> None:
    """Raise a `ValueError` unless `value` is a positive and finite number."""
    check_number(argument, value)
    check(0 < value < math.inf, argument, "must be positive and finite", value)


def check_index(argument: str, value: Any, least: int = 1) -> None:
    """Raise a `ValueError` unless `value` is an integer from `least` to the largest of 32 bits."""
    check_integer(argument, value)
    check(value >= least, argument, f"must be at least {least}", value)
    check(value <= LARGEST, argument, f"must be at most 2^31-1 = {LARGEST}", value)


def check_optional(argument: str, value: Any) -> None:
    """As `check_index`, of what may be left out."""
    if value is not None:
        check_index(argument, value)


def check_seed(argument: str, value: Any) -> None:
    """Raise a `ValueError` unless a seed, or the number of a network, has 32 bits."""
    check_integer(argument, value)
    check(0 <= value < 2**32, argument, "must lie in 0..2^32-1", value)


def check_single(argument: str, value: Any) -> None:
    """Raise a `ValueError` for a number that is infinite in single precision; NaN passes."""
    check_number(argument, value)
    fits = not abs(value) > LARGEST_SINGLE
    check(fits, argument, "must be finite in single precision, at most 3.4e38", value)


def fits(cost: Cost) -> bool:
    """Return whether there is memory for something, and time, as `check_cost` sees it."""
    if cost.bytes <= _SMALL and not _given:
        return cost.seconds <= _LONGEST
    return cost.bytes <= _free()[0] and cost.seconds <= _LONGEST


def check_cost(
    cost: Callable[..., Cost],
    sizes: Mapping[str, int],
    remedy: str = "",
    least: Mapping[str, int] | None = None,
) -> None:
    """Raise a `ValueError` if something needs more memory than there is, or more than a month.

    Args:
        cost: of the sizes, by name; must not fall as one of them grows.
        sizes: what was asked for; the error is about the one that has to give way least.
        remedy: what else would help.
        least: sizes below which some cannot be; 1 if left out.

    Raises:
        ValueError: says what it would need, what there is, and what fits.
    """
    needed = cost(**sizes)
    if fits(needed):
        return
    room, where = _free()

    def affordable(one: Cost) -> bool:
        return one.bytes <= room and one.seconds <= _LONGEST

    alone = {
        name: _largest(lambda size, name=name: affordable(cost(**{**sizes, name: size})), value)
        for name, value in sizes.items()
    }
    for name, size in (least or {}).items():
        alone[name] = alone[name] if alone[name] >= size else 0
    name = max(alone, key=lambda name: alone[name] / sizes[name])
    if needed.bytes > room:
        reason = f"it needs about {amount(needed.bytes)} of memory, and there are {amount(room)} "
        reason += where if _given else f"{where} (--memory-limit sets another limit)"
    else:
        reason = f"it would take about {_duration(needed.seconds)}"
    rule = f"must be at most {alone[name]} with the other sizes as they are"
    if not alone[name]:
        rule = "must be lower, and other sizes with it"
    raise bad(name, rule, sizes[name], "; ".join(filter(None, (reason, remedy))))


def _largest(fits: Callable[[int], bool], limit: int) -> int:
    """Return the largest integer up to a limit that fits, 0 if none does."""
    low, high = 0, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
