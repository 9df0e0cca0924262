"""What the command line says of itself: `<!-- help COMMAND -->` becomes the help of a command."""

import os
import re
import subprocess
import sys
from typing import Any


_MARK = re.compile(r"^<!-- help (\w+) -->$", re.MULTILINE)


def read(app: Any, page: str, source: list[str]) -> None:
    """Put helps into a page; on Sphinx's event `source-read`."""
    source[0] = _MARK.sub(lambda found: f"```text\n{help_of(found[1])}\n```", source[0])


def help_of(command: str) -> str:
    """Return what `jaxsuper COMMAND --help` prints, 88 characters wide."""
    words = [sys.executable, "-m", "jaxsuper", command, "--help"]
    plain = os.environ | {"COLUMNS": "88", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=plain)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
