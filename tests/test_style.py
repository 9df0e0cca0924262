"""The tools that look at the code: import order, lint, format, types, file sizes."""

import re
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


def check_types(*more):
    environment = f"--python-interpreter-path={sys.executable}"
    done = run(sys.executable, "-m", "pyrefly", "check", environment, *more)
    return done.returncode, done.stdout + done.stderr


def test_types():
    status, printed = check_types()
    assert status == 0, printed


# Lines that use the package, each with the error that a checker has to find.
PLANTED = {
    "from jaxsuper import allocation, circuits, network, simulation": None,
    "sets = allocation.prime_steps(5, 2, 3)": None,
    "small = circuits.Step(3)": None,
    "allocation.prime_steps('5', 2, 3)": "bad-argument-type",
    "sets.nonsense": "missing-attribute",
    "simulation.metric_names()": "missing-argument",
    "undefined": "unknown-name",
    "network.built": "missing-attribute",
    "def untyped(width): return circuits.width_of(width) + 'a'": "unsupported-operation",
}


def test_wrong_types_are_found(tmp_path):
    file = tmp_path / "planted.py"
    file.write_text("\n".join(PLANTED))
    status, printed = check_types("--config=pyproject.toml", "--output-format=min-text", str(file))
    lines = re.findall(r"planted\.py:(\d+):.*\[([a-z-]+)\]", printed)
    expected = [(str(n), error) for n, error in enumerate(PLANTED.values(), 1) if error]
    assert status == 1 and lines == expected, printed


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
