"""With what a result was made: versions, device, precision."""

import platform
from importlib.metadata import version

import jax


def environment(precision: str = "highest") -> dict[str, object]:
    """Return what another person needs to repeat a result.

    Args:
        precision: of matrix products in the run.

    Returns:
        Versions of python, jaxsuper, jax, jaxlib, equinox and numpy; platform, device kind and
        count; dtype and matrix precision.
    """
    packages = ("jaxsuper", "jax", "jaxlib", "equinox", "numpy")
    devices = jax.devices()
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "n_devices": len(devices),
        "dtype": "float32",
        "precision": precision,
    }
