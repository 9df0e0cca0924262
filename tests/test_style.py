"""The tools that look at the code: import order, lint, format, types, file sizes."""

import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("importlinter.cli", "lint"),
    ],
    ids=["lint", "format", "imports"],
)
def test_tool(command):
    if command[0] == "importlinter.cli":
        done = run(
            sys.executable, "-c", "from importlinter.cli import lint_imports_command as m; m()"
        )
    else:
        done = run(sys.executable, "-m", *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types():
    done = run(sys.executable, "-m", "pyright", "--pythonpath", sys.executable)
    if "error" not in done.stdout and done.returncode:
        pytest.skip("pyright could not be started: " + (done.stderr or done.stdout)[-300:])
    assert done.returncode == 0, done.stdout


def test_no_file_is_long():
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("jaxsuper", "tests", "benchmarks", "notebooks")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_import_is_light():
    """`import jaxsuper` brings in neither matplotlib nor the command line."""
    heavy = ("matplotlib", "tyro", "rich", "polars")
    code = f"import jaxsuper, sys; print([m for m in {heavy} if m in sys.modules])"
    assert run(sys.executable, "-c", code).stdout.strip() == "[]"
