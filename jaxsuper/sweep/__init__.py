"""Grids -> shape buckets -> sharded batches -> a results store; resume.

`run_sweep(load_grid("published").configurations(), "out")` runs what `out` does not have yet, and
`read_store("out")` returns it as a table.
"""

from ._allocations import Allocations
from ._buckets import Bucket
from ._devices import use_all_cores
from ._grid import Grid, grid_from_toml, load_grid
from ._identity import config_id, configuration_from, field_types
from ._plan import make_plan, Plan, PlannedBucket
from ._processes import join_processes, LostProcessError
from ._run import Progress, run_sweep, SweepResult
from ._select import select
from ._shape import bytes_running
from ._store import read_store, Store


__all__ = [
    "Allocations",
    "Bucket",
    "Grid",
    "LostProcessError",
    "Plan",
    "PlannedBucket",
    "Progress",
    "Store",
    "SweepResult",
    "bytes_running",
    "config_id",
    "configuration_from",
    "field_types",
    "grid_from_toml",
    "join_processes",
    "load_grid",
    "make_plan",
    "read_store",
    "run_sweep",
    "select",
    "use_all_cores",
]
