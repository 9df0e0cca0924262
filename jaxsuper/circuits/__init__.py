"""Small circuits: weights in mean and difference part, exact trajectories, readouts."""

from ._assumptions import Assumptions, check_assumptions
from ._base import AbstractCircuits, Layout
from ._exact import (
    checked_call,
    exact_channels,
    exact_trajectory,
    layer_of,
    mean_matrix,
    small_weights,
)
from ._gated import Gated
from ._guarded import Guarded
from ._layer_files import load_layers, save_layers, SUFFIX
from ._layers import layers_of, signed, stack_layers
from ._levels import Levels2, Levels4, Levels8
from ._mlp import MLP
from ._pool import Pool, with_numbers
from ._registry import (
    check_kind_name,
    check_parameters,
    class_of,
    fitting,
    identity_of,
    kind_of,
    kinds,
    layout_of,
    make,
    pool_of,
    register,
    resolved,
    width_of,
)
from ._rotation import CenteredRotation, Rotation
from ._rotation3 import Rotation3
from ._step import Step


__all__ = [
    "MLP",
    "SUFFIX",
    "AbstractCircuits",
    "Assumptions",
    "CenteredRotation",
    "Gated",
    "Guarded",
    "Layout",
    "Levels2",
    "Levels4",
    "Levels8",
    "Pool",
    "Rotation",
    "Rotation3",
    "Step",
    "check_assumptions",
    "check_kind_name",
    "check_parameters",
    "checked_call",
    "class_of",
    "exact_channels",
    "exact_trajectory",
    "fitting",
    "identity_of",
    "kind_of",
    "kinds",
    "layer_of",
    "layers_of",
    "layout_of",
    "load_layers",
    "make",
    "mean_matrix",
    "pool_of",
    "register",
    "resolved",
    "save_layers",
    "signed",
    "small_weights",
    "stack_layers",
    "width_of",
    "with_numbers",
]
