"""Every notebook runs from top to bottom."""

from pathlib import Path
from typing import Any

import jupytext
import pytest
from nbclient import NotebookClient


NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))


@pytest.mark.filterwarnings("ignore")  # of the notebook server's, not ours
@pytest.mark.parametrize(
    "path",
    [
        # The first is the tour; the others take longer.
        pytest.param(path, marks=() if index == 0 else pytest.mark.slow)
        for index, path in enumerate(NOTEBOOKS)
    ],
    ids=lambda path: path.stem,
)
def test_notebook(path, tmp_path):
    notebook: Any = jupytext.read(path)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
