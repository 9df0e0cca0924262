"""What the published code measured at the published sizes, to be drawn beside one's own points.

`reference.csv` holds means over two networks of the public reference code, run unmodified (see
`tests/data/README.md`, of whose tables it is the average): the measurements behind figures 5-7
(D = 1000, T = 557) and those of figures 8-11 for D up to 1600.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .._settings import IDENTITY


POST = "Rotations in Superposition"
LABEL = "reference code, 2 networks"
MARK = "D"
# The settings of all published figures.
PUBLISHED: dict[str, Any] = {
    "circuit": "rotation",
    "construction": "clipped",
    "allocation": "prime-steps",
    "indicator": "recomputed",
    "redundancy": 6,
    "lower_threshold": 0.25,
    "upper_threshold": 0.75,
    "gate_bias": 1.0,
    "inhibition": "scalar",
    "inhibition_factor": 1.0,
    "edges": IDENTITY,
}
# z -> number of the figure: of D = 1000 and T = 557 by layer, and of the grid of sizes by T.
BY_LAYER = {1: 5, 2: 6, 3: 7}
BY_SIZE = {1: 8, 2: 9, 3: 10, 4: 11}
# Between two seeds of the reference smaller errors scatter by more than a factor.
_COMPARED = 1e-4


@cache
def _table() -> dict[tuple[int, int, int, str], dict[int, float]]:
    table: dict[tuple[int, int, int, str], dict[int, float]] = {}
    with (Path(__file__).parent / "reference.csv").open() as lines:
        for row in csv.DictReader(lines):
            key = (int(row["D"]), int(row["T"]), int(row["z"]), row["metric"])
            table.setdefault(key, {})[int(row["layer"])] = float(row["value"])
    return table


def reference(width: int, n_circuits: int, n_active: int, metric: str) -> dict[int, float]:
    """Return layer -> what the reference code measured at published settings, empty if nothing.

    Args:
        width: D.
        n_circuits: T.
        n_active: z.
        metric: a mean squared error, as `simulate` names it.
    """
    return _table().get((width, n_circuits, n_active, metric), {})


def agreement(pairs: list[tuple[float, float]]) -> str:
    """Return in words how far (measured, reference) are apart, empty if nothing can be compared."""
    ratios = [ours / theirs for ours, theirs in pairs if theirs > _COMPARED and ours > 0]
    if not ratios:
        return ""
    logs = np.log(ratios)
    factor = float(np.exp(np.quantile(np.abs(logs), 0.95)))
    return (
        f"measured / reference: median {np.exp(np.median(logs)):.2f}, "
        f"95 % of {len(ratios)} within a factor {factor:.2f}"
    )
