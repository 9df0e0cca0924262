"""Grids: what they hold, what they refuse, and how they are put into buckets."""

import json

import numpy as np
import pytest
from jaxsuper import allocation, sweep
from jaxsuper.allocation import _registry
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _allocations, _identity, Grid, grid_from_toml, load_grid
from jaxsuper.sweep._shape import Shape


def test_products_zips_lists_filters_and_repeats():
    grid = grid_from_toml("""
        filters = ["n_circuits <= capacity", "z < 3 or not (T > 50)"]
        repeats = 2
        [base]
        redundancy = 4
        seed = 7
        gate_bias = 1
        [product]
        n_active = { from = 1, to = 3, step = 1 }
        upper_threshold = { from = 0.6, to = 0.8, count = 2 }
        [[zip]]
        network_width = [200, 400, 80]
        n_circuits = [40, 60, 5000]
        [[list]]
        construction = "oracle"
        [[list]]
        construction = "clipped"
        lower_threshold = 0.4
    """)
    found = grid.configurations()
    # z = 1..3 at T = 40, z = 1, 2 at T = 60, nothing at T = 5000; two thresholds, lists and seeds.
    assert len(found) == (3 + 2) * 2 * 2 * 2
    assert {(c.network_width, c.n_circuits) for c in found} == {(200, 40), (400, 60)}
    assert {c.seed for c in found} == {7, 8}
    assert {c.lower_threshold for c in found if c.construction == "clipped"} == {0.4}
    assert {c.lower_threshold for c in found if c.construction == "oracle"} == {0.25}
    assert {c.upper_threshold for c in found} == {0.6, 0.8}
    assert len({sweep.config_id(c) for c in found}) == len(found)


def test_equal_settings_have_equal_ids():
    one = Grid(base={"gate_bias": 1, "n_circuits": 100.0}).configurations()[0]
    other = Configuration(gate_bias=1.0, n_circuits=100)
    assert sweep.config_id(one) == sweep.config_id(other)
    assert sweep.config_id(other) != sweep.config_id(Configuration(gate_bias=1.0, n_circuits=101))
    # Pinned: another id would run finished stores again.
    assert sweep.config_id(Configuration()) == "a2d32ea7ed93ffff"


def test_presets():
    published = load_grid("published").configurations()
    assert len(published) == 164 and len({(c.network_width, c.n_circuits) for c in published}) == 41
    assert {(c.redundancy, c.n_layers, c.batch_size) for c in published} == {(6, 4, 500)}
    assert {c.n_circuits for c in published if c.network_width == 1600} == {*range(300, 1301, 200)}
    headline = load_grid("headline").configurations()
    assert {(c.n_active, c.seed) for c in headline} == {(z, s) for z in (1, 2, 3) for s in range(5)}
    assert len(load_grid("scaling").configurations()) > 100


def test_unknown_files_and_presets():
    with pytest.raises(ValueError, match="did you mean 'published'"):
        load_grid("publised")
    with pytest.raises(ValueError, match="must be a file"):
        load_grid("nothing.toml")


def test_buckets_hold_everything_in_few_programs():
    configurations = load_grid("published").configurations()
    designs = sweep.Allocations()
    plan = sweep.make_plan(configurations, designs, n_devices=2)
    assert not plan.failures and 1 <= len(plan.buckets) <= 4 and 0 < plan.waste < 0.6
    assert sorted(i for b in plan.buckets for i in b.bucket.ids) == sorted(plan.configurations)
    for planned in plan.buckets:
        shape = planned.bucket.shape
        for name in planned.bucket.ids:
            one = plan.configurations[name]
            load = designs.of(one)[0].members.shape[1]
            assert Shape.of(one, load).join(shape) == shape
    kinds = [Configuration(construction=c) for c in ("clipped", "oracle", "split")]
    assert len(sweep.make_plan(kinds, designs).buckets) == 3


def test_bad_configurations_are_named_before_anything_runs():
    bad = [
        Configuration(network_width=1001),
        Configuration(n_circuits=600),
        Configuration(n_active=0),
        Configuration(lower_threshold=0.9),
        Configuration(seed=-1),
    ]
    plan = sweep.make_plan([*bad, Configuration()], sweep.Allocations())
    assert list(plan.failures) == [sweep.config_id(one) for one in bad]
    words = ("divisible", "capacity", "`n_active`", "`lower_threshold`", "`seed`")
    for reason, word in zip(plan.failures.values(), words, strict=True):
        assert word in reason
    assert sum(len(b.bucket.ids) for b in plan.buckets) == 1


