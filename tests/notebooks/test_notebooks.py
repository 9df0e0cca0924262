"""Every notebook runs from top to bottom."""

import re
import shlex
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import pytest
from jaxsuper import Configuration, Experiment
from jaxsuper.commands._line import parse
from nbclient import NotebookClient


NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.py"))


@pytest.mark.filterwarnings("ignore")  # of the notebook server's, not ours
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, tmp_path):
    notebook: Any = jupytext.read(path)
    if re.search("^import torch", path.read_text(), re.MULTILINE):
        pytest.importorskip("torch")
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    # Each figure is shown once, and nothing is left where the notebook lies.
    for cell in code:
        shown = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        assert len(shown) == (
            "figure(" in cell.source.splitlines()[-1] or cell.source.endswith("\nfigure")
        )
    assert not list(tmp_path.iterdir())


def test_recorded_figures_are_found_after_a_plain_install(tmp_path, monkeypatch):
    """From the clone, wherever the package lies; elsewhere the error says where to open it."""
    text = (NOTEBOOKS[0].parent / "02_designs.py").read_text()
    cell = next(cell for cell in text.split("# %%") if "def recorded_file" in cell)
    source = cell[cell.index("def recorded_file") : cell.index("\n\nrecorded")]
    space: dict[str, Any] = {
        "Path": Path,
        "jaxsuper": SimpleNamespace(__file__=tmp_path / "x" / "y"),
    }
    exec(source, space)
    monkeypatch.chdir(NOTEBOOKS[0].parent)
    found = space["recorded_file"]("designs-cpu.json")
    assert found == NOTEBOOKS[0].parents[1] / "benchmarks" / "results" / "designs-cpu.json"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="in a clone of the repository"):
        space["recorded_file"]("designs-cpu.json")


def test_the_quickstart_is_the_readme():
    """The same experiment, so the same figure."""
    root = NOTEBOOKS[0].parents[1]
    text = NOTEBOOKS[0].read_text()
    call = re.search(r"jaxsuper\.(Experiment\.of\(.*\))", text)
    command = re.search(
        r"jaxsuper (simulate .*) --plot headline.png", (root / "README.md").read_text()
    )
    assert call and command
    experiment = eval(call[1], {"Experiment": Experiment})
    read: Any = parse(shlex.split(command[1])).command
    for field in fields(Configuration):
        if field.name not in ("n_active", "network"):
            assert getattr(experiment.configuration, field.name) == getattr(read, field.name)
    assert (experiment.n_active, experiment.n_networks) == (read.n_active, read.n_networks)
