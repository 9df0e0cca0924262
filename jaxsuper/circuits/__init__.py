"""Small circuits: weights in mean and difference part, exact trajectories, readouts."""

from ._base import AbstractCircuits, Layout
from ._exact import exact_channels, exact_trajectory, layer_of, small_weights
from ._levels import Levels2, Levels4, Levels8
from ._mlp import MLP
from ._registry import (
    check_parameters,
    class_of,
    kind_of,
    kinds,
    layout_of,
    make,
    register,
    width_of,
)
from ._rotation import CenteredRotation, Rotation
from ._rotation3 import Rotation3
from ._step import Step


__all__ = [
    "MLP",
    "AbstractCircuits",
    "CenteredRotation",
    "Layout",
    "Levels2",
    "Levels4",
    "Levels8",
    "Rotation",
    "Rotation3",
    "Step",
    "check_parameters",
    "class_of",
    "exact_channels",
    "exact_trajectory",
    "kind_of",
    "kinds",
    "layer_of",
    "layout_of",
    "make",
    "register",
    "small_weights",
    "width_of",
]
