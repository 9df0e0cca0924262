"""The command line: parses, dispatches to `commands`, and turns errors into exit statuses.

Nothing that takes long is imported before `main` runs, which hears an interrupt.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .commands._signals import exit_status, terminated_like_interrupted


if TYPE_CHECKING:
    from .commands._line import Line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; without one, explain them.

    Args:
        arguments: words after the program's name; those of the process if left out.

    Returns:
        The exit status: 0 done, 1 a verdict differs from what is stated or nothing of a sweep could
        be run, 2 bad input, 3 another process of a job was lost, 130 or 143 interrupted.
    """
    try:
        from .commands._streams import plain_streams

        with terminated_like_interrupted(), plain_streams():
            return _run(arguments)
    except KeyboardInterrupt as interrupt:
        told = getattr(interrupt, "__notes__", ["nothing was written"])
        print(f"jaxsuper: interrupted; {'; '.join(told)}", file=sys.stderr)
        return exit_status(interrupt)


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _collect_seldom()
    if words == ["--version"]:
        from . import __version__

        print(__version__)
        return 0
    from .commands._line import parse

    try:
        line = parse(words or ["--help"])
    except ValueError as error:
        return _refused(error)
    if getattr(line.command, "coordinator", None) is None:
        return _obey(line)
    from .commands._job import supervised

    return supervised(lambda: _obey(line))


def _obey(line: "Line") -> int:
    """Run a command; say what is wrong in one line."""
    from rich.console import Console

    from ._cache import use_cache
    from ._limits import parse_memory_limit, use_memory_limit

    try:
        limit = line.memory_limit
        use_memory_limit(None if limit is None else parse_memory_limit(limit))
        use_cache(line.cache)
        # Tables in a file or a pipe need not fit the 80 columns of no terminal at all.
        console = Console(width=None if sys.stdout.isatty() else 110)
        status = sys.modules[type(line.command).__module__].run(line.command, console)
    except (ValueError, OSError) as error:
        return _refused(error)
    except MemoryError:
        print("jaxsuper: out of memory; use smaller sizes, or --memory-limit", file=sys.stderr)
        return 2
    finally:
        use_memory_limit(None)
    return status or 0


def _refused(error: Exception) -> int:
    print(f"jaxsuper: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def _collect_seldom() -> None:
    """Look for rubbish seldom.

    Imports and tracing make millions of objects that stay: looking through them again and again
    would take a sixth of the time of a short command.
    """
    import atexit
    import gc

    gc.set_threshold(100_000, 50, 50)
    atexit.register(gc.freeze)


if __name__ == "__main__":
    sys.exit(main())
