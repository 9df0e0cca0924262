"""Networks whose circuits are known, for methods that try to find them: export, parts, suite."""

from ._components import Components, components, Parts
from ._export import export
from ._format import Config
from ._loaded import Loaded
from ._measured import baseline_rows, critical_of, naive_share, position_of
from ._read import Exported, read_export
from ._stream import Stream
from ._target import DecompositionTarget, ideal_components, Target


__all__ = [
    "Components",
    "Config",
    "DecompositionTarget",
    "Exported",
    "Loaded",
    "Parts",
    "Stream",
    "Target",
    "baseline_rows",
    "components",
    "critical_of",
    "export",
    "ideal_components",
    "naive_share",
    "position_of",
    "read_export",
]
