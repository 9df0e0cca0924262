"""Computation in superposition in JAX.

Build a network that holds more circuits than it has room for, simulate it in batches, and hold it
against closed forms. Everything not named here is reached through its folder, for instance
`jaxsuper.theory.rotation_active_mse`.
"""

from . import allocation, analytics, circuits, features, network, simulation, sweep, theory
from ._settings import Configuration, Experiment
from .allocation import allocate, Allocation, johnson_bound
from .analytics import ExperimentResult, predict, Prediction, run_experiment
from .circuits import exact_trajectory, MLP, Rotation, Rotation3, Step
from .network import build, dense_layers, dense_network, DenseNetwork
from .simulation import environment, forward, Measurement, sample_inputs, simulate


__all__ = [
    "MLP",
    "Allocation",
    "Configuration",
    "DenseNetwork",
    "Experiment",
    "ExperimentResult",
    "Measurement",
    "Prediction",
    "Rotation",
    "Rotation3",
    "Step",
    "allocate",
    "allocation",
    "analytics",
    "build",
    "circuits",
    "dense_layers",
    "dense_network",
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
]
