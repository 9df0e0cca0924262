"""The command line: parses, dispatches to `commands`, and turns errors into exit statuses."""

import atexit
import gc
import io
import json
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, TYPE_CHECKING, TypeAlias

import tyro
from rich.console import Console

from ._cache import use_cache
from .commands import modules


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


@dataclass(frozen=True)
class _Line:
    """Computation in superposition: build networks, simulate them, hold them against theory.

    `jaxsuper COMMAND --help` explains a command, `jaxsuper --version` says which version this is.

    Attributes:
        cache: folder for compiled programs, or "none"; by default that of the environment variable
            JAXSUPER_CACHE, or jaxsuper/xla in the user's cache folder.
    """

    command: _Command
    cache: Annotated[str | None, tyro.conf.arg(metavar="FOLDER")] = None


def _parse(words: Sequence[str]) -> _Line:
    """Parse, and turn tyro's framed error into one line."""
    caught = io.StringIO()
    try:
        with redirect_stderr(caught):
            return tyro.cli(
                _Line,
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
        raise ValueError(_one_line(caught.getvalue())) from None


def _one_line(framed: str) -> str:
    """Return what went wrong, and the nearest flags, of an error in a frame."""
    text = " ".join(re.sub(r"[─-╿]+", " ", framed).split())
    # The frame's title says what its first line says again.
    text = re.sub(r"^(\w+ \w+) (?=\1\b)", "", text)
    wrong, _, hints = text.partition(" Perhaps you meant: ")
    wrong = re.split(r" For full helptext| Arguments are applied", wrong)[0]
    nearest = dict.fromkeys(re.findall(r"--[\w-]+(?= [A-Z{])", hints))
    return wrong + (f"; did you mean {' or '.join(list(nearest)[:2])}?" if nearest else "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; without one, explain them.

    Args:
        arguments: words after the program's name; those of the process if left out.

    Returns:
        The exit status: 0 done, 1 a verdict differs from what is stated, 2 bad input, 130 or 143
        interrupted.
    """
    if arguments is None:
        # Imports and tracing make millions of objects that stay: looking through them for rubbish
        # again and again would take a sixth of the time of a short command.
        gc.set_threshold(100_000, 50, 50)
        atexit.register(gc.freeze)
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        from . import __version__

        print(__version__)
        return 0
    try:
        line = _parse(words or ["--help"])
        use_cache(line.cache)
        # Tables in a file or a pipe need not fit the 80 columns of no terminal at all.
        console = Console(width=None if sys.stdout.isatty() else 110)
        status = sys.modules[type(line.command).__module__].run(line.command, console)
    except (ValueError, OSError, json.JSONDecodeError) as error:
        print(f"jaxsuper: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("jaxsuper: interrupted; nothing was written", file=sys.stderr)
        return 130
    return status or 0


if __name__ == "__main__":
    sys.exit(main())
