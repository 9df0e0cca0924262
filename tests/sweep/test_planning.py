"""Plans: made from shapes alone, in parts, with what compiling takes; not made where all is known."""

import logging
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import jax
import pytest
from jaxsuper import cli, sweep
from jaxsuper.commands.sweep import _print_failures
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _plan, _run, load_grid, make_plan, run_sweep, Store
from jaxsuper.sweep._rows import failed_rows
from jaxsuper.sweep._shape import bytes_of_design, seconds_compiling, side_by_side
from rich.console import Console

from .commands import parts


SEVERAL = [Configuration(120, 30, 3, 2, 2, 32, seed=seed) for seed in range(6)]


def test_planning_compiles_next_to_nothing(caplog):
    """Two programs, of seeds; once it built the circuits of every T, which made 129."""
    jax.clear_caches()
    configurations = load_grid("published").configurations()
    with jax.log_compiles(), caplog.at_level(logging.WARNING, "jax"):
        plan = make_plan(configurations, sweep.Allocations())
    compiled = [each for each in caplog.messages if "Finished XLA compilation" in each]
    assert len(compiled) <= 2 and len(plan.buckets) == 2


def test_shards_are_plans_of_parts():
    unfit = [Configuration(120, 5000, 3, seed=seed) for seed in range(3)]
    wide = [Configuration(120, 30, 3, construction="oracle", n_active=z) for z in (1, 2)]
    whole = make_plan([*SEVERAL, *unfit, *wide], sweep.Allocations(), n_devices=2)
    shards = [whole.shard(i, 4) for i in (1, 2, 3, 4)]
    assert Counter(name for one in shards for name in one.names) == Counter(whole.names)
    assert set(whole.names) == set(whole.configurations)
    for one in shards:
        assert set(one.configurations) == set(one.names)
        # In the shapes of the whole grid, so that shards and the whole give the same numbers.
        shapes = {planned.bucket.shape for planned in whole.buckets}
        assert {planned.bucket.shape for planned in one.buckets} <= shapes
    assert [len(one.failures) for one in shards] == [1, 1, 1, 0]
    assert [len(one.buckets) for one in shards] == [2, 2, 1, 1]
    assert sum(one.seconds for one in shards) == pytest.approx(whole.seconds)
    assert whole.shard(1, 1).names == whole.names


def test_a_dry_run_shows_the_shard(tmp_path, capsys):
    for shard, count in (("1/1", 164), ("2/3", 55)):
        assert cli.main(["sweep", "published", "--dry-run", "--shard", shard]) == 0
        printed = capsys.readouterr().out
        assert f"{count} configurations, 0 of which" in printed and "s compiling, less" in printed
        assert ("shard 2/3 of 164 configurations" in printed) == (shard == "2/3")
    one = load_grid("headline").configurations()[0]
    Store(tmp_path / "store").append(failed_rows([(one, "no")], {}))
    here = [str(tmp_path / "store"), "--dry-run", "--shard"]
    found = []
    for i in (1, 2):
        assert cli.main(["sweep", "headline", "--out", *here, f"{i}/2"]) == 0
        found.append(f"1 of them are in {tmp_path}" in capsys.readouterr().out)
    assert sorted(found) == [False, True]


def test_compiling_takes_longer_on_a_tpu_and_in_few_cores(monkeypatch):
    seconds = [seconds_compiling(platform) for platform in ("cpu", "gpu", "tpu")]
    assert seconds == sorted(set(seconds)) and seconds[-1] < 25
    many = [Configuration(120, 30, 3, 1, n) for n in (2, 3)] + [
        Configuration(120, 30, 3, 1, construction=name) for name in ("plain", "split", "oracle")
    ]
    plan = make_plan(many, sweep.Allocations(), n_devices=2)
    each = seconds_compiling("cpu")
    for cores in (1, 2, 64):
        monkeypatch.setattr(_plan, "available_cores", lambda cores=cores: cores)
        wanted = max(each, each * len(plan.buckets) / cores)
        assert len(plan.buckets) > 2 and plan.compile_seconds == pytest.approx(wanted)
    assert plan.shard(1, 1).compile_seconds == plan.compile_seconds


