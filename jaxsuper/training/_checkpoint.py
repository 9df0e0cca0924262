"""States of a training run on disk: written whole, and read back only by the run they belong to.

A file is one line of JSON (identity of the run, steps done, the curve so far) followed by the leaves
of the state.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import bad
from .._files import written_whole


_State = TypeVar("_State")


def fingerprint(tree: Any, settings: dict[str, Any]) -> str:
    """Return a hash of all array leaves, bit for bit, and of plain settings.

    Args:
        tree: a pytree; typed keys are allowed.
        settings: plain data.

    Returns:
        A hexadecimal SHA-256.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for leaf in jax.tree.leaves(eqx.filter(tree, eqx.is_array)):
        values = jax.random.key_data(leaf) if _is_key(leaf) else leaf
        array = np.asarray(values)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def save_checkpoint(
    path: Path, identity: str, step: int, curve: list[dict[str, Any]], state: Any
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        identity: of the run, from `fingerprint`.
        step: steps done.
        curve: what was measured so far, plain data.
        state: a pytree of arrays.
    """
    header = {"identity": identity, "step": step, "curve": curve}
    with written_whole(path) as partial, partial.open("wb") as file:
        file.write((json.dumps(header) + "\n").encode())
        eqx.tree_serialise_leaves(file, state)


def load_checkpoint(
    path: Path, identity: str, like: _State
) -> tuple[int, list[dict[str, Any]], _State] | None:
    """Read a checkpoint.

    Args:
        path: the file.
        identity: of the run that wants to go on.
        like: a state of the same structure.

    Returns:
        (steps done, curve, state), or None if there is no file.

    Raises:
        ValueError: if it is no checkpoint, is damaged, or is of another run.
    """
    if not path.exists():
        return None
    remedy = "remove the file or name another folder"
    with path.open("rb") as file:
        try:
            header = json.loads(file.readline())
            owner, step, curve = header["identity"], header["step"], header["curve"]
        except (ValueError, KeyError, TypeError) as error:
            raise bad("checkpoint", "must be a checkpoint", path, remedy) from error
        if owner != identity:
            rule = "must be of a run with the same start and settings"
            raise bad("checkpoint", rule, path, remedy)
        try:
            state = eqx.tree_deserialise_leaves(file, like)
        except (RuntimeError, ValueError, EOFError) as error:
            raise bad("checkpoint", "must be undamaged", path, f"{remedy} ({error})") from error
    return step, curve, state
