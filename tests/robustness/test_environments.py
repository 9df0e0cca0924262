"""One command in odd environments: the same numbers, and nothing on standard error."""

import json
import os
import subprocess
import sys
from pathlib import Path
from string import ascii_letters

import numpy as np
import pytest
from jaxsuper import cli

from .run import complaints, environment


LINE = (
    "simulate --network-width 100 --n-circuits 12 --redundancy 3 --n-layers 2 --batch-size 16 "
    "--n-active 2 --n-networks 2 --json out.json"
)
RUN = [sys.executable, "-m", "jaxsuper"]
# A home or cache folder decides where programs are kept only if nothing else does.
CACHES = ("JAXSUPER_CACHE", "JAX_COMPILATION_CACHE_DIR", "XDG_CACHE_HOME")


def variables(changes: dict[str, str | None]) -> dict[str, str]:
    """Return the environment with some variables changed, None to have none."""
    found = environment()
    if {"HOME", "XDG_CACHE_HOME"} & set(changes):
        for name in CACHES:
            found.pop(name, None)
    for name, value in changes.items():
        found.pop(name, None)
        if value is not None:
            found[name] = value
    return found


def shell(command: str, folder: Path, changes: dict[str, str | None]) -> tuple[str, str, int]:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables(changes), capture_output=True, text=True
    )
    return done.stdout, complaints(done.stderr), done.returncode


