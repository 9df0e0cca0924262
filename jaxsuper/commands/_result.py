"""What commands write: config, environment, timing and rows in one envelope."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._errors import check
from .._files import check_writable, write_json
from ._terminal import check_picture


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


def check_outputs(json: Path | None, plot: Path | None) -> None:
    """Raise a `ValueError` unless both files can be written, and are two; None passes."""
    check_writable(json, "json")
    check_picture(plot, "plot")
    if json is not None and plot is not None:
        check(json.resolve() != plot.resolve(), "plot", "must be another file than `json`", plot)


def write(path: Path | None, content: Any) -> None:
    """Write a result as JSON, whole or not at all; None writes nothing."""
    if path is not None:
        write_json(path, content)


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it: None unless it is finite."""
    return float(value) if math.isfinite(value) else None
