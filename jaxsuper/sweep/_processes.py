"""The processes of a job: they join, agree on what they do, and notice that one is lost."""

import hashlib
import inspect
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from .._errors import bad, check
from ..simulation import environment


# After so many seconds without a sign of life a process counts as lost; one that has ended is
# noticed at once. Old versions of JAX (0.6.1) take no number here and wait 100 seconds.
HEARTBEAT_SECONDS = 30
_DIGEST = 8


class LostProcessError(RuntimeError):
    """Another process of the job has ended, or cannot be reached."""


def join_processes(
    coordinator: str | None, process: int | None = None, processes: int | None = None
) -> None:
    """Join the processes of a job, so that its configurations are split over all their devices.

    Args:
        coordinator: HOST:PORT of process 0, or "auto" to ask the cluster (Slurm, MPI, cloud TPUs).
        process: 0..processes-1.
        processes: how many there are.

    Raises:
        ValueError: for numbers that do not fit together, or "auto" outside a cluster.
        LostProcessError: if the others do not come.
    """
    if coordinator is None:
        for name, given in (("process", process), ("processes", processes)):
            check(given is None, name, "must come with a `coordinator`", given)
        return
    if coordinator == "auto":
        _initialize()
        return
    host, _, port = coordinator.rpartition(":")
    rule = "must be HOST:PORT with a port of 1..65535, or auto"
    known = bool(host) and port.isdecimal() and 1 <= int(port[:6]) <= 65535
    check(known, "coordinator", rule, coordinator)
    count = processes or 0
    check(count >= 1, "processes", "must be at least 1", processes)
    inside = process is not None and 0 <= process < count
    check(inside, "process", f"must lie in 0..{count - 1}", process)
    _initialize(coordinator, count, process)


def _initialize(
    coordinator: str | None = None, processes: int | None = None, process: int | None = None
) -> None:
    start: Any = jax.distributed.initialize
    name = "heartbeat_timeout_seconds"
    known = name in inspect.signature(start).parameters
    try:
        start(coordinator, processes, process, **({name: HEARTBEAT_SECONDS} if known else {}))
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        if coordinator is None and "coordinator_address" in reason:
            rule = "must be HOST:PORT, with process and processes, where no cluster is found"
            raise bad("coordinator", rule, "auto") from None
        raise LostProcessError(
            f"the processes of the job did not find each other: {reason}"
        ) from None


def gathered(values: np.ndarray) -> np.ndarray:
    """Return the arrays of all processes, of one shape, as rows.

    Raises:
        LostProcessError: if one of them cannot be had.
    """
    if jax.process_count() == 1:
        return values[None]
    try:
        return np.asarray(multihost_utils.process_allgather(values))
    except (RuntimeError, ValueError) as error:
        raise LostProcessError("another process of the job was lost") from error


def any_process(flags: np.ndarray) -> np.ndarray:
    """Return the element-wise "or" of boolean arrays over all processes.

    Raises:
        LostProcessError: if one of them cannot be asked.
    """
    return np.any(gathered(flags), axis=0, keepdims=True)[0]


def least(number: int) -> int:
    """Return the smallest of the processes' numbers of up to 63 bits."""
    rows = gathered(np.frombuffer(number.to_bytes(8, "little"), np.uint8))
    return min(int.from_bytes(row.tobytes(), "little") for row in rows)


def versions() -> list[object]:
    """Return what decides the numbers besides the settings: versions, and the kind of device."""
    made_with = environment()
    return [made_with[name] for name in ("jaxsuper", "jax", "jaxlib", "platform", "device")]


def check_alike(what: Mapping[str, object]) -> None:
    """Check that all processes were given the same; all of them raise, or none.

    Args:
        what: name of an argument -> anything that prints alike if it is alike.

    Raises:
        ValueError: names the first argument that differs, and a process where it does.
    """
    if jax.process_count() == 1:
        return
    counts = Counter(device.process_index for device in jax.devices())
    several = ", ".join(f"{count} in process {i}" for i, count in sorted(counts.items()))
    check(len(set(counts.values())) == 1, "devices", "must be as many in every process", several)
    digests = [hashlib.sha256(repr(value).encode()).digest()[:_DIGEST] for value in what.values()]
    rows = gathered(np.frombuffer(b"".join(digests), np.uint8)).reshape(-1, len(what), _DIGEST)
    differs = (rows != rows[0]).any(axis=2)
    for index, name in enumerate(what):
        if differs[:, index].any():
            other = int(differs[:, index].argmax())
            raise bad(name, "must be the same in all processes", f"another in process {other}")
