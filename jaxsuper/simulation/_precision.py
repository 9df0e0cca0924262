"""What a network's `precision` means on a device, and the warning where it costs too much.

`highest` is full single precision everywhere. `high` is three products of parts in bfloat16 on a TPU,
and moved no metric by a hundredth of its standard error where it was emulated. `default` is one
product of bfloat16 there. See benchmarks/precision.py and its record, precision-cpu.json.
"""

import warnings
from collections.abc import Iterable

import jax


_ROUNDED = (
    "`precision` default rounds the inputs of matrix products to bfloat16 on a TPU, which moved "
    "metrics of 2,000 samples by up to {worst} standard errors; high is safe and highest is exact"
)
# The largest of benchmarks/results/precision-cpu.json.
WORST = 11


def warn_of_precision(precisions: Iterable[str]) -> None:
    """Warn if networks would be run in a precision that shows on this device.

    Args:
        precisions: of matrix products of all networks.
    """
    if jax.default_backend() == "tpu" and "default" in precisions:
        warnings.warn(_ROUNDED.format(worst=WORST), stacklevel=2)