def rows(folder: Path) -> list[dict]:
    return json.loads((folder / "out.json").read_text())["rows"]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usual")
    done = subprocess.run(
        [*RUN, *LINE.split()], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0 and complaints(done.stderr) == "", done.stderr
    return rows(folder)


ASCII: dict[str, str | None] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SAME: dict[str, tuple[dict[str, str | None], str]] = {
    "optimised": ({"PYTHONOPTIMIZE": "2"}, "{}"),
    "without compiling": ({"JAX_DISABLE_JIT": "1"}, "{}"),
    "ASCII locale": (ASCII, "{}"),
    "ASCII streams": ({"PYTHONIOENCODING": "ascii"}, "{}"),
    "no locale": ({"LANG": None, "LC_ALL": None}, "{}"),
    "no home": ({"HOME": None}, "{}"),
    "empty home": ({"HOME": ""}, "{}"),
    "a home that is not there": ({"HOME": "/proc/nowhere"}, "{}"),
    "a home that takes no files": ({"HOME": "/proc"}, "{}"),
    "a cache that takes no files": ({"XDG_CACHE_HOME": "/proc"}, "{}"),
    "40 columns": ({"COLUMNS": "40"}, "{}"),
    "5 columns": ({"COLUMNS": "5"}, "{}"),
    "no colours": ({"NO_COLOR": "1", "TERM": "dumb"}, "{}"),
    "no terminal": ({"TERM": None}, "{}"),
    "no folder for temporary files": ({"TMPDIR": "/proc/nowhere"}, "{}"),
    "no input": ({}, "{} <&-"),
    "a reader who leaves at once": ({}, "set -o pipefail; {} | true"),
    "a reader of one line": ({}, "set -o pipefail; {} | head -1"),
    "32 open files": ({}, "ulimit -n 32; {}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("changes, command", SAME.values(), ids=SAME)
def test_the_same_in_odd_environments(changes, command, usual, tmp_path):
    printed, errors, status = shell(command.format(" ".join([*RUN, LINE])), tmp_path, changes)
    assert status == 0 and errors == "", errors
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    for one, other in zip(rows(tmp_path), usual, strict=True):
        assert (one["metric"], one["layer"]) == (other["metric"], other["layer"])
        close = np.isclose(one["value"], other["value"], rtol=1e-5, atol=1e-9)
        assert close or one["value"] == other["value"], (one, other)
    if changes == ASCII:
        assert printed.isascii() and "+- s.e." in printed


@pytest.mark.slow
def test_double_precision_is_another_draw_of_the_same(usual, tmp_path):
    """As README says: other samples, and no warning of JAX."""
    changes: dict[str, str | None] = {"JAX_ENABLE_X64": "1"}
    _, errors, status = shell(" ".join([*RUN, LINE]), tmp_path, changes)
    assert status == 0 and errors == ""
    found = {(row["metric"], row["layer"]): row for row in rows(tmp_path)}
    for row in usual:
        if row["metric"] == "mse_x_active":
            assert 0.2 < found[row["metric"], row["layer"]]["value"] / row["value"] < 5


DOUBLE = """
import warnings; warnings.simplefilter("error")
import jax
from dataclasses import replace
from jaxsuper import Configuration, network, predict, simulate, simulation
base = Configuration(120, 12, 3, 2, 3, 16, allocation="transversal")
for name in network.constructions():
    kind = "rotation3" if name in ("private", "carried", "early-guess") else "rotation"
    one = replace(base, construction=name, circuit=kind, redundancy=1 if name == "block" else 3)
    made = simulation.prepare(one)
    simulate(made, 2, 16, key=jax.random.key(0), slots=3)
    predict(made, 2)
"""


@pytest.mark.slow
def test_no_construction_warns_in_double_precision():
    double = variables({"JAX_ENABLE_X64": "1"})
    done = subprocess.run(
        [sys.executable, "-c", DOUBLE], env=double, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed, said", [(">&-", "standard output is closed"), ("2>&-", "")])
def test_closed_streams(closed, said, usual, tmp_path):
    _, errors, status = shell(f"{' '.join([*RUN, LINE])} {closed}", tmp_path, {})
    assert status == 0 and said in errors and errors.count("\n") <= 1
    assert rows(tmp_path)[0]["value"] == pytest.approx(usual[0]["value"])


@pytest.mark.slow
def test_a_folder_that_was_deleted(tmp_path):
    """One line, whether the command needs the folder or not."""
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && {' '.join(RUN)} simulate --json out.json"
    _, errors, status = shell(command, tmp_path, {})
    assert status == 2 and errors.count("\n") == 1 and "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ASCII locale", "ASCII streams", "5 columns"])
def test_help_and_errors_in_odd_environments(kind, tmp_path):
    changes, _ = SAME[kind]
    for words, status in (("--help", 0), ("verify --list", 0), ("simulate --colour red", 2)):
        printed, errors, got = shell(f"{' '.join(RUN)} {words}", tmp_path, changes)
        assert got == status and "Traceback" not in errors and (printed or errors), (words, errors)
        assert errors.count("\n") == (status == 2)


@pytest.mark.parametrize("words", ["--help", "simulate --help", "sweep --help"])
def test_help_in_forty_columns(words, monkeypatch, capsys):
    """Lines that are no longer than the terminal, and not one letter each."""
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        cli.main(words.split())
    # What stands at the left is prose, which a terminal breaks.
    lines = [
        each for each in capsys.readouterr().out.splitlines() if each[:1] not in "`" + ascii_letters
    ]
    assert max(map(len, lines)) <= 40 and np.mean([len(line) for line in lines]) > 20


def test_devices_and_links_are_written_to_and_stay(tmp_path, capsys):
    """A pipe, a device or a link as the output is not replaced by a file."""
    line = "allocate --block-width 25 --redundancy 3 --json"
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "deep" / "x.json"
    target.parent.mkdir()
    link.symlink_to(target)
    for _ in range(2):
        assert cli.main([*line.split(), str(link)]) == 0
        assert link.is_symlink() and json.loads(target.read_text())["capacity"] == 37
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert cli.main([*line.split(), str(pipe)]) == 0
    assert json.loads(os.read(reader, 9999))["capacity"] == 37 and pipe.is_fifo()
    os.close(reader)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "link", "pipe"]
    assert [path.name for path in target.parent.iterdir()] == ["x.json"]


def test_a_full_device_is_one_line(capsys):
    device = Path("/dev/full")
    if not device.is_char_device():
        pytest.skip("there is no device that is always full here")
    line = "allocate --block-width 25 --redundancy 3 --json /dev/full"
    assert cli.main(line.split()) == 2 and device.is_char_device()
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and "No space left" in errors
