"""Computation in superposition in JAX.

Build a network that holds more circuits than it has room for, simulate it in batches, and hold it
against closed forms. Everything not named here is reached through its folder, for instance
`jaxsuper.theory.rotation_active_mse`.

Nothing is imported before it is used, so that the command line answers at once.
"""

from importlib import import_module
from typing import Any, TYPE_CHECKING


if TYPE_CHECKING:
    from . import (
        allocation,
        analytics,
        circuits,
        design,
        features,
        network,
        plotting,
        simulation,
        sweep,
        theory,
        training,
    )
    from ._settings import Configuration, Experiment
    from .allocation import allocate, Allocation, johnson_bound
    from .analytics import ExperimentResult, predict, Prediction, run_experiment
    from .circuits import exact_trajectory, MLP, Rotation, Rotation3, Step
    from .network import build, dense_layers, dense_network, DenseNetwork
    from .simulation import environment, forward, Measurement, sample_inputs, simulate

    __version__: str

# Folder -> what is exported of it beside itself.
_EXPORTS = {
    "allocation": ("Allocation", "allocate", "johnson_bound"),
    "analytics": ("ExperimentResult", "Prediction", "predict", "run_experiment"),
    "circuits": ("MLP", "Rotation", "Rotation3", "Step", "exact_trajectory"),
    "design": (),
    "features": (),
    "network": ("DenseNetwork", "build", "dense_layers", "dense_network"),
    "plotting": (),
    "simulation": ("Measurement", "environment", "forward", "sample_inputs", "simulate"),
    "sweep": (),
    "theory": (),
    "training": (),
}
_FOLDER_OF = {name: folder for folder, names in _EXPORTS.items() for name in names}
_FOLDER_OF |= dict.fromkeys(("Configuration", "Experiment"), "_settings")


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return import_module(f".{name}", __name__)
    if name in _FOLDER_OF:
        value = getattr(import_module(f".{_FOLDER_OF[name]}", __name__), name)
    elif name == "__version__":
        from importlib.metadata import version

        value = version(__name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
    "__version__",
    "allocate",
    "allocation",
    "analytics",
    "build",
    "circuits",
    "dense_layers",
    "dense_network",
    "design",
    "environment",
    "exact_trajectory",
    "features",
    "forward",
    "johnson_bound",
    "network",
    "plotting",
    "predict",
    "run_experiment",
    "sample_inputs",
    "simulate",
    "simulation",
    "sweep",
    "theory",
    "training",
]
