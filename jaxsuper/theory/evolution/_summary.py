"""The errors of all samples in one result: means, how sure they are, how networks differ."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from ._state import METRICS


Layers: TypeAlias = Float[np.ndarray, " L"]


class Evolution(dict[str, Layers]):
    """Metric -> (L,), the expected errors of layers 1..L.

    Attributes:
        stderr: metric -> (L,), standard errors of these means, for the population is finite.
        network_sd: metric -> (L,), standard deviation between networks that their mean rotations
            cause, which is less than all of it: the wiring adds to it. 0 for a given network.
    """

    stderr: Mapping[str, Layers]
    network_sd: Mapping[str, Layers]

    def __init__(self, mean: Mapping[str, Layers], stderr: Any, network_sd: Any):
        """Hold the means, with their errors and the spread between networks."""
        super().__init__(mean)
        self.stderr, self.network_sd = stderr, network_sd


def summarised(layers: Sequence[Any], mean_rotation: Any) -> Evolution:
    """Average over the samples.

    Args:
        layers: of each layer the errors (metric, K) of the samples, from `errors`.
        mean_rotation: complex (K,), Rbar of the network that each sample belongs to.
    """
    samples = np.array(layers, dtype=float)
    deviation = samples - samples.mean(-1, keepdims=True)
    variance = _explained(deviation, mean_rotation)
    # What the mean rotations explain is no chance: they are spread evenly over the samples.
    stderr = np.sqrt((samples.var(-1, ddof=1) - variance) / samples.shape[-1])
    return Evolution(*map(_by_metric, (samples.mean(-1), stderr, np.sqrt(variance))))


def _by_metric(values: Any) -> dict[str, Any]:
    return {str(name): by_layer for name, by_layer in zip(METRICS, values.T, strict=True)}


def _explained(deviation, mean_rotation):
    """Return the variance that a linear regression on Re and Im of Rbar explains, without bias."""
    centred = mean_rotation - mean_rotation.mean()
    parts = np.stack([centred.real, centred.imag])
    scale = np.sqrt((parts**2).mean(-1, keepdims=True))
    if (scale == 0).any():
        return np.zeros(deviation.shape[:-1])
    K = deviation.shape[-1]
    slopes = deviation @ (parts / scale).T / K
    chance = deviation.var(-1) / K
    return np.maximum((slopes**2).sum(-1) - 2 * chance, 0)
