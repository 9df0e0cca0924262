"""Networks whose circuits are known, for methods that try to find them: export, parts, suite."""

from ._components import Components, components, Parts
from ._export import export
from ._format import Config
from ._read import Exported, read_export


__all__ = ["Components", "Config", "Exported", "Parts", "components", "export", "read_export"]
