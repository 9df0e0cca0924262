"""The store: torn, foreign and shared parts, full disks, other versions, failures, memory."""

import errno
import os
import resource
import shutil
import subprocess
import sys

import polars
import pytest
from jaxsuper import cli, sweep
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _store, read_store, run_sweep, Store

from .commands import finish, GRID, parts, ROOT, rows, same, start


DEEP = 10_000
BASE = Configuration(120, 30, 3, 2, 2, 32)
SEVERAL = [Configuration(120, 30, 3, 2, 2, 32, seed=seed) for seed in range(6)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store with a part per two configurations."""
    out = tmp_path_factory.mktemp("whole") / "store"
    result = run_sweep(SEVERAL, out, call_seconds=1e-6)
    assert (result.done, result.failed, result.already) == (6, 0, 0)
    assert len(parts(out)) == 3
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "store")


def test_the_table(whole):
    raw = polars.scan_parquet(f"{whole}/**/*.parquet").collect()
    table = read_store(whole)
    assert len(raw) == len(table) == 6 * 2 * 16
    assert dict(table.schema) == _store.schema()
    assert set(table["seed"]) == set(range(6)) and table["failure"].is_null().all()
    assert (table["wall_time"] > 0).all() and table["jax"].is_not_null().all()
    worst = table["metric"].str.starts_with("worst")
    assert (table["stderr"].is_null() == worst).all() and table["value"].is_not_null().all()


def test_parts_from_before_there_were_edges(copy, whole):
    """They have no such column, and count as what they were; one that lacks another is refused."""
    first, second, _ = parts(copy)
    for path, gone in ((first, "edges"), (second, "circuit")):
        table = polars.read_parquet(path).drop(gone)
        path.unlink()
        table.write_parquet(path)
        path.rename(path.with_name(_store._name_of(path.read_bytes())))
    with pytest.warns(UserWarning, match="its columns are not those of this store"):
        table = read_store(copy)
    assert dict(table.schema) == _store.schema() and set(table["edges"]) == {"identity"}
    assert len(table) == len(read_store(whole)) * 2 // 3


def test_nothing_is_run_twice(copy):
    before = {path: path.stat().st_mtime_ns for path in parts(copy)}
    result = run_sweep(SEVERAL, copy)
    assert (result.already, result.done, result.compiles) == (6, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in parts(copy)} == before


@pytest.mark.parametrize("fault", ["torn", "altered", "foreign", "columns", "empty"])
def test_bad_parts_are_set_aside_and_run_again(fault, copy, whole):
    part = parts(copy)[0]
    content = part.read_bytes()
    if fault == "torn":
        part.write_bytes(content[: len(content) // 2])
    elif fault == "altered":
        middle = len(content) // 2
        part.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif fault == "empty":
        part.write_bytes(b"")
    else:
        # A whole parquet file, but not one of ours: by name, and by columns.
        frame = polars.DataFrame({"config_id": ["x"], "value": [1.0]})
        part.unlink()
        part = copy / "parts" / "other.parquet"
        frame.write_parquet(part)
        if fault == "columns":
            part = part.rename(part.with_name(_store._name_of(part.read_bytes())))
    with pytest.warns(UserWarning, match=f"set aside .*{part.name}"):
        result = run_sweep(SEVERAL, copy)
    assert (result.already, result.done) == (4, 2)
    assert part.with_name(part.name + ".set-aside").exists() and not part.exists()
    assert same(rows(copy), rows(whole))


def test_reading_leaves_bad_parts_alone(copy):
    part = parts(copy)[0]
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="left out"):
        table = read_store(copy)
    assert table["config_id"].n_unique() == 4 and part.exists()


def test_stores_of_different_jobs_merge(copy, whole, tmp_path):
    other = tmp_path / "other"
    run_sweep([*SEVERAL[4:], BASE, Configuration(120, 30, 3, 2, 2, 32, seed=9)], other)
    merged = rows(whole, other)
    assert set(merged["seed"]) == {*range(6), 9} and len(merged) == 7 * 32
    # By hand, too: parts are copied into one store.
    for part in parts(other):
        shutil.copy(part, copy / "parts")
    assert same(rows(copy), merged)


@pytest.mark.parametrize(
    "manifest, message",
    [
        ('{"format": 999}', "must be a store of format 2, got 999; use another directory"),
        ('{"format": "1"}', "must be a store of format 2, got '1'; use another directory"),
        ('{"format": true}', "must be a store of format 2, got True"),
        ('{"format": 1.0}', "must be a store of format 2, got 1.0"),
        ('{"format": null}', "must be a store of format 2, got None"),
        ('{"format": [1]}', "must be a store of format 2, got [1]"),
        ("{}", "must hold a readable manifest.json: `manifest.json` must have the key `format`"),
        ("{", "must hold a readable manifest.json: `manifest.json` must be JSON"),
        ("", "must hold a readable manifest.json: `manifest.json` must be JSON"),
        ("[1]", "must hold a readable manifest.json: `manifest.json` must be a table, got a list"),
        ('{"format": NaN}', "must hold a readable manifest.json"),
        ('{"format": 1} {', "must hold a readable manifest.json"),
        ("[" * DEEP, "must hold a readable manifest.json"),
        ('{"format": ' + "[" * DEEP + "]" * DEEP + "}", "must not be nested so deep"),
        ('{"format": ' + '{"a": ' * DEEP + "1" + "}" * DEEP + "}", "must not be nested so deep"),
        (None, "must hold a readable manifest.json: Is a directory"),
    ],
)
def test_other_manifests_are_refused(manifest, message, copy, capsys):
    file = copy / "manifest.json"
    if manifest is None:
        file.unlink()
        file.mkdir()
    else:
        file.write_text(manifest)
    before = sorted(copy.rglob("*"))
    with pytest.raises(ValueError) as caught:
        run_sweep(SEVERAL, copy)
    assert message in str(caught.value)
    assert cli.main(["sweep", "headline", "--out", str(copy), "--cache", "none"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and len(error) < 300
    assert sorted(copy.rglob("*")) == before


def test_manifests_may_say_more(copy):
    (copy / "manifest.json").write_text('{"more": [1, {}], "format": 2}', encoding="utf-8")
    assert len(read_store(copy)) == 6 * 2 * 16


def test_a_store_of_the_first_format_is_read_and_not_added_to(copy, whole, capsys):
    """There ties at 1/2 counted as rounding had them: a resumed one would be of two kinds."""
    (copy / "manifest.json").write_text('{"format": 1, "made_by": "jaxsuper sweep"}')
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert same(rows(copy), rows(whole))
    with pytest.raises(ValueError, match="`folders` must be stores of one format, got 1 and 2"):
        read_store([whole, copy])
    for more in ([], [BASE]):
        with pytest.raises(ValueError, match="must be a store of format 2, got 1; there rounding"):
            run_sweep([*SEVERAL, *more], copy)
    assert cli.main(["sweep", "headline", "--out", str(copy), "--cache", "none"]) == 2
    error = capsys.readouterr().err
    assert "it can be read, not added to; use another" in error and error.count("\n") == 1
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_other_folders_are_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    for out in (tmp_path, tmp_path / "notes.txt"):
        assert cli.main(["sweep", "headline", "--out", str(out), "--cache", "none"]) == 2
        assert "must be a new, empty or existing store" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_full_disk_keeps_what_was_written(copy, monkeypatch, capsys):
    """The part that does not fit leaves nothing behind, and the next run resumes."""
    more = [Configuration(120, 30, 3, 2, 2, 32, seed=seed) for seed in range(6, 10)]
    before = parts(copy)
    real = os.fsync

    def full(descriptor):
        if len(parts(copy)) > len(before):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run_sweep([*SEVERAL, *more], copy, call_seconds=1e-6)
    monkeypatch.undo()
    assert not list(copy.rglob(".*.partial*"))
    result = run_sweep([*SEVERAL, *more], copy, call_seconds=1e-6)
    assert result.already + result.done == 10 and result.already >= 6
    assert rows(copy)["config_id"].n_unique() == 10


def mounted(folder, options):
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting a small file system is not permitted here")


@pytest.mark.slow
def test_a_really_full_disk(tmp_path):
    disk = tmp_path / "disk"
    mounted(disk, "size=64k")
    try:
        process = start(disk / "store", "--call-seconds", "0.001")
        _, errors = finish(process, 2)
        assert "No space left on device" in errors and "resume" in errors
        assert errors.count("\n") == 1 and not list(disk.rglob(".*.partial*"))
        there = rows(disk / "store")["config_id"].n_unique()
        assert 0 < there < 24
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        printed, _ = finish(start(disk / "store"))
        assert f"{there} of 24 configurations were there" in printed
        assert rows(disk / "store")["config_id"].n_unique() == 24
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def test_a_read_only_folder(tmp_path, capsys):
    locked = tmp_path / "locked"
    if os.geteuid() == 0:
        mounted(locked, "ro,size=64k")
    else:
        locked.mkdir(mode=0o500)
    try:
        status = cli.main(["sweep", "headline", "--out", str(locked), "--cache", "none"])
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(locked)], check=False)
    assert status == 2
    error = capsys.readouterr().err
    assert "`out` must be writable" in error and error.count("\n") == 1


def test_failures_are_rows_and_do_not_stop_the_rest(tmp_path):
    explosive = Configuration(120, 30, 3, 2, 3, 32, gate_bias=1e30)
    unfit = Configuration(120, 5000, 3, 2, 2, 32)
    good = Configuration(120, 30, 3, 2, 3, 32)
    result = run_sweep([explosive, unfit, good], tmp_path / "store")
    assert (result.done, result.failed) == (3, 2)
    table = read_store(tmp_path / "store")
    failed = table.filter(polars.col("failure").is_not_null())
    reasons = dict(failed.select("config_id", "failure").iter_rows())
    assert "is not finite at layer" in reasons[sweep.config_id(explosive)]
    assert "capacity" in reasons[sweep.config_id(unfit)]
    assert failed["value"].is_null().all() and failed["layer"].is_null().all()
    assert table.filter(config_id=sweep.config_id(good))["value"].is_not_null().all()
    again = run_sweep([explosive, unfit, good], tmp_path / "store")
    assert (again.already, again.done) == (3, 0)
    again = run_sweep([explosive, unfit, good], tmp_path / "store", retry_failed=True)
    assert (again.already, again.done, again.failed) == (1, 2, 2)
    assert len(read_store(tmp_path / "store")) == len(table)


MEMORY = """
import re, sys
from pathlib import Path
from jaxsuper.sweep import configuration_from, make_plan, Allocations, run_sweep, use_all_cores
from jaxsuper.sweep._shape import bytes_running, Shape
use_all_cores()
size = dict(network_width=1600, n_circuits=1300, n_layers=4, n_active=4, batch_size=4000)
grid = [configuration_from({**size, "seed": seed}) for seed in range(200)]
needed = sum(bytes_running(b.bucket.shape, 4000) * len(b.bucket.ids)
             for b in make_plan(grid, Allocations()).buckets)
calls = []
run_sweep(grid, Path(sys.argv[1]), memory=2 * 2**30, progress=calls.append,
          stop=lambda: len(calls) >= 2)
# The peak of this program alone: `ru_maxrss` is inherited from the process that started it.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(needed / 2**30, int(peak[1]) / 2**20)
"""


@pytest.mark.slow
def test_memory_stays_under_the_limit(tmp_path):
    """Forty GiB of configurations under a limit of two; the first calls show the peak."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": ""}
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "store")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    needed, peak = map(float, done.stdout.split())
    assert needed > 40 and peak < 2
    assert parts(tmp_path / "store")


