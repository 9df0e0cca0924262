"""With what a result was made: versions, device, precision."""

import os
import platform
from importlib.metadata import version

import jax


def environment(precision: str = "highest") -> dict[str, object]:
    """Return what another person needs to repeat a result.

    Args:
        precision: of matrix products in the run.

    Returns:
        Versions of python, jaxsuper, jax, jaxlib, equinox and numpy; platform, device kind and
        count, CPU cores; dtype and matrix precision.
    """
    packages = ("jaxsuper", "jax", "jaxlib", "equinox", "numpy")
    devices = jax.devices()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "n_devices": len(devices),
        "cpu_cores": os.cpu_count(),
        "dtype": "float32",
        "precision": precision,
    }
