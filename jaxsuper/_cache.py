"""Compiled programs kept on disk, so that a second start does not compile again."""

import os
import warnings
from pathlib import Path


# The same folder for all commands, or "none".
VARIABLE = "JAXSUPER_CACHE"


def cache_folder(folder: str | None = None) -> Path | None:
    """Return where compiled programs are kept.

    Args:
        folder: a folder, or "none" for nowhere; left out it is the environment variable
            `JAXSUPER_CACHE`, and without that `jaxsuper/xla` in the user's cache folder.

    Returns:
        The folder, or None for nowhere: a user without a home has no cache folder.
    """
    chosen = folder or os.environ.get(VARIABLE)
    if chosen:
        return None if chosen.lower() == "none" else Path(chosen)
    # By the XDG specification a relative folder counts as none.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            home = Path.home()
        except RuntimeError:
            return None
        if home == Path("/"):  # that of services, and of an empty HOME
            return None
        base = home / ".cache"
    return base / "jaxsuper" / "xla"


def use_cache(folder: str | None = None) -> Path | None:
    """Keep compiled programs on disk from now on; a folder that takes no files is no error.

    Args:
        folder: as for `cache_folder`. `JAX_COMPILATION_CACHE_DIR` goes first: if it is set, JAX is
            left as it is.

    Returns:
        The folder, or None if nothing was changed.
    """
    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return None
    path = cache_folder(folder)
    if path is None:
        return None
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    import jax

    jax.config.update("jax_compilation_cache_dir", str(path))
    # Programs are many and small here: together they take longest.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # A disk that is full or may only be read costs time, which is no reason to warn.
    warnings.filterwarnings(
        "ignore", message="Error (reading|writing) persistent compilation cache entry"
    )
    return path