def test_a_limit_that_is_too_low(tmp_path, capsys):
    line = ["sweep", "published", "--out", str(tmp_path / "store"), "--cache", "none"]
    assert cli.main([*line, "--memory", "900MiB"]) == 2
    error = capsys.readouterr().err
    assert "`memory_limit` must be above the 900 MiB" in error
    assert not (tmp_path / "store").exists()


BAD = [
    ("--shard 0/3", "`shard` must be i/n"),
    ("--shard 4/3", "`shard` must be i/n"),
    ("--memory lots", "`memory_limit` must be a number of bytes"),
    ("--call-seconds 0", "`call_seconds` must be positive"),
    ("--process 1", "`process` must come with a `coordinator`"),
    ("--coordinator here --process 0 --processes 2", "`coordinator` must be HOST:PORT"),
    ("--coordinator localhost:1 --process 2 --processes 2", "`process` must lie in 0..1"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_bad_input(change, message, tmp_path, capsys):
    line = ["sweep", "headline", "--out", str(tmp_path / "store"), "--cache", "none"]
    assert cli.main([*line, *change.split()]) == 2
    assert message in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_dry_run_runs_nothing(tmp_path, capsys, monkeypatch):
    grid = tmp_path / "grid.toml"
    grid.write_text(GRID + "\n[[list]]\nseed = 1\n[[list]]\nn_circuits = 4000\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sweep", str(grid), "--dry-run", "--cache", "none"]) == 0
    printed = capsys.readouterr().out
    assert "48 configurations, 24 of which cannot be run" in printed
    assert "1 shape buckets" in printed and "24 x `n_circuits` must be at most" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["grid.toml"]
    out = tmp_path / "store"
    run_sweep([BASE], out)
    assert cli.main(["sweep", str(grid), "--dry-run", "--out", str(out), "--cache", "none"]) == 0
    assert "0 of them are in" in capsys.readouterr().out
    assert cli.main(["sweep", "headline", "--cache", "none"]) == 2
    assert "`out` must be given" in capsys.readouterr().err


WHERE = [
    ("n_active / (seed - 3) > 1", "must have a value for every configuration"),
    ("circuit > 3", "must compare numbers with numbers"),
    ("T > 1000", "`where` must leave something to draw"),
    ("(" * 500 + "T", "`filter` must"),
]


@pytest.mark.parametrize("text, message", WHERE)
def test_rows_are_selected_by_the_same_filters(text, message, whole):
    table = read_store(whole)
    assert set(sweep.select(table, ["seed > 1", "seed % 2 == 0 and T <= capacity"])["seed"]) == {
        2,
        4,
    }
    assert sweep.select(table, []) is table
    with pytest.raises(ValueError, match=message):
        sweep.select(table, [text])


def test_nothing_is_left_open(whole):
    """Opening a store many times does not use up descriptors."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        Store(whole).finished()
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before + 1 < limit
