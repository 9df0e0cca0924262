"""Closed forms: scalars in, scalars out, each with its formula, assumptions and source."""

from ._attention import amplified_cosine, target_share, window_distances
from ._bounds import (
    pair_count_bound,
    random_max_overlap,
    random_max_overlap_median,
    readout_floor,
    welch_bound,
    welch_mean_square,
)
from ._carried import carried_active_mse, carried_errors, carried_leak, CARRIED_LEAK_LIMIT
from ._chances import disjoint_probability, distinct_hits
from ._cleaned import cleaned_active_mse, shared_gate_power
from ._closed_forms import (
    active_mse,
    inactive_first_layer_mse,
    inactive_mse,
    rotation_active_mse,
    rotation_errors_published,
    rotation_inactive_mse,
)
from ._conjunctions import (
    best_density,
    conjunction_constant,
    conjunction_errors,
    ConjunctionErrors,
    neurons_needed,
)
from ._cut import rectified_moments
from ._decisions import Decided, decided, Decisions, still_right, wrong_decisions
from ._edges import edge_errors, edge_layers, edges_received
from ._embeddings import (
    affine_mse,
    best_threshold,
    coactivation,
    dedicated_constant_mse,
    dedicated_guess_mse,
    dedicated_guess_published_scale,
    dedicated_guess_scale,
    dedicated_mse,
    dedicated_published_mse,
    embedding_mse,
    least_squares_mse,
    linear_mse_bound,
    random_embedding_best_mse,
    random_embedding_leading_mse,
    random_embedding_mse,
    random_embedding_scale,
    shared_mse,
    shared_published_mse,
    threshold_recovery,
    tight_frame_mse,
)
from ._flow import Errors
from ._flow_noise import Gap, Stage
from ._interaction import (
    common_interference,
    mean_interaction,
    mean_interference,
    rademacher_interaction,
    Received,
    received_by,
)
from ._levels import level_errors
from ._overlap import (
    mean_overlap_even,
    mean_overlap_naive,
    overlap_rate_from_loads,
    overlap_rate_lower_bound,
    overlap_rate_published,
)
from ._pairs import Active, pair_errors, private_pair_mse
from ._private import private_active_mse, third_party_links
from ._propagated import layer_noise, Noise, propagated_errors
from ._rates import DISJOINT_PAIRS, fit_rate, FittedRate, Rate
from ._rotation import rotation_errors
from ._validity import (
    correct_active_fraction,
    idle_activity,
    in_working_regime,
    interference_parameter,
    USELESS_VECTOR_ERROR,
)
from ._wrong_conjunctions import least_wrong_density, neurons_to_recover, wrong_conjunctions
from .evolution import separate_evolution, state_evolution


__all__ = [
    "CARRIED_LEAK_LIMIT",
    "DISJOINT_PAIRS",
    "USELESS_VECTOR_ERROR",
    "Active",
    "ConjunctionErrors",
    "Decided",
    "Decisions",
    "Errors",
    "FittedRate",
    "Gap",
    "Noise",
    "Rate",
    "Received",
    "Stage",
    "active_mse",
    "affine_mse",
    "amplified_cosine",
    "best_density",
    "best_threshold",
    "carried_active_mse",
    "carried_errors",
    "carried_leak",
    "cleaned_active_mse",
    "coactivation",
    "common_interference",
    "conjunction_constant",
    "conjunction_errors",
    "correct_active_fraction",
    "decided",
    "dedicated_constant_mse",
    "dedicated_guess_mse",
    "dedicated_guess_published_scale",
    "dedicated_guess_scale",
    "dedicated_mse",
    "dedicated_published_mse",
    "disjoint_probability",
    "distinct_hits",
    "edge_errors",
    "edge_layers",
    "edges_received",
    "embedding_mse",
    "fit_rate",
    "idle_activity",
    "in_working_regime",
    "inactive_first_layer_mse",
    "inactive_mse",
    "interference_parameter",
    "layer_noise",
    "least_squares_mse",
    "least_wrong_density",
    "level_errors",
    "linear_mse_bound",
    "mean_interaction",
    "mean_interference",
    "mean_overlap_even",
    "mean_overlap_naive",
    "neurons_needed",
    "neurons_to_recover",
    "overlap_rate_from_loads",
    "overlap_rate_lower_bound",
    "overlap_rate_published",
    "pair_count_bound",
    "pair_errors",
    "private_active_mse",
    "private_pair_mse",
    "propagated_errors",
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
    "rotation_errors_published",
    "rotation_inactive_mse",
    "separate_evolution",
    "shared_gate_power",
    "shared_mse",
    "shared_published_mse",
    "state_evolution",
    "still_right",
    "target_share",
    "third_party_links",
    "threshold_recovery",
    "tight_frame_mse",
    "welch_bound",
    "welch_mean_square",
    "window_distances",
    "wrong_conjunctions",
    "wrong_decisions",
]