# Most of them right, so that some configurations are right as a whole.
SOME = {
    "network_width": [120, 120, 160, 121],
    "n_circuits": [9, 9, 9, 5000],
    "redundancy": [3, 3, 3, 60],
    "n_active": [2, 2, 3, 30],
    "circuit": ["rotation", "rotation", "rotation3"],
    "construction": ["clipped", "clipped", "plain", "private"],
    "indicator": ["recomputed", "recomputed", "carried"],
    "allocation": ["prime-steps", "random"],
    "seed": [0, 1, 2, -1],
    "lower_threshold": [0.25, 0.3, 0.9],
    "gate_bias": [1.0, 1.5, 2.0, float("nan")],
    "inhibition_factor": [1.0, 1.0, 2.0],
}


def test_what_is_shared_is_checked_once_with_the_same_answer():
    draws = np.random.default_rng(0)
    drawn = [{name: draws.choice(v).item() for name, v in SOME.items()} for _ in range(600)]
    several = {str(index): Configuration(**one) for index, one in enumerate(drawn)}
    designs = sweep.Allocations()
    loads, failures = _allocations.loads_and_failures(several, designs)
    assert set(loads) | set(failures) == set(several) and not set(loads) & set(failures)
    assert len(loads) > 5 and len(set(failures.values())) > 8
    for name, one in several.items():
        try:
            _allocations.check_configuration(one)
            load = _allocations.largest_load(designs.of(one))
            assert loads[name] == load
        except ValueError as error:
            assert failures[name] == " ".join(str(error).split())


def test_ids_are_hashes_of_sorted_json():
    for one in (
        Configuration(),
        Configuration(
            gate_bias=1e-7, seed=2**32 - 1, inhibition_factor=1e22, allocation='q"\u00e9'
        ),
        Configuration(gate_bias=float("nan"), lower_threshold=float("-inf"), edges="relay"),
    ):
        settings = {k: v for k, v in vars(one).items() if (k, v) != ("edges", "identity")}
        text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        assert _identity.canonical(one) == text
    # Equal configurations, whichever was asked for first.
    same = [Configuration(gate_bias=-0.0), Configuration(gate_bias=0.0)]
    assert len({_identity.canonical(one) for one in same}) == 1


def test_edges_leave_other_ids_as_they_were(tmp_path):
    """The id of the defaults is that of before; a file goes by what it holds."""
    assert _identity.fresh_id(Configuration()) == "a2d32ea7ed93ffff"
    paths = [tmp_path / name for name in ("one.toml", "same.toml", "other.toml")]
    for path, circuit in zip(paths, (3, 3, 4), strict=True):
        path.write_text(f"[[relay]]\nsource = {circuit}\nto = 1\n")
    one, same, other = (_identity.fresh_id(Configuration(edges=str(path))) for path in paths)
    assert one == same != other


def test_large_grids_are_planned_quickly():
    """Seconds of CPU; it took 7 for 100,000 configurations."""
    grid = Grid(
        base={"network_width": 400, "redundancy": 4, "n_layers": 3},
        product={
            "n_circuits": range(50, 150, 10),
            "lower_threshold": [0.05 + 0.01 * i for i in range(40)],
            "seed": range(100),
        },
    )
    configurations = grid.configurations()
    plan = sweep.make_plan(configurations, sweep.Allocations(), n_devices=2)
    assert len(plan.configurations) == 40_000


def test_a_grid_knows_what_is_registered_later(monkeypatch):
    """Choices are those of now, not of when the module was loaded."""
    with pytest.raises(ValueError, match="allocation"):
        _identity.setting("allocation", "lately")
    monkeypatch.setattr(_registry, "_FAMILIES", dict(_registry._FAMILIES))
    allocation.register("lately", lambda n, s, t, key: allocation.prime_steps(n, s, t))
    assert "lately" in _identity.choices("allocation")
    assert _identity.setting("allocation", "lately") == "lately"
