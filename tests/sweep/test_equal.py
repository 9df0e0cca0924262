"""A row of a sweep is what a single simulation gives, whatever it was padded to."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from jaxsuper import allocation, sweep
from jaxsuper.simulation import Configuration, prepare, samples_key, simulate
from jaxsuper.sweep import _kernel, _run


# Ragged in T, n, S, z, L and batch; seeds at both ends of their range.
RAGGED = [
    Configuration(160, 60, 3, 2, 3, 70, seed=2**32 - 1),
    Configuration(200, 64, 4, 1, 2, 64, seed=5, lower_threshold=0.3, gate_bias=0.5),
    Configuration(200, 50, 4, 3, 3, 33, network=2, inhibition_factor=1.1),
    Configuration(160, 5, 3, 5, 3, 64, seed=3),
]


def check_rows(configurations, folder):
    """Compare a sweep with single simulations, number by number; return what the sweep did."""
    result = sweep.run_sweep(configurations, folder)
    table = sweep.read_store(folder)
    assert table["failure"].is_null().all()
    for one in configurations:
        single = simulate(prepare(one), one.n_active, one.batch_size, key=samples_key(one))
        rows = table.filter(config_id=sweep.config_id(one))
        assert len(rows) == one.n_layers * len(single.names + single.worst_names)
        for layer, metric, *found in rows.select("layer", "metric", "value", "stderr").iter_rows():
            value, stderr = (np.nan if number is None else number for number in found)
            wanted = single[metric][layer - 1]
            np.testing.assert_allclose(value, wanted, rtol=2e-5, atol=1e-7, err_msg=metric)
            wanted = single.stderr_of(metric)[layer - 1] if metric in single.names else np.nan
            np.testing.assert_allclose(stderr, wanted, rtol=2e-4, atol=1e-7, err_msg=metric)
    return result


@pytest.mark.parametrize(
    "kind",
    [
        {},
        pytest.param({"construction": "split", "inhibition_factor": 1.0}, marks=pytest.mark.slow),
        pytest.param({"construction": "plain", "inhibition_factor": 1.0}, marks=pytest.mark.slow),
        pytest.param({"construction": "oracle", "inhibition": "receiver"}, marks=pytest.mark.slow),
        pytest.param({"circuit": "step", "allocation": "random"}, marks=pytest.mark.slow),
    ],
    ids=["clipped", "split", "plain", "oracle-receiver", "step-random"],
)
def test_padded_equals_unpadded(kind, tmp_path):
    configurations = [replace(one, **kind) for one in (RAGGED[1:] if not kind else RAGGED[:2])]
    result = check_rows(configurations, tmp_path / "store")
    assert result.compiles == 1 and result.plan.waste > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        {"construction": "private", "gate_bias": 8.0},
        {"indicator": "carried", "indicator_redundancy": 4, "indicator_share": 0.4},
        pytest.param({"indicator": "early-guess", "allocation": "random"}, marks=pytest.mark.slow),
        pytest.param(
            {"circuit": "rotation", "indicator_copies": 2, "network_width": 240},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"circuit": "rotation", "construction": "block", "redundancy": 1, "n_active": 1},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["private", "carried", "early-guess", "two-copies", "block"],
)
def test_networks_that_cannot_be_padded(kind, tmp_path):
    """They have buckets of their own size, in which seeds and parameters still share a program."""
    base = Configuration(180, 40, 3, 2, 3, 40, circuit="rotation3")
    one = replace(base, **kind)
    configurations = [one, replace(one, seed=7, gate_bias=9.0, batch_size=50)]
    result = check_rows(configurations, tmp_path / "store")
    assert result.compiles == 1


def test_a_wrong_seed_is_noticed(tmp_path):
    """The comparison above rejects the rows of another seed."""
    wrong = replace(RAGGED[1], seed=6)
    sweep.run_sweep([wrong], tmp_path / "store")
    row = sweep.read_store(tmp_path / "store").filter(metric="mse_x_inactive", layer=2)
    single = simulate(prepare(RAGGED[1]), 1, 64, key=samples_key(RAGGED[1]))
    assert abs(row["value"][0] / single["mse_x_inactive"][1] - 1) > 1e-3


def test_many_values_of_one_shape_are_traced_once(tmp_path, monkeypatch):
    traced = []
    measure = _kernel.measure
    monkeypatch.setattr(_kernel, "measure", lambda *given: traced.append(1) or measure(*given))
    grid = sweep.Grid(
        base={"network_width": 160, "n_circuits": 50, "redundancy": 3, "n_layers": 2},
        product={"lower_threshold": (0.2, 0.3), "gate_bias": (0.5, 1.0), "batch_size": (16, 32)},
        repeats=5,
    )
    result = sweep.run_sweep(grid.configurations(), tmp_path / "store", call_seconds=0.02)
    assert (len(traced), result.compiles, result.done, result.failed) == (1, 1, 40, 0)
    assert len(list(tmp_path.rglob("*.parquet"))) > 1


@pytest.mark.slow
def test_side_by_side_is_the_same(tmp_path):
    """As accelerators run them, by vmap, a few at a time."""
    allocations = sweep.Allocations()
    plan = sweep.make_plan(RAGGED[:3], allocations, n_devices=1)
    (bucket,) = plan.buckets
    mesh = jax.make_mesh((1,), (_kernel.AXIS,), axis_types=(jax.sharding.AxisType.Auto,))
    found = []
    for width in (1, 2):
        program = _kernel.Program.of(bucket.bucket, bucket.chunk, width, 4)
        parts = [allocations.of(one) for one in RAGGED[:3]]
        table = _kernel.table_of([parts], program)
        batch = _kernel.batch_of([*RAGGED[:3], RAGGED[0]], np.array([0, 1, 2, 0], np.int32))
        compiled = _kernel.compile_program(program, mesh, RAGGED[0], parts[0])
        arguments = _run.place((table, batch, np.array([3], np.int32)), mesh)
        found.append(compiled(*arguments))
    np.testing.assert_array_equal(found[0].count[:3], found[1].count[:3])
    for one, other in zip(found[0].mean[:3], found[1].mean[:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    # Beyond the last configuration nothing was run by the first, and one by the second.
    assert not np.asarray(found[0].count[3]).any()


def test_padding_needs_room():
    sets = allocation.prime_steps(40, 3, 50)
    with pytest.raises(ValueError, match="`shape` must be at least"):
        allocation.Padded(sets, (50, 41, 3, 10))
