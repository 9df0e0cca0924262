"""A bad input as data: what is typed or called, in a folder with which files, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


# What a refusal may take: seconds of CPU, bytes above what the libraries hold, lines.
SECONDS, BYTES, LINES = 10.0, 2 * 2**30, 3
# Words of a library that ran into the fault instead of being kept from it.
UNCLEAR = ("Traceback", "out of memory", "NoneType", "object has no attribute", "not supported")
UNCLEAR += ("unhashable", "not subscriptable", "not iterable", "tracer", "jaxlib")


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        door: the command, or the function of the library.
        family: of corruption.
        words: arguments of `jaxsuper`; empty for the library.
        code: a statement, for the library.
        files: path -> content in the folder it is run in; None makes a folder.
        named: words of which the answer holds one; any answer does if there are none.
    """

    door: str
    family: str
    words: tuple[str, ...] = ()
    code: str = ""
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    note: str = ""

    @property
    def key(self) -> tuple:
        """What makes it another input."""
        return (self.words, self.code, tuple(sorted(self.files.items(), key=lambda f: f[0])))

    def __str__(self) -> str:
        given = self.code or "jaxsuper " + " ".join(word or "''" for word in self.words)
        return f"{given}  [{self.note}]" if self.note else given


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        status: exit status; for the library 2 stands for a `ValueError` or `TypeError`.
        printed: on standard output.
        errors: on standard error, or the message.
        seconds: of CPU.
        bytes: of memory at its peak, above those before.
        changed: files that were made, changed or removed.
    """

    status: int
    printed: str = ""
    errors: str = ""
    seconds: float = 0.0
    bytes: int = 0
    changed: tuple[str, ...] = ()


def faults(case: Case, outcome: Outcome) -> list[str]:
    """Return what is wrong with an answer to a bad input, nothing if it is refused as it should."""
    found = []
    if outcome.status != 2:
        found.append(f"status {outcome.status}")
    lines = outcome.errors.rstrip("\n").count("\n") + 1
    if lines > LINES or len(outcome.errors) > 1000:
        found.append(f"{lines} lines, {len(outcome.errors)} letters")
    if not outcome.errors.strip():
        found.append("says nothing")
    found += [f"says {word!r}" for word in UNCLEAR if word in outcome.errors]
    ours = outcome.errors.startswith("jaxsuper: ") if case.words else "`" in outcome.errors
    if not ours and "unexpected keyword argument" not in outcome.errors:
        found.append("is not of this package")
    if case.named and not any(word in outcome.errors for word in case.named):
        found.append(f"names none of {', '.join(case.named)}")
    if outcome.printed:
        found.append("prints a result")
    if outcome.changed:
        found.append(f"changes {', '.join(outcome.changed)}")
    if outcome.seconds > SECONDS:
        found.append(f"{outcome.seconds:.1f} s")
    if outcome.bytes > BYTES:
        found.append(f"{outcome.bytes / 2**30:.1f} GiB")
    return found
