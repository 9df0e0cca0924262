"""Kills, full disks and damaged stores: nothing is lost, and what is resumed ends the same."""

import shlex
import shutil
import subprocess
import sys
import time

import numpy as np
import polars
import pytest
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _store, run_sweep, Store

from ..sweep.commands import finish, here, kill, parts, rows, same, start
from .run import complaints, environment


# Calls of two runs, so that there are many moments to be killed in.
SMALL_CALLS = ("--call-seconds", "0.001")
SEVERAL = [Configuration(120, 30, 3, 2, 2, 32, seed=seed) for seed in range(8)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "store"
    here(out)
    return rows(out)


def clean(folder):
    """Nothing torn, nothing half written, no row twice."""
    left = [p for p in folder.rglob("*") if "partial" in p.name or p.name.endswith(".set-aside")]
    ids = [
        name for path in parts(folder) for name in polars.read_parquet(path)["config_id"].unique()
    ]
    return not left and len(ids) == len(set(ids))


@pytest.mark.slow
@pytest.mark.parametrize("writers, kills, seed", [(1, 20, 0), (2, 5, 1)])
def test_killed_at_random_moments(writers, kills, seed, tmp_path, undisturbed):
    """From the first import to the last part; with two writers on one store, one of them."""
    random, out, done = np.random.default_rng(seed), tmp_path / "store", [0]
    started = time.monotonic()
    finish(start(tmp_path / "timed", *SMALL_CALLS))
    whole = time.monotonic() - started
    for _ in range(kills):
        running = [start(out, *SMALL_CALLS) for _ in range(writers)]
        time.sleep(random.uniform(0, 1.05 * whole))
        kill(running[0])
        for process in running[1:]:
            finish(process)
        done.append(len(rows(out)) if (out / "manifest.json").exists() else 0)
        if writers == 1 and done[-1] == len(undisturbed):
            shutil.rmtree(out)  # all was done: from the start again
            done = [0]
    assert done == sorted(done)
    finish(start(out, *SMALL_CALLS))
    assert same(rows(out), undisturbed) and clean(out)


def faults_of(random, store):
    """Do something to a random part of a store, as disks, people and programs do; say what."""
    part = random.choice(parts(store))
    content = part.read_bytes()
    place = int(random.integers(0, len(content) + 1))
    kind = str(
        random.choice(
            [
                "torn",
                "flipped",
                "empty",
                "deleted",
                "foreign",
                "newer",
                "copied",
                "moved",
                "partial",
            ]
        )
    )
    if kind == "torn":
        part.write_bytes(content[:place])
    elif kind == "flipped" and place:
        part.write_bytes(content[: place - 1] + bytes([content[place - 1] ^ 8]) + content[place:])
    elif kind == "empty":
        part.write_bytes(b"")
    elif kind == "deleted":
        part.unlink()
    elif kind == "foreign":
        polars.DataFrame({"a": [1]}).write_parquet(part)
    elif kind == "newer":
        frame = polars.DataFrame(schema=_store.schema())
        frame.with_columns(more=polars.lit(1)).write_parquet(part)
        part.rename(part.with_name(_store._name_of(part.read_bytes())))
    elif kind == "copied":
        shutil.copy(part, part.with_name(f"copy-{part.name}"))
    elif kind == "moved":
        (store / "more").mkdir(exist_ok=True)
        part.rename(store / "more" / part.name)
    else:
        (store / "parts" / ".elsewhere.1.part.partial.parquet").write_bytes(content[:place])
    return kind


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:set aside")
def test_any_damage_is_made_good(tmp_path):
    whole, kinds = tmp_path / "whole", set()
    run_sweep(SEVERAL, whole, call_seconds=1e-6)
    for seed in range(25):
        random = np.random.default_rng(seed)
        store = shutil.copytree(whole, tmp_path / str(seed))
        for _ in range(random.integers(1, 4)):
            kinds.add(faults_of(random, store))
        run_sweep(SEVERAL, store, call_seconds=1e-6)
        assert same(rows(store), rows(whole)), seed
        assert len(Store(store).finished()) == len(SEVERAL)
    assert len(kinds) == 9


FULL = {
    "simulate": "--network-width 100 --n-circuits 12 --redundancy 3 --n-layers 2 --batch-size 16 "
    "--json out.json",
    "simulate picture": "--network-width 100 --n-circuits 12 --redundancy 3 --n-layers 2 "
    "--batch-size 16 --plot out.png",
    "tune": "--network-width 80 --n-circuits 40 --redundancy 3 --n-layers 2 --steps 2 "
    "--batch-size 16 --held-out 32 --out tuned",
    "design": "--network-width 80 --n-circuits 12 --n-active 1 --n-layers 2 --only private --quick "
    "--json out.json",
    "sweep": "grid.toml --out store",
    "verify": "--only allocations --quick --out ledger",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_one_line(name, tmp_path):
    (tmp_path / "grid.toml").write_text(
        "[base]\nnetwork_width = 100\nn_circuits = 12\nredundancy = 3\nn_layers = 2\nbatch_size = 16\n"
    )
    command = [sys.executable, "-m", "jaxsuper", name.split()[0], *FULL[name].split()]
    # Programs are kept nowhere: that is another disk, of which JAX warns.
    nowhere = {k: v for k, v in environment().items() if k != "JAX_COMPILATION_CACHE_DIR"}

    def run(*words):
        return subprocess.run(words, cwd=tmp_path, env=nowhere, capture_output=True, text=True)

    # No file may grow beyond a kilobyte.
    done = run("bash", "-c", f"ulimit -f 1; exec {shlex.join(command)}")
    assert done.returncode == 2 and "File too large" in done.stderr, done.stderr
    # A journal that takes no more has warned before.
    said = [line for line in complaints(done.stderr).splitlines() if "journal takes no" not in line]
    assert len(said) == 1 and "Traceback" not in done.stderr
    found = [p.name for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".journal"]
    assert not [file for file in found if "partial" in file or file.startswith("out.")]
    done = run(*command)
    assert done.returncode == 0, done.stderr
