"""The commands: each file holds a dataclass `Command`, its settings, and `run(command, console)`.

To be explained quickly they import what is heavy (JAX, polars, matplotlib) only when they run.
"""

from importlib import import_module
from types import ModuleType


# In the order of the help. A new command is a file in this folder and its name here.
NAMES = (
    "simulate",
    "allocate",
    "verify",
    "sweep",
    "figures",
    "tune",
    "design",
    "scaling",
    "export",
    "attention",
    "recover",
    "score",
)


def modules() -> dict[str, ModuleType]:
    """Return the modules of all commands by name, in the order of the help."""
    return {name: import_module(f".{name}", __name__) for name in NAMES}


__all__ = ["NAMES", "modules"]
