"""What commands write: config, environment, timing and rows in one envelope."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._files import write_json


# Settings that say where results go, and are no part of them.
_OUTPUTS = ("json", "plot", "out")


def config_of(command: Any) -> dict[str, Any]:
    """Return the settings of a command, without the files it writes."""
    return {name: value for name, value in asdict(command).items() if name not in _OUTPUTS}


def envelope(config: dict[str, Any], precision: str = "highest", **results: Any) -> dict[str, Any]:
    """Return a result as it stands in a file.

    Args:
        config: the settings.
        precision: of matrix products.
        **results: `timing` (seconds), `rows` and what else there is, without NaN.
    """
    from ..simulation import environment

    return {"config": config, "environment": environment(precision), **results}


def write(path: Path | None, content: Any) -> None:
    """Write a result as JSON, whole or not at all; None writes nothing."""
    if path is not None:
        write_json(path, content)


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it: None unless it is finite."""
    return float(value) if math.isfinite(value) else None
