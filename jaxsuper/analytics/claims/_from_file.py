"""Claims of one's own, entered by a Python file from outside the package."""

import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from ..._errors import bad, check
from ._registry import Claim, claims


def claims_from(path: Path) -> tuple[Claim, ...]:
    """Run a Python file and return the claims that it enters with `claim`.

    Args:
        path: the file; it may import what lies beside it.

    Returns:
        Its claims, in order.

    Raises:
        ValueError: if there is no such file, it cannot be run, or enters no claim.
    """
    check(path.is_file(), "claims", "must be a Python file", path)
    before = {entry.id for entry in claims()}
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise bad("claims", "must be a Python file, .py", path)
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # Of the file itself, not of what it calls; a syntax error knows its own place.
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).resolve() == path.resolve()
        ]
        line = error.lineno if isinstance(error, SyntaxError) else (lines or [0])[-1]
        reason = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}"
        raise bad("claims", "must run", f"{path}, line {line}; {reason}") from None
    finally:
        sys.path.pop(0)
    found = tuple(entry for entry in claims() if entry.id not in before)
    check(len(found) > 0, "claims", "must enter at least one claim", path)
    return found
