"""Grids: what they hold, what they refuse, and how they are put into buckets."""

import pytest
from jaxsuper import allocation, sweep
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import Grid, grid_from_toml, load_grid
from jaxsuper.sweep import _columns
from jaxsuper.sweep._filters import compile_filter
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


BAD = [
    ("[base]\nn_circuit = 3", "did you mean 'n_circuits'"),
    ("[base]\nn_circuits = 3.5", "`n_circuits` must be of type int"),
    ("[base]\nn_circuits = true", "`n_circuits` must be of type int"),
    ("[base]\nconstruction = 1", "`construction` must be of type str"),
    ("[bass]\nn_circuits = 3", "did you mean 'base'"),
    ("repeats = 0", "`repeats` must be at least 1"),
    ("[product]\nn_active = []", "`n_active` must have at least one value"),
    ("[product]\nn_active = {from = 1, to = 3}", "`n_active` must be a list or have"),
    ("[product]\nn_active = {from = 1, to = 3, step = 0}", "step above 0"),
    ("[[zip]]\nn_active = [1]\nseed = [1, 2]", "`zip` must hold lists of equal length"),
    ('filters = ["T <"]', "`filter` must be an expression"),
    ('filters = ["X < 3"]', "'X' in 'X < 3'"),
    ("filters = [\"__import__('os')\"]", "comparisons and arithmetic only"),
    ('filters = ["T.real < 3"]', "comparisons and arithmetic only"),
    ('filters = ["T > 10**9"]', "at least one configuration"),
    ("[base", "`grid` must be TOML"),
]


@pytest.mark.parametrize("text, message", BAD)
def test_bad_grids(text, message):
    with pytest.raises(ValueError) as caught:
        grid_from_toml(text).configurations()
    assert message in str(caught.value)


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


def sizes_of(configuration, name):
    """Return what a filter sees under a name."""
    columns = {key: _columns.column(key, [value]) for key, value in vars(configuration).items()}
    seen = []
    for number in range(-1, 4000):
        if compile_filter(f"{name} == {number}").passes(columns)[0]:
            seen.append(number)
    (found,) = seen
    return found


def test_capacity_counts_what_the_network_is_built_of():
    """Blocks hold n^2 circuits; indicators with neurons of their own may hold fewer than payload."""
    block = Configuration(200, 1, 1, circuit="rotation", construction="block")
    assert sizes_of(block, "capacity") == 50**2
    whole = {"network_width": 240, "n_circuits": 1, "allocation": "transversal"}
    shared = Configuration(**whole, redundancy=3)
    apart = Configuration(**whole, redundancy=3, indicator_redundancy=6, indicator_share=0.3)
    own = allocation.capacity(36, 6, "transversal")
    assert sizes_of(apart, "capacity") == own
    assert sizes_of(shared, "capacity") == allocation.capacity(60, 3, "transversal")
    assert own is not None and own < allocation.johnson_bound(60, 3)
