"""Go on with a record that was begun with the same settings."""

import json
from pathlib import Path
from typing import Any


def resumed(path: Path, fresh: dict[str, Any]) -> dict[str, Any]:
    """Return what a file holds, if it is a record with the settings of the fresh one; else that one.

    Args:
        path: of the record, which need not be there.
        fresh: a record without any measurement, its `settings` as JSON has them.
    """
    if not path.exists():
        return fresh
    before = json.loads(path.read_text())
    return before if before["settings"] == fresh["settings"] else fresh
