"""Computation in superposition in JAX.

Build a network that holds more circuits than it has room for, simulate it in batches, and hold it
against closed forms. Everything not named here is reached through its folder, for instance
`jaxsuper.theory.rotation_active_mse`.
"""

from . import (
    allocation,
    analytics,
    circuits,
    features,
    network,
    simulation,
    sweep,
    theory,
    training,
)
from .allocation import allocate, Allocation, johnson_bound
from .analytics import Experiment, ExperimentResult, predict, run_experiment
from .circuits import exact_trajectory, MLP, Rotation, Rotation3, Step
from .network import build, dense_parameters
from .simulation import environment, forward, Measurement, sample_inputs, simulate


__all__ = [
    "MLP",
    "Allocation",
    "Experiment",
    "ExperimentResult",
    "Measurement",
    "Rotation",
    "Rotation3",
    "Step",
    "allocate",
    "allocation",
    "analytics",
    "build",
    "circuits",
    "dense_parameters",
    "environment",
    "exact_trajectory",
    "features",
    "forward",
    "johnson_bound",
    "network",
    "predict",
    "run_experiment",
    "sample_inputs",
    "simulate",
    "simulation",
    "sweep",
    "theory",
    "training",
]
