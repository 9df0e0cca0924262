"""What a network's `precision` means on a device, and the warning where it costs too much.

`highest` is full single precision everywhere. `high` is three products of parts in bfloat16 on a TPU,
`default` one. Emulated with 2,000 samples at D = 1000, T = 557, z = 3 and the published thresholds,
`high` moved no metric by more than 0.14 of its standard error and `default` one by 11; at D = 4000,
T = 2000, z = 2, 500 samples `high` moved one share of active neurons by 0.47. At thresholds
.4/.7 `high`, too, moved the share of indicators above 1/2 by 6: rounding decides its ties. See
benchmarks/precision.py.
"""

import warnings
from collections.abc import Iterable

import jax


_ROUNDED = (
    "`precision` default rounds the inputs of matrix products to bfloat16 on a TPU, which moved "
    "metrics of 2,000 samples by 11 standard errors, and by 46 at thresholds .3/.6; "
    "use highest, or high at the published thresholds"
)


def warn_of_precision(precisions: Iterable[str]) -> None:
    """Warn if networks would be run in a precision that shows on this device.

    Args:
        precisions: of matrix products of all networks.
    """
    if jax.default_backend() == "tpu" and "default" in precisions:
        warnings.warn(_ROUNDED, stacklevel=2)
