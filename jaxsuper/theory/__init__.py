"""Closed forms: scalars in, scalars out, each with its formula, assumptions and source."""

from ._carried import carried_active_mse
from ._closed_forms import (
    active_mse,
    inactive_first_layer_mse,
    inactive_mse,
    rotation_active_mse,
    rotation_inactive_mse,
)
from ._interaction import disjoint_probability, mean_interaction, mean_interference
from ._overlap import (
    mean_overlap_even,
    mean_overlap_naive,
    overlap_rate_from_loads,
    overlap_rate_lower_bound,
    overlap_rate_published,
)
from ._private import private_active_mse
from ._state_evolution import state_evolution
from ._validity import (
    correct_active_fraction,
    in_working_regime,
    indicator_stays_silent,
    interference_parameter,
    USELESS_VECTOR_ERROR,
)


__all__ = [
    "USELESS_VECTOR_ERROR",
    "active_mse",
    "carried_active_mse",
    "correct_active_fraction",
    "disjoint_probability",
    "in_working_regime",
    "inactive_first_layer_mse",
    "inactive_mse",
    "indicator_stays_silent",
    "interference_parameter",
    "mean_interaction",
    "mean_interference",
    "mean_overlap_even",
    "mean_overlap_naive",
    "overlap_rate_from_loads",
    "overlap_rate_lower_bound",
    "overlap_rate_published",
    "private_active_mse",
    "rotation_active_mse",
    "rotation_inactive_mse",
    "state_evolution",
]
