"""The instrument: inputs, forward pass, readout, metrics with standard errors."""

from .._settings import Configuration, Experiment, PARAMETERS
from ._build import (
    capacity_of,
    depends_on_seed,
    Fitted,
    network_from,
    network_keys,
    Parts,
    parts_of,
    prepare,
    Recipe,
    samples_key,
)
from ._checks import (
    check_active,
    check_experiment,
    check_network_fits,
    check_setting,
    check_settings,
    CHOICES,
    own_indicators_of,
)
from ._chunks import chunk_statistics, Trajectories
from ._cost import (
    ACCELERATOR_CORES,
    circuit_bytes,
    experiment_cost,
    largest_chunk,
    run_seconds,
    TRUTH_BYTES,
)
from ._environment import environment
from ._forward import dense_forward, forward, LayerView
from ._frame import Frame, frame_of, Framed, framed, is_cheap, measure_framed, shared_frames
from ._inputs import Inputs, sample_inputs
from ._intervals import (
    geometric_interval,
    interval_kind,
    lognormal_interval,
    metric_interval,
    sampled_interval,
    share_interval,
    student_interval,
)
from ._metrics import layer_metrics, metric_names
from ._parameters import parameters_of, with_parameters
from ._precision import warn_of_precision
from ._program_inputs import check_groups
from ._program_shares import program_sample, program_shares, ProgramSample, Shares
from ._programs import check_edges_name, edges_identity, edges_of
from ._run import configurations_of, Networks, run_networks
from ._simulate import default_chunk, simulate, simulate_and_show
from ._statistics import finish, mean_errors, Measurement, merge, merge_networks, Moments


__all__ = [
    "ACCELERATOR_CORES",
    "CHOICES",
    "PARAMETERS",
    "TRUTH_BYTES",
    "Configuration",
    "Experiment",
    "Fitted",
    "Frame",
    "Framed",
    "Inputs",
    "LayerView",
    "Measurement",
    "Moments",
    "Networks",
    "Parts",
    "ProgramSample",
    "Recipe",
    "Shares",
    "Trajectories",
    "capacity_of",
    "check_active",
    "check_edges_name",
    "check_experiment",
    "check_groups",
    "check_network_fits",
    "check_setting",
    "check_settings",
    "chunk_statistics",
    "circuit_bytes",
    "configurations_of",
    "default_chunk",
    "dense_forward",
    "depends_on_seed",
    "edges_identity",
    "edges_of",
    "environment",
    "experiment_cost",
    "finish",
    "forward",
    "frame_of",
    "framed",
    "geometric_interval",
    "interval_kind",
    "is_cheap",
    "largest_chunk",
    "layer_metrics",
    "lognormal_interval",
    "mean_errors",
    "measure_framed",
    "merge",
    "merge_networks",
    "metric_interval",
    "metric_names",
    "network_from",
    "network_keys",
    "own_indicators_of",
    "parameters_of",
    "parts_of",
    "prepare",
    "program_sample",
    "program_shares",
    "run_networks",
    "run_seconds",
    "sample_inputs",
    "sampled_interval",
    "samples_key",
    "share_interval",
    "shared_frames",
    "simulate",
    "simulate_and_show",
    "student_interval",
    "warn_of_precision",
    "with_parameters",
]
