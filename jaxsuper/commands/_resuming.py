"""Runs that are killed and go on: the journal of a command, beside the results it writes."""

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._files import remove_abandoned
from .._journal import anew, Journal, journal_beside, Once
from ._terminal import complain, plain_warnings


RESUMES = "the same command resumes"
# Of JAX, what decides numbers to the last bit.
_CONFIG = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_disable_most_optimizations",
    "jax_disable_jit",
    "jax_threefry_partitionable",
)


class Kept:
    """What a command has of its journal; without a file every piece is made anew."""

    def __init__(self, journal: Journal | None):
        self._journal = journal

    @property
    def once(self) -> Once:
        """Makes a piece of work, or takes it from the journal."""
        return anew if self._journal is None else self._journal.once

    def finish(self) -> None:
        """Say that the results are written: the journal goes."""
        if self._journal is not None:
            self._journal.finish()

    def consequence(self, done: str) -> str:
        """Return what an interrupt leads to, after the words for what was printed."""
        return f"{done}; {RESUMES}" if self._journal else done


@contextmanager
def resumable(result: Path | None, argument: str, depends: str = "") -> Iterator[Kept]:
    """Keep finished pieces of work beside a result until that is written.

    A repeated command whose first run ended finds nothing, and does everything again.

    Args:
        result: the file that will hold the result; None keeps nothing.
        argument: what named it, in errors.
        depends: what else decides the pieces, as the contents of a file that they only name.

    Yields:
        What was kept; `finish` is to be called when the result is written.

    Raises:
        ValueError: if another run writes the same result, or for a journal that cannot be read.
    """
    if result is None:
        yield Kept(None)
        return
    remove_abandoned(result.parent)
    with plain_warnings(), Journal(journal_beside(result), argument, origin() + depends) as journal:
        if count := len(journal):
            complain(f"resuming: {journal.path} holds {count} finished pieces of work")
        try:
            yield Kept(journal)
        except KeyboardInterrupt as interrupt:
            if len(journal):
                interrupt.add_note(RESUMES)
            raise


def origin() -> str:
    """Return a text that differs wherever numbers might: versions, device, settings, sources."""
    import jax

    from ..simulation import environment

    settings = {name: str(getattr(jax.config, name, None)) for name in _CONFIG}
    settings["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "")
    return json.dumps([environment(), settings, _sources()], sort_keys=True)


def _sources() -> str:
    """Return a hash of this package's files, and of those of modules that nobody installed.

    The latter may hold formulas, circuits and claims of the user's own.
    """
    package = Path(__file__).parents[1]
    installed = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
    loaded = (getattr(module, "__file__", None) for module in tuple(sys.modules.values()))
    own = {Path(file) for file in loaded if file and not file.startswith(installed)}
    digest = hashlib.sha256()
    for file in sorted({*package.rglob("*.py"), *own}):
        if file.suffix == ".py" and file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
