"""States of a training run on disk: written whole, and read back only by the run they belong to.

A file is a line that names the format, the SHA-256 of the rest, and a record: identity of the run,
steps done, the curve so far, the leaves of the state. A file of another format is refused, so are
those of versions without a checksum: nobody could tell whether they are whole.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from .._errors import bad, check
from .._files import written_whole
from .._reading import from_binary


_State = TypeVar("_State")
_FORMAT = b"jaxsuper checkpoint 1\n"
_DIGEST = hashlib.sha256().digest_size
_Step = Annotated[int, msgspec.Meta(ge=0)]


class _Measured(msgspec.Struct, forbid_unknown_fields=True):
    """A point of the curve, as `HeldOut.to_plain` gives it; values of a diverged run are not finite."""

    step: _Step
    names: list[str]
    mean: list[float]
    stderr: list[float]


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """What a checkpoint holds."""

    identity: str
    step: _Step
    curve: Annotated[list[_Measured], msgspec.Meta(min_length=1)]
    state: bytes


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
    leaves = io.BytesIO()
    eqx.tree_serialise_leaves(leaves, state)
    points = msgspec.convert(curve, list[_Measured])
    record = msgspec.msgpack.encode(_Record(identity, step, points, leaves.getvalue()))
    with written_whole(path) as partial:
        partial.write_bytes(sealed(record))


def sealed(record: bytes) -> bytes:
    """Return the content of a file: the format's name, the checksum, the record."""
    return _FORMAT + hashlib.sha256(record).digest() + record


def load_checkpoint(
    path: Path, identity: str, like: _State, steps: int
) -> tuple[int, list[dict[str, Any]], _State] | None:
    """Read a checkpoint.

    Args:
        path: the file.
        identity: of the run that wants to go on.
        like: a state of the same structure.
        steps: of the run's schedule.

    Returns:
        (steps done, curve, state), or None if there is no file.

    Raises:
        ValueError: if it is no checkpoint, is damaged, or is of another run.
    """
    if not path.exists():
        return None
    remedy = "remove the file or name another folder"
    content = path.read_bytes()
    ours = content.startswith(_FORMAT)
    check(ours, "checkpoint", "must be a checkpoint of this version", path, remedy)
    start = len(_FORMAT) + _DIGEST
    digest, record = content[len(_FORMAT) : start], content[start:]
    whole = hashlib.sha256(record).digest() == digest
    rule = "must be undamaged, as its checksum says"
    check(whole, "checkpoint", rule, path, remedy)
    try:
        found = from_binary(_Record, record, "checkpoint")
        _check_curve(found, steps)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {remedy}") from None
    rule = "must be of a run with the same start and settings"
    check(found.identity == identity, "checkpoint", rule, path, remedy)
    leaves = io.BytesIO(found.state)
    try:
        state = eqx.tree_deserialise_leaves(leaves, like)
    except (RuntimeError, ValueError, EOFError) as error:
        raise bad("checkpoint", "must hold a whole state", path, f"{remedy} ({error})") from error
    check(not leaves.read(1), "checkpoint", "must hold a state and no more", path, remedy)
    return found.step, [msgspec.to_builtins(point) for point in found.curve], state


def _check_curve(found: _Record, steps: int) -> None:
    """Check that a curve leads to the step that its record says."""
    check(found.step <= steps, "checkpoint.step", f"must lie in 0..{steps}", found.step)
    for index, point in enumerate(found.curve):
        counts = len(point.names), len(point.mean), len(point.stderr)
        place, rule = f"checkpoint.curve[{index}]", "must have a value and an error for each name"
        check(len(set(counts)) == 1, place, rule, counts)
    passed = [point.step for point in found.curve]
    rising = all(one < other for one, other in zip(passed, passed[1:], strict=False))
    rule = f"must rise from 0 to the step {found.step}"
    ends = passed[0] == 0 and passed[-1] == found.step
    check(rising and ends, "checkpoint.curve", rule, f"{passed[0]}..{passed[-1]}")
