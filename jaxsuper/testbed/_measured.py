"""What the card says of a network: its errors, the naive baseline, and where it stands."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arrays import root_key
from .._settings import Configuration
from ..network import AbstractNetwork
from ..simulation import simulate


# Folded into no key of the exported samples: errors are of other samples.
_OTHER = 1


def _measure(network: AbstractNetwork, n_active: int, n_samples: int, seed: int) -> Any:
    return simulate(network, n_active, n_samples, key=root_key((seed + _OTHER) % 2**32))


def measured_rows(
    network: AbstractNetwork, n_active: int, n_samples: int, seed: int
) -> list[dict[str, Any]]:
    """Return {layer, metric, value, stderr} over samples other than those exported."""
    found = _measure(network, n_active, n_samples, seed)
    return [
        {
            "layer": layer + 1,
            "metric": name,
            "value": _plain(found.mean[layer, i]),
            "stderr": _plain(found.stderr[layer, i]),
        }
        for layer in range(found.mean.shape[0])
        for i, name in enumerate(found.names)
    ]


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def baseline_rows(
    network: AbstractNetwork, loads: Sequence[int], n_samples: int, seed: int
) -> list[dict[str, Any]]:
    return []


def position_of(settings: Configuration, n_active: int) -> dict[str, Any]:
    return {}