def test_small_configurations_run_side_by_side_on_a_gpu_alone():
    """So many that a millisecond of launches is a tenth of what they take: not one number for all."""
    millisecond = 1e-3
    for each in (1e-6, 3.4e-5, 4.5e-4, 0.1, 10.0):
        width = side_by_side("gpu", each)
        assert width & (width - 1) == 0 and 1 <= width <= 256
        assert width == 256 or width * each >= 10 * millisecond
        assert width == 1 or width / 2 * each < 10 * millisecond
        assert side_by_side("cpu", each) == side_by_side("tpu", each) == 1
    assert side_by_side("gpu", 3.4e-5) > 2 * side_by_side("gpu", 4.5e-4) == 64


def test_an_allocation_that_all_share_is_counted_once():
    """It travels once; where every seed has its own, there is one for each configuration."""
    many = [replace(SEVERAL[0], seed=seed) for seed in range(64)]
    each = [replace(one, allocation="random") for one in many]
    shared, own = (make_plan(some, sweep.Allocations(), n_devices=1) for some in (many, each))
    (first,), (other,) = shared.buckets, own.buckets
    assert (first.designs, other.designs) == (1, 64) and first.capacity == other.capacity == 64
    per_design = bytes_of_design(first.bucket.shape)
    assert other.memory - first.memory > 63 * per_design
    for designs in (1, 5, 1000):
        held = _plan._Held(first.bucket.shape, 1, designs)
        for room in (10_000, 300_000, 3_000_000, 100_000_000):
            most = held.most(room)
            assert held.bytes(most) <= max(room, held.bytes(1)) < held.bytes(most + 1)


def test_what_a_store_has_is_not_planned_again(tmp_path, monkeypatch):
    unfit = Configuration(120, 5000, 3, 2, 2, 32)
    run_sweep([*SEVERAL, unfit], tmp_path / "store")
    before = parts(tmp_path / "store")
    monkeypatch.setattr(_run, "make_plan", lambda *_, **__: pytest.fail("planned again"))
    again = run_sweep([*SEVERAL, unfit], tmp_path / "store")
    assert (again.selected, again.already, again.done, again.compiles) == (7, 7, 0, 0)
    # What failed is known from the store.
    ((name, reason),) = again.plan.failures.items()
    assert name == sweep.config_id(unfit) and "capacity" in reason
    assert "padding" not in repr(again) and parts(tmp_path / "store") == before
    part = run_sweep(SEVERAL[:2], tmp_path / "store")
    assert (part.already, part.plan.failures) == (2, {})


def test_a_store_in_a_folder_of_any_name(tmp_path):
    """No pattern, and no column that its name would be."""
    out = tmp_path / "T=3" / "a[1]*"
    assert run_sweep(SEVERAL[:2], out).done == 2
    assert run_sweep(SEVERAL[:2], out).already == 2
    assert len(sweep.read_store(out)) == 2 * 2 * 16


def test_failures_are_told_from_measured_rows(tmp_path):
    unfit = [Configuration(120, 5000 + i, 3, 2, 2, 32) for i in range(3)]
    run_sweep([*SEVERAL[:3], *unfit], tmp_path / "store")
    store = Store(tmp_path / "store")
    assert set(store.failures()) == {sweep.config_id(one) for one in unfit}
    assert store.discard_failures() == 3 and store.failures() == {}
    assert store.finished() == {sweep.config_id(one) for one in SEVERAL[:3]}
    assert Store(tmp_path / "store").finished() == store.finished()


def test_many_reasons_are_counted_at_once(capsys):
    """Once for all: each took a look at all of them, 40 seconds for these."""
    failures = {str(i): f"reason {i // 2}" for i in range(60_000)}
    _print_failures(SimpleNamespace(failures=failures), Console())  # pyrefly: ignore
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "2 x reason 0" and printed[-1] == "and 29990 more reasons"
    assert len(printed) == 11
