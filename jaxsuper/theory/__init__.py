"""Closed forms: scalars in, scalars out, each with its formula, assumptions and source."""

from ._bounds import (
    pair_count_bound,
    random_max_overlap,
    random_max_overlap_median,
    readout_floor,
    welch_bound,
    welch_mean_square,
)
from ._carried import carried_active_mse, carried_errors, carried_leak, CARRIED_LEAK_LIMIT
from ._cleaned import cleaned_active_mse, shared_gate_power
from ._closed_forms import (
    active_mse,
    inactive_first_layer_mse,
    inactive_mse,
    rotation_active_mse,
    rotation_inactive_mse,
)
from ._cut import rectified_moments
from ._embeddings import (
    coactivation,
    dedicated_mse,
    dedicated_published_mse,
    embedding_mse,
    linear_mse_bound,
    random_embedding_best_mse,
    random_embedding_leading_mse,
    random_embedding_mse,
    random_embedding_scale,
    shared_mse,
    shared_published_mse,
    tight_frame_mse,
)
from ._interaction import (
    common_interference,
    disjoint_probability,
    distinct_hits,
    mean_interaction,
    mean_interference,
    rademacher_interaction,
    Received,
    received_by,
)
from ._overlap import (
    mean_overlap_even,
    mean_overlap_naive,
    overlap_rate_from_loads,
    overlap_rate_lower_bound,
    overlap_rate_published,
)
from ._private import private_active_mse
from ._rates import DISJOINT_PAIRS, fit_rate, FittedRate, Rate
from ._rotation import rotation_errors
from ._validity import (
    correct_active_fraction,
    idle_activity,
    in_working_regime,
    interference_parameter,
    USELESS_VECTOR_ERROR,
)
from .evolution import separate_evolution, state_evolution


__all__ = [
    "CARRIED_LEAK_LIMIT",
    "DISJOINT_PAIRS",
    "USELESS_VECTOR_ERROR",
    "FittedRate",
    "Rate",
    "Received",
    "active_mse",
    "carried_active_mse",
    "carried_errors",
    "carried_leak",
    "cleaned_active_mse",
    "coactivation",
    "common_interference",
    "correct_active_fraction",
    "dedicated_mse",
    "dedicated_published_mse",
    "disjoint_probability",
    "distinct_hits",
    "embedding_mse",
    "fit_rate",
    "idle_activity",
    "in_working_regime",
    "inactive_first_layer_mse",
    "inactive_mse",
    "interference_parameter",
    "linear_mse_bound",
    "mean_interaction",
    "mean_interference",
    "mean_overlap_even",
    "mean_overlap_naive",
    "overlap_rate_from_loads",
    "overlap_rate_lower_bound",
    "overlap_rate_published",
    "pair_count_bound",
    "private_active_mse",
    "rademacher_interaction",
    "random_embedding_best_mse",
    "random_embedding_leading_mse",
    "random_embedding_mse",
    "random_embedding_scale",
    "random_max_overlap",
    "random_max_overlap_median",
    "readout_floor",
    "received_by",
    "rectified_moments",
    "rotation_active_mse",
    "rotation_errors",
    "rotation_inactive_mse",
    "separate_evolution",
    "shared_gate_power",
    "shared_mse",
    "shared_published_mse",
    "state_evolution",
    "tight_frame_mse",
    "welch_bound",
    "welch_mean_square",
]
