"""What is read of an exported network: the members that scoring and recovering use, and no more."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Export(Protocol):
    """An exported network, as `testbed.read_export` gives it; names and shapes are `testbed`'s.

    Attributes:
        config: sizes and settings: `n_neurons` D, `n_circuits` T, `circuit_width` d, `n_relu` K,
            `reported` layers, `n_active` z, `channels`, `activation`, `program` and others.
        model: weights, biases, embedding and readouts by name.
        truth: allocation, placement, parts, pairs, labels and edges by name.
        samples: inputs, active sets, true values, estimates and activations by name.
    """

    @property
    def config(self) -> Any: ...
    @property
    def model(self) -> Mapping[str, np.ndarray]: ...
    @property
    def truth(self) -> Mapping[str, np.ndarray]: ...
    @property
    def samples(self) -> Mapping[str, np.ndarray]: ...


def reported_of(export: Export) -> tuple[int, ...]:
    """Return the ReLU layers that circuits are read out after, counted from 0."""
    return tuple(int(layer) for layer in export.config.reported)


def sizes_of(export: Export) -> tuple[int, int, int]:
    """Return neurons of a layer D, circuits T and samples N."""
    config = export.config
    return int(config.n_neurons), int(config.n_circuits), int(export.samples["active"].shape[0])
