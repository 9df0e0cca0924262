"""Kill, interrupt and share: the store is what an undisturbed run leaves."""

import signal
import time

import numpy as np
import pytest

from .commands import close, finish, free_port, here, kill, parts, rows, same, start


# Calls of two runs, so that there are many to be killed in.
SMALL_CALLS = ("--call-seconds", "0.001")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "store"
    here(out)
    return rows(out)


def wait_for_part(process, out, count=1):
    deadline = time.monotonic() + 120
    while len(parts(out)) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def killed_and_resumed(out, kills, seed):
    """Kill a sweep at random moments, then let it finish; return its rows and the parts it left."""
    random, left = np.random.default_rng(seed), []
    for number in range(kills):
        process = start(out, *SMALL_CALLS)
        # Some in the start, most while parts are written.
        if number % 5 != 4:
            wait_for_part(process, out, len(parts(out)) + 1)
        time.sleep(random.uniform(0, 0.3))
        kill(process)
        left.append(len(parts(out)))
    finish(start(out, *SMALL_CALLS))
    return rows(out), left


def check_kills(tmp_path, kills, undisturbed):
    found, left = killed_and_resumed(tmp_path / "store", kills, 1)
    assert same(found, undisturbed)
    assert left[0] > 0 and left == sorted(left)
    assert not list(tmp_path.rglob("*.set-aside")) and not list(tmp_path.rglob("*.partial*"))


@pytest.mark.slow
def test_two_kills(tmp_path, undisturbed):
    check_kills(tmp_path, 2, undisturbed)


@pytest.mark.slow
def test_ten_kills(tmp_path, undisturbed):
    check_kills(tmp_path, 10, undisturbed)


@pytest.mark.parametrize(
    "number, status",
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
def test_a_signal_finishes_the_call(number, status, tmp_path, undisturbed, capsys):
    out = tmp_path / "store"
    process = start(out, *SMALL_CALLS)
    wait_for_part(process, out)
    process.send_signal(number)
    printed, errors = finish(process, status)
    assert "run the same command again to resume" in errors and "Traceback" not in errors
    done = rows(out)["config_id"].n_unique()
    assert 0 < done < 24 and f"{24 - done} configurations are left" in errors
    here(out)
    printed, errors = capsys.readouterr()
    assert f"{done} of 24 configurations were there, {24 - done} done" in printed and not errors
    assert same(rows(out), undisturbed)


@pytest.mark.slow
def test_devices_shards_and_processes_do_not_matter(tmp_path, undisturbed):
    """One device, two devices, three shards merged, two processes on loopback."""
    address = f"127.0.0.1:{free_port()}"
    jobs = [start(tmp_path / "one", devices=1)]
    job = ("--coordinator", address, "--processes", 2)
    jobs += [start(tmp_path / "two", *job, "--process", i, devices=1) for i in (0, 1)]
    shards = [tmp_path / f"shard{i}" for i in (1, 2, 3)]
    for i, shard in enumerate(shards, start=1):
        here(shard, "--shard", f"{i}/3")
    for process in jobs:
        finish(process)
    assert [rows(shard)["config_id"].n_unique() for shard in shards] == [8, 8, 8]
    for found in (rows(tmp_path / "one"), rows(*shards), rows(tmp_path / "two")):
        assert close(found, undisturbed)
    assert len(parts(tmp_path / "two")) == 2
    # A wrong seed is noticed.
    assert not close(rows(tmp_path / "one").sort("value"), undisturbed)


@pytest.mark.slow
def test_two_processes_on_one_directory(tmp_path, undisturbed):
    """Strangers that run the same grid into one store: no row twice, nothing torn."""
    out = tmp_path / "store"
    both = [start(out, *SMALL_CALLS) for _ in range(2)]
    for process in both:
        finish(process)
    raw = sum(len(polars_rows(path)) for path in parts(out))
    assert raw == len(undisturbed) and same(rows(out), undisturbed)
    assert not list(tmp_path.rglob("*.set-aside"))


def polars_rows(path):
    import polars

    return polars.read_parquet(path)
