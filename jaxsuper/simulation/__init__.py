"""The instrument: inputs, forward pass, readout, metrics with standard errors."""

from ._environment import environment
from ._forward import dense_forward, forward, LayerView
from ._inputs import Inputs, sample_inputs
from ._metrics import metric_names
from ._simulate import chunk_statistics, default_chunk, simulate
from ._statistics import Measurement, merge_networks
from ._trajectories import trajectories


__all__ = [
    "Inputs",
    "LayerView",
    "Measurement",
    "chunk_statistics",
    "default_chunk",
    "dense_forward",
    "environment",
    "forward",
    "merge_networks",
    "metric_names",
    "sample_inputs",
    "simulate",
    "trajectories",
]
