"""Standard output and error that take any text, and that may be closed.

Results go into files as well: a terminal that knows no more than ASCII, or a reader of a pipe who
has seen enough, is no reason to lose them.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


_ERRORS = "jaxsuper-plain"
_PLAIN = {
    "±": "+-",
    "–": "-",
    "—": "-",
    "…": "...",
    "•": "*",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "·": "*",
    "×": "x",
    "²": "^2",
    "√": "sqrt",
    "∞": "inf",
    "χ": "chi",
    "α": "alpha",
    "θ": "theta",
    "ρ": "rho",
}


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII for characters that a stream cannot show."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = (_ascii(character) for character in error.object[error.start : error.end])
    return "".join(shown), error.end


def _ascii(character: str) -> str:
    if "\u2500" <= character <= "\u257f":  # lines of frames and tables
        return {"─": "-", "━": "-", "═": "=", "│": "|", "┃": "|", "║": "|"}.get(character, "+")
    return _PLAIN.get(character, "?")


class _Output:
    """A stream that goes quiet when nobody reads it any more."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or throw the text away once the reader has gone."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._leave()
            return len(text)

    def flush(self) -> None:
        """Flush what was written."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._leave()

    def writelines(self, lines: Any) -> None:
        """Write all lines."""
        for line in lines:
            self.write(line)

    def _leave(self) -> None:
        """Send what comes, and what is still in the buffer, nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        except (OSError, ValueError):  # no file at all
            self._stream = io.StringIO()
        finally:
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Let standard output and error take any text, and a closed pipe, while the body runs."""
    before, opened = (sys.stdout, sys.stderr), []
    codecs.register_error(_ERRORS, _plain)
    for name in ("stderr", "stdout"):
        stream = getattr(sys, name)
        if stream is None:
            # Opened at once, so that no file of results takes the place of the closed stream.
            opened.append(open(os.devnull, "w", encoding="utf-8"))
            setattr(sys, name, opened[-1])
            if name == "stdout":
                print("jaxsuper: standard output is closed: nothing is printed", file=sys.stderr)
            continue
        encoding = (stream.encoding or "").lower().replace("-", "")
        if encoding not in ("utf8", "") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ERRORS)
        setattr(sys, name, _Output(stream))
    try:
        yield
    finally:
        for name in ("stdout", "stderr"):
            getattr(sys, name).flush()
        sys.stdout, sys.stderr = before
        for nowhere in opened:
            nowhere.close()
