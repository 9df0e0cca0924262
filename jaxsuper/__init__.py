"""Computation in superposition in JAX.

Build a network that holds more circuits than it has room for, simulate it in batches, and hold it
against closed forms. Everything not named here is reached through its folder, for instance
`jaxsuper.theory.rotation_active_mse`.

Nothing is imported before it is used, so that the command line answers at once.
"""

from importlib import import_module
from typing import Any, TYPE_CHECKING

from ._lazy import lazy


if TYPE_CHECKING:
    from . import (
        allocation,
        analytics,
        attention,
        circuits,
        design,
        features,
        logic,
        network,
        plotting,
        programs,
        recovery,
        saving,
        simulation,
        sweep,
        testbed,
        testing,
        theory,
        training,
    )
    from ._bar import ProgressBar
    from ._settings import Configuration, Experiment
    from .allocation import allocate, Allocation, johnson_bound
    from .analytics import (
        check,
        Checked,
        ExperimentResult,
        FormulaVerdict,
        predict,
        Prediction,
        run_experiment,
        verify_formula,
    )
    from .circuits import exact_trajectory, MLP, Rotation, Rotation3, Step
    from .network import build, dense_layers, dense_network, DenseNetwork
    from .saving import load, save
    from .simulation import environment, forward, Measurement, sample_inputs, simulate
    from .testbed import components, export, read_export

    __version__: str

_FOLDERS = (
    "allocation",
    "analytics",
    "attention",
    "circuits",
    "design",
    "features",
    "logic",
    "network",
    "plotting",
    "programs",
    "recovery",
    "saving",
    "simulation",
    "sweep",
    "testbed",
    "testing",
    "theory",
    "training",
)
_lazy_name, _names = lazy(
    __name__,
    {
        "allocation": ("Allocation", "allocate", "johnson_bound"),
        "_bar": ("ProgressBar",),
        "_settings": ("Configuration", "Experiment"),
        "analytics": (
            "Checked",
            "ExperimentResult",
            "FormulaVerdict",
            "Prediction",
            "check",
            "predict",
            "run_experiment",
            "verify_formula",
        ),
        "circuits": ("MLP", "Rotation", "Rotation3", "Step", "exact_trajectory"),
        "network": ("DenseNetwork", "build", "dense_layers", "dense_network"),
        "saving": ("load", "save"),
        "simulation": ("Measurement", "environment", "forward", "sample_inputs", "simulate"),
        "testbed": ("components", "export", "read_export"),
    },
)


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return import_module(f".{name}", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    return _lazy_name(name)


def __dir__() -> list[str]:
    return sorted({*_names(), *__all__})


__all__ = [
    "MLP",
    "Allocation",
    "Checked",
    "Configuration",
    "DenseNetwork",
    "Experiment",
    "ExperimentResult",
    "FormulaVerdict",
    "Measurement",
    "Prediction",
    "ProgressBar",
    "Rotation",
    "Rotation3",
    "Step",
    "__version__",
    "allocate",
    "allocation",
    "analytics",
    "attention",
    "build",
    "check",
    "circuits",
    "components",
    "dense_layers",
    "dense_network",
    "design",
    "environment",
    "exact_trajectory",
    "export",
    "features",
    "forward",
    "johnson_bound",
    "load",
    "logic",
    "network",
    "plotting",
    "predict",
    "programs",
    "read_export",
    "recovery",
    "run_experiment",
    "sample_inputs",
    "save",
    "saving",
    "simulate",
    "simulation",
    "sweep",
    "testbed",
    "testing",
    "theory",
    "training",
    "verify_formula",
]
