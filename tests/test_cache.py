"""Programs on disk: which folder, kept whatever their size, and no trouble if it takes no files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jaxsuper._cache import cache_folder


@pytest.fixture(autouse=True)
def no_folders(monkeypatch):
    for name in ("JAXSUPER_CACHE", "XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/nobody-here")


def test_which_folder(monkeypatch):
    """The flag, then the variable, then the user's folder for caches."""
    assert cache_folder() == Path("/home/nobody-here/.cache/jaxsuper/xla")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/jaxsuper/xla")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path("/home/nobody-here/.cache/jaxsuper/xla")
    monkeypatch.setenv("JAXSUPER_CACHE", "/programs")
    assert cache_folder() == Path("/programs") and cache_folder("/flag") == Path("/flag")
    assert cache_folder("none") is None
    monkeypatch.setenv("JAXSUPER_CACHE", "none")
    assert cache_folder() is None and cache_folder("/flag") == Path("/flag")


def test_no_home(monkeypatch):
    monkeypatch.setenv("HOME", "")
    assert cache_folder() is None

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None


PROGRAM = """
import warnings
warnings.simplefilter("error")  # as strict as can be
from jaxsuper._cache import use_cache
print("folder:", use_cache())
{change}
import jax
print(jax.jit(lambda x: x + 1)(1))
"""


def run_program(change="", **variables):
    """Compile a tiny program in a process of its own; return what it printed."""
    hidden = ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "JAX_COMPILATION_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(change=change)],
        env=environment | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.splitlines()


def test_small_programs_are_kept(tmp_path):
    folder = tmp_path / "new" / "programs"
    assert run_program(JAXSUPER_CACHE=str(folder)) == [f"folder: {folder}", "2"]
    kept = sorted(folder.iterdir())
    assert kept
    assert run_program(JAXSUPER_CACHE=str(folder))[1] == "2"
    assert sorted(folder.iterdir()) == kept


def test_the_folder_of_jax_goes_first(tmp_path):
    folders = {name: tmp_path / name for name in ("own", "jax")}
    own, theirs = str(folders["own"]), str(folders["jax"])
    printed = run_program(JAXSUPER_CACHE=own, JAX_COMPILATION_CACHE_DIR=theirs)
    assert printed == ["folder: None", "2"] and not folders["own"].exists()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    assert run_program(JAXSUPER_CACHE=str(tmp_path / "file" / "below")) == ["folder: None", "2"]


@pytest.mark.parametrize("reason", ["ENOSPC", "EROFS", "EACCES"])
def test_a_folder_that_takes_no_files_is_no_error(reason, tmp_path):
    """A full disk and a folder that may only be read: no warning, and the result is there."""
    change = f"""
import errno, pathlib
def refuse(path, content):
    print("refused")
    raise OSError(errno.{reason}, "refused", str(path))
pathlib.Path.write_bytes = refuse
"""
    printed = run_program(change, JAXSUPER_CACHE=str(tmp_path))
    assert printed[-1] == "2" and "refused" in printed and not list(tmp_path.iterdir())


def test_a_damaged_program_is_compiled_again(tmp_path):
    """What a kill or a full disk left behind."""
    run_program(JAXSUPER_CACHE=str(tmp_path))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert run_program(JAXSUPER_CACHE=str(tmp_path))[1] == "2"
