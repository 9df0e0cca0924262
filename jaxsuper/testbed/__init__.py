"""Networks whose circuits are known, for methods that try to find them: export, parts, suite."""

from ._components import Components, components, Parts
from ._export import export
from ._format import Config
from ._loaded import Loaded
from ._measured import baseline_rows, critical_of, naive_share, position_of
from ._read import Exported, read_export
from ._removal import KEPT, removal_rows
from ._stream import Stream
from ._suite import chosen, Entry, export_entry, finished, suite, trained_circuits
from ._target import DecompositionTarget, ideal_components, Target


__all__ = [
    "KEPT",
    "Components",
    "Config",
    "DecompositionTarget",
    "Entry",
    "Exported",
    "Loaded",
    "Parts",
    "Stream",
    "Target",
    "baseline_rows",
    "chosen",
    "components",
    "critical_of",
    "export",
    "export_entry",
    "finished",
    "ideal_components",
    "naive_share",
    "position_of",
    "read_export",
    "removal_rows",
    "suite",
    "trained_circuits",
]
