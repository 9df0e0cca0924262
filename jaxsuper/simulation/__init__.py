"""The instrument: inputs, forward pass, readout, metrics with standard errors."""

from ._configuration import (
    check_active,
    check_settings,
    Configuration,
    depends_on_seed,
    design_of,
    INHIBITED,
    network_keys,
    OWN_INDICATORS,
    parameters_of,
    parts_of,
    prepare,
    samples_key,
    SEEDED,
)
from ._environment import environment
from ._forward import dense_forward, forward, LayerView
from ._inputs import Inputs, sample_inputs
from ._metrics import metric_names
from ._simulate import chunk_statistics, default_chunk, simulate
from ._statistics import finish, Measurement, merge_networks, Moments
from ._trajectories import trajectories


__all__ = [
    "INHIBITED",
    "OWN_INDICATORS",
    "SEEDED",
    "Configuration",
    "Inputs",
    "LayerView",
    "Measurement",
    "Moments",
    "check_active",
    "check_settings",
    "chunk_statistics",
    "default_chunk",
    "dense_forward",
    "depends_on_seed",
    "design_of",
    "environment",
    "finish",
    "forward",
    "merge_networks",
    "metric_names",
    "network_keys",
    "parameters_of",
    "parts_of",
    "prepare",
    "sample_inputs",
    "samples_key",
    "simulate",
    "trajectories",
]
