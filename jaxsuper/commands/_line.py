"""The command line's words: parsed by tyro, whose framed errors are turned into sentences."""

import io
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import reduce
from operator import or_
from typing import Annotated, Any, TYPE_CHECKING, TypeAlias

import tyro

from .._errors import cut, one_of
from . import modules


# Help in fewer columns is one letter below the other: a terminal that is narrower breaks lines.
_NARROWEST = 40

if TYPE_CHECKING:
    _Command: TypeAlias = Any
else:
    _Command = reduce(
        or_,
        (
            Annotated[module.Command, tyro.conf.subcommand(name)]
            for name, module in modules().items()
        ),
    )


def _option(metavar: str, default: str, **more: Any) -> Any:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})", **more)


@dataclass(frozen=True)
class Line:
    """Computation in superposition: build networks, simulate them, hold them against theory.

    `jaxsuper COMMAND --help` explains a command, `jaxsuper --version` says which version this is.

    Attributes:
        cache: folder for compiled programs, or "none" to keep none.
        memory_limit: what this process may use, e.g. 2GiB, and each accelerator in a sweep; sizes
            that need more are refused before anything is made.
    """

    command: _Command
    cache: Annotated[
        str | None, _option("FOLDER", "$JAXSUPER_CACHE, or jaxsuper/xla in your cache folder")
    ] = None
    memory_limit: Annotated[
        str | None, _option("BYTES", "what is free; sweep: half of all", aliases=("--memory",))
    ] = None


def parse(words: Sequence[str]) -> Line:
    """Parse, and turn tyro's framed error into one line.

    Args:
        words: after the program's name.

    Returns:
        What they say.

    Raises:
        ValueError: for words that say nothing; SystemExit: after an explanation.
    """
    if shutil.get_terminal_size().columns < _NARROWEST:
        os.environ["COLUMNS"] = str(_NARROWEST)
    caught = io.StringIO()
    try:
        with redirect_stderr(caught):
            return tyro.cli(
                Line,
                prog="jaxsuper",
                args=words,
                config=(
                    tyro.conf.CascadeSubcommandArgs,
                    tyro.conf.OmitArgPrefixes,
                    tyro.conf.OmitSubcommandPrefixes,
                ),
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise ValueError(_sentence(caught.getvalue(), words)) from None


def _sentence(framed: str, words: Sequence[str]) -> str:
    """Return what went wrong, and what was meant, of an error in a frame.

    Raises:
        ValueError: the sentence, if it is that of a choice.
    """
    # Frames are drawn with lines, or where these cannot be shown with ASCII.
    lines = [re.sub(r"[\u2500-\u257f]+", " ", line).strip("| ") for line in framed.splitlines()]
    lines = [line for line in lines if line.strip("-+ ")][1:]  # the first is the frame's title
    text = " ".join(lines)
    path, _ = _owner(words)
    help_ = " ".join(("jaxsuper", *path, "--help"))
    if len(path) == 1 and (kinds := _kinds(path[0])):
        said = next((word for word in words[1:] if not word.startswith("-")), "")
        if said:
            one_of(kinds, said, path[0])
        return f"{_positional(words)} must be given: {' or '.join(kinds)}; see {help_}"
    if match := re.search(
        r"invalid choice '(.*)' for argument '(?:[^']*[./])?(?:--)?([\w-]+)'\. Expected one of \((.*)\)",
        text,
    ):
        one_of(re.findall(r"'([^']*)'", match[3]), match[1], match[2].replace("-", "_"))
    if text.startswith("Missing from"):
        missing = re.findall(r"(?<!\S)(--[\w-]+)(?= [A-Z{\[])", text)
        return f"{', '.join(missing) or _positional(words)} must be given; see {help_}"
    if match := re.search(
        r"Error parsing (\S+): (.*?)(?: Argument helptext| For full help|$)", text
    ):
        return f"{match[1]} {_not_read(match[2])}"
    if match := re.match(r"Missing value for argument '([^']*)'", text):
        return f"{match[1]} must be followed by a value; see {help_}"
    if match := re.match(r"Unrecognized (?:or misplaced )?options: (.*)", text):
        return _unrecognized(match[1], words, help_)
    return re.split(r" For full help", text)[0]


def _not_read(reason: str) -> str:
    """Return what Python says of a word that is no value, of any the setting can have."""
    for start, kind in (("invalid literal for int", "an integer"), ("could not conv", "a number")):
        if start in reason:
            given = re.sub(r" - <class.*", "", reason.partition(start)[2].rpartition(": ")[2])
            return f"must be {kind}, got {cut(str, given.strip(), 60)}"
    if "Exceeds the limit" in reason:
        return "must be an integer, got one of thousands of digits"
    return f"cannot be read: {cut(str, reason, 200)}"


def _positional(words: Sequence[str]) -> str:
    """Return what a command takes without a flag, in words."""
    return {
        "sweep": "a grid",
        "figures": "a store",
        "scaling": "a law",
        "score": "an answer",
        "recover": "an export",
    }.get(words[0], "more")


def _unrecognized(text: str, words: Sequence[str], help_: str) -> str:
    """Return a sentence about words that no option takes."""
    said, *_ = re.split(
        r" (?:Perhaps you meant|Arguments similar|Arguments are applied|For full|Available)", text
    )
    left = [word.strip(",") for word in re.sub(r"\(applied to [^)]*\)", "", said).split()]
    if words[0] not in modules() and not words[0].startswith("-"):
        try:
            one_of(modules(), words[0], "COMMAND")
        except ValueError as error:
            return f"Unrecognized options: {error}"
    flags = [word for word in left if word.startswith("--")]
    ending = f"; see {help_}"
    if flags:
        known = _flags(words)
        near = get_close_matches(flags[0], known, n=2, cutoff=0.6)
        ending = f"; did you mean {' or '.join(near)}?" if near else ending
    return f"Unrecognized options: {' '.join(left)}{ending}"


def _flags(words: Sequence[str]) -> list[str]:
    """Return the flags of a command, and those of all."""
    _, owner = _owner(words)
    owners = [Line, *([owner] if owner else [])]
    return [f"--{field.name.replace('_', '-')}" for owner in owners for field in fields(owner)]


def _kinds(command: str) -> dict[str, Any]:
    """Return the settings of what a command has kinds of, by name."""
    return getattr(modules()[command], "LAWS", {})


def _owner(words: Sequence[str]) -> tuple[tuple[str, ...], Any]:
    """Return the words that name a command, or a kind of it, and its settings."""
    named = [word for word in words if word in modules()][:1] if words else []
    if not named:
        return (), None
    kinds = _kinds(named[0])
    for word in words[words.index(named[0]) + 1 :]:
        if word in kinds:
            return (named[0], word), kinds[word]
    return (named[0],), modules()[named[0]].Command
