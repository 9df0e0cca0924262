"""Grids: what they hold, what they refuse, and how they are put into buckets."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from math import prod
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import allocation, cli, sweep
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _allocations, _columns, _identity, Grid, grid_from_toml, load_grid
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


DEEP = 10_000
RANGE = "[product]\nlower_threshold = "
# What was tried, by name, with a part of the one line that answers.
BAD = {
    "name": ("[base]\nn_circuit = 3", "did you mean 'n_circuits'"),
    "product-name": ("[product]\nn_circuit = [3]", "did you mean 'n_circuits'"),
    "range-name": ("[product]\nn_circuit = {from = 1, to = 2, step = 1}", "'n_circuits'"),
    "float": ("[base]\nn_circuits = 3.5", "`base.n_circuits` must be of type int, got 3.5"),
    "boolean": ("[base]\nn_circuits = true", "`base.n_circuits` must be of type int, got True"),
    "boolean-float": ("[base]\ngate_bias = true", "`base.gate_bias` must be of type float"),
    "text": ("[base]\nconstruction = 1", "`base.construction` must be of type str, got 1"),
    "date": ("[base]\nseed = 2020-01-01", "`base.seed` must be of type int"),
    "nested": ("[base]\nseed = [[1]]", "`base.seed` must be of type int, got [[1]]"),
    "in-product": ("[product]\nseed = [1, 'x']", "`product.seed[1]` must be of type int, got 'x'"),
    "in-zip": ("[[zip]]\nseed = [1, 2]\n[[zip]]\nn_active = [1, {}]", "`zip[1].n_active[1]`"),
    "in-list": ("[[list]]\nseed = 1\n[[list]]\nn_active = '1'", "`list[1].n_active` must be"),
    "circuit": ("[base]\ncircuit = 'mlp'", "`base.circuit` must be one of rotation, rotation3"),
    "allocation": ("[product]\nallocation = ['auto', 'even']", "`product.allocation[1]` must be"),
    "construction": ("[base]\nconstruction = 'cliped'", "did you mean 'clipped'"),
    "indicator": ("[base]\nindicator = 'early'", "did you mean 'early-guess'"),
    "inhibition": ("[base]\ninhibition = 'x'", "must be one of scalar, receiver"),
    "precision": ("[base]\nprecision = 'low'", "must be one of default, high, highest"),
    "key": ("[bass]\nn_circuits = 3", "did you mean 'base'"),
    "repeats-0": ("repeats = 0", "`repeats` must be at least 1"),
    "repeats-true": ("repeats = true", "`repeats` must be an integer, got a boolean"),
    "repeats-float": ("repeats = 2.0", "`repeats` must be an integer, got a number"),
    "repeats-1e9": ("repeats = 1000000000", "at most 10,000,000 combinations, got 1,000,000,000"),
    "repeats-3e6": ("repeats = 3000000", "at most 2,000,000 configurations, got 3,000,000; split"),
    "filters-3e6": ("filters = ['T > 1']\nrepeats = 3000000", "at most 2,000,000 configurations"),
    "nothing": ("", "`grid` must have one of base, product"),
    "comment": ("# only this\n[base]", "`grid` must have one of base, product"),
    "no-value": ("[product]\nn_active = []", "`product.n_active` must have at least one value"),
    "no-step": ("[product]\nn_active = {from = 1, to = 3}", "must be a list or have `from`"),
    "both": (RANGE + "{from=1, to=3, step=1, count=2}", "must be a list or have `from`"),
    "step-0": (RANGE + "{from = 1, to = 3, step = 0}", "step above 0"),
    "step-str": (RANGE + "{from=0, to=1, step='x'}", "`product.lower_threshold.step` must be"),
    "step-inf": (RANGE + "{from=0, to=1, step=inf}", "must have a finite step above 0, got inf"),
    "step-nan": (RANGE + "{from=0, to=1, step=nan}", "must have a finite step above 0, got nan"),
    "step-tiny": (RANGE + "{from=0, to=1, step=1e-300}", "must have at most 10,000,000 values"),
    "range-1e10": (RANGE + "{from=0, to=10000000000, step=1}", "at most 10,000,000 values"),
    "from-str": (RANGE + "{from='a', to=1, count=3}", "`product.lower_threshold.from` must be"),
    "from-bool": (RANGE + "{from=true, to=1, count=3}", "got a boolean"),
    "from-nan": (RANGE + "{from=nan, to=1, step=1}", "`product.lower_threshold.from` must be fin"),
    "to-inf": (RANGE + "{from=0, to=inf, step=1}", "`product.lower_threshold.to` must be finite"),
    "to-digits": (RANGE + "{from=0, to=1" + "0" * 999 + ", count=2}", "must be finite"),
    "back": (RANGE + "{from=1, to=0, step=1}", "must not end before it starts, got 1 to 0"),
    "count-float": (RANGE + "{from=0, to=1, count=2.5}", "must be an integer, got a number"),
    "count-str": (RANGE + "{from=0, to=1, count='3'}", "must be an integer, got a string"),
    "count-inf": (RANGE + "{from=0, to=1, count=inf}", "must be an integer, got a number"),
    "count-0": (
        RANGE + "{from=0, to=1, count=0}",
        "threshold.count` must be an integer >= 1",
    ),
    "count-1e10": (RANGE + "{from=0, to=1, count=10000000000}", "an integer <= 10000000"),
    "grid-1e9": (
        "[product]\n"
        + "".join(f"{n} = {{from=1, to=1000, step=1}}\n" for n in ("seed", "network", "n_active")),
        "`grid` must have at most 10,000,000 combinations, got 1,000,000,000",
    ),
    "zip-lengths": ("[[zip]]\nn_active = [1]\nseed = [1, 2]", "`zip[0]` must hold lists of equal"),
    "zip-table": ("[zip]\nseed = [1]", "`zip` must be a list, got a table"),
    "zip-int": ("zip = 1", "`zip` must be a list, got an integer"),
    "zip-listint": ("zip = [1]", "`zip[0]` must be a table, got an integer"),
    "zip-empty": ("zip = [{}]", "`zip[0]` must hold lists of equal length"),
    "list-int": ("list = 1", "`list` must be a list, got an integer"),
    "list-ofint": ("list = [1]", "`list[0]` must be a table, got an integer"),
    "base-list": ("base = [1]", "`base` must be a table, got a list"),
    "base-int": ("base = 1", "`base` must be a table, got an integer"),
    "product-list": ("product = [1]", "`product` must be a table, got a list"),
    "product-int": ("product = 1", "`product` must be a table, got an integer"),
    "filters-int": ("filters = 1", "`filters` must be a list, got an integer"),
    "filters-ofint": ("filters = [1]", "`filters[0]` must be a string, got an integer"),
    "D-1e300": ("[base]\nnetwork_width = 1e300", "`base.network_width` must lie in"),
    "D-digits": ("[base]\nnetwork_width = 1" + "0" * 999, "`base.network_width` must lie in"),
    "digits": ("[base]\nnetwork_width = 1" + "0" * 5000, "`grid` must be TOML"),
    "nan": ("[base]\ngate_bias = nan", "`base.gate_bias` must be finite in float32, got nan"),
    "inf": ("[product]\ngate_bias = [1, -inf]", "`product.gate_bias[1]` must be finite"),
    "1e39": ("[base]\ngate_bias = 1e39", "must be finite in float32, got 1e+39"),
    "int-nan": ("[base]\nn_circuits = nan", "`base.n_circuits` must be of type int, got nan"),
    "deep": ("base = " + "[" * DEEP + "]" * DEEP, "`grid` must not be nested so deep"),
    "deep-inline": ("base = " + "{a=" * DEEP + "1" + "}" * DEEP, "must not be nested so deep"),
    "deep-keys": ("[base]\n" + "a." * DEEP + "a = 1", "must be one of"),
    "unclosed": ("[base", "`grid` must be TOML"),
    "twice": ("[base]\nseed = 1\nseed = 2", "`grid` must be TOML"),
    "filtered": ('filters = ["T > 10**9"]', "at least one configuration"),
}
FILTERS = {
    "syntax": ("T <", "`filter` must be an expression"),
    "nothing": ("", "`filter` must be an expression"),
    "name": ("X < 3", "'X' in 'X < 3'"),
    "call": ("__import__('os')", "comparisons and arithmetic only"),
    "attribute": ("T.real < 3", "comparisons and arithmetic only"),
    "index": ("circuit[0] == 'r'", "comparisons and arithmetic only"),
    "lambda": ("(lambda: T)", "comparisons and arithmetic only"),
    "assign": ("(T := 3) > 1", "comparisons and arithmetic only"),
    "chosen": ("T > 1 if T else S", "comparisons and arithmetic only"),
    "in": ("T in (1, 2)", "comparisons and arithmetic only"),
    "shift": ("T << 99999999 > 1", "comparisons and arithmetic only"),
    "div0": ("T / 0 > 1", "must have a value for every configuration, got 'T / 0 > 1'; divide"),
    "mod0": ("T % (S - S) > 1", "must have a value for every configuration"),
    "floor0": ("T // 0 == 1", "must have a value for every configuration"),
    "over": ("1e300 * 1e300 > T", "must have a value for every configuration"),
    "pow": ("9 ** 9 ** 9 ** 9 > T", "must have a value for every configuration"),
    "root": ("(-T) ** 0.5 > 1", "must have a value for every configuration"),
    "strcmp": ("circuit > 1", "must compare numbers with numbers and strings with strings"),
    "strless": ("circuit > 'a'", "must compare strings by == and != only"),
    "strmul": ("circuit * 999999999999 == 'a'", "must have a number on both sides of arithmetic"),
    "stradd": ("circuit + 'a' == 'a'", "must have a number on both sides of arithmetic"),
    "choice": ("construction == 'cliped'", "did you mean 'clipped'"),
    "number": ("T", "must have a condition as a whole, got a number"),
    "truth": ("T + (S > 1) > 2", "must have a number on both sides of arithmetic"),
    "not": ("not T", "must have a condition after `not`, got a number"),
    "and": ("T > 1 and S", "must have a condition on both sides of `and`, `or`"),
    "boolean": ("T == True", "must hold numbers and strings only, got True"),
    "imaginary": ("T == 1j", "must hold numbers and strings only"),
    "constant": ("1 < 2", "must name a setting"),
    "digits": ("T < 1" + "0" * 400, "must hold numbers below 1e308"),
    "many-digits": ("T < 1" + "0" * 5000, "`filter` must be an expression"),
    "infinite": ("T < 1e999", "must hold numbers below 1e308"),
    "rec": ("(" * 1000 + "T" + ")" * 1000 + " > 1", "`filter` must"),
    "minus": ("-" * 9000 + "T > 1", "must not be nested so deep"),
    "sum": ("T" + " + T" * 200 + " > 1", "must not be nested so deep"),
    "long": ("T > 1" + " and T > 1" * 2000, "must have at most 10000 characters"),
    "null": ("T > 1\0", "`filter` must be an expression"),
}
BAD |= {
    f"filter-{name}": (f"filters = [{json.dumps(text)}]", m) for name, (text, m) in FILTERS.items()
}


def refusal(text):
    """Return what is said of a bad grid."""
    with pytest.raises(ValueError) as caught:
        grid_from_toml(text).configurations()
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("text, message", BAD.values(), ids=BAD)
def test_bad_grids(text, message, tmp_path, capsys):
    """In one line, which names the file where it is the file that is wrong; nothing is written."""
    started = process_time()
    assert message in refusal(text)
    assert process_time() - started < 2
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "store"
    assert cli.main(["sweep", str(path), "--out", str(out), "--cache", "none"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error and "Traceback" not in error
    assert [each.name for each in tmp_path.iterdir()] == ["bad.toml"]


def test_errors_name_file_and_place(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[[list]]\n[[list]]\nseed = 'x'")
    with pytest.raises(ValueError) as caught:
        load_grid(str(path))
    assert str(caught.value) == f"{path}: `list[1].seed` must be of type int, got 'x'"


def test_files_are_utf_8_in_any_locale(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text("# größer als ±1\n[product]\nn_active = [1, 2]", encoding="utf-8")
    code = f"from jaxsuper.sweep import load_grid; load_grid({str(path)!r})"
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code], env=ascii_only, check=True)
    path.write_bytes(b"# gr\xf6\xdfer\n[base]\nseed = 1")
    with pytest.raises(ValueError, match="`grid` must be UTF-8, got byte 4 of "):
        load_grid(str(path))


def test_grids_made_in_python_are_checked_the_same_way():
    with pytest.raises(ValueError, match="`grid` must have at most 10,000,000"):
        Grid(product={"seed": range(10**9)})
    with pytest.raises(ValueError, match=r"`product.seed\[1\]` must be of type int"):
        Grid(product={"seed": (np.int64(1), np.float32(1.5))})
    made = Grid(product={"seed": list(np.arange(3))}, base={"gate_bias": np.float32(0.5)})
    assert [one.seed for one in made.configurations()] == [0, 1, 2]
    assert vars(made.configurations()[0]) == vars(Configuration(gate_bias=0.5))


# Values of TOML, right and wrong ones.
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.sampled_from(["rotation", "clipped", "T > 3", "T / z < 9", "capacity > S"]),
    st.integers(0, 9),
)
NAMES = st.sampled_from([*vars(Configuration()), "from", "to", "step", "count", "n_circuit"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.fixed_dictionaries(
            {"from": inner, "to": inner}, optional={"count": inner, "step": inner}
        )
    ),
    max_leaves=6,
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=3)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "base": TABLES | VALUES,
        "product": TABLES | VALUES,
        "zip": st.lists(TABLES, max_size=2) | VALUES,
        "list": st.lists(TABLES, max_size=2) | VALUES,
        "filters": st.lists(st.text("TSz+-*/%<>=()0123 andotrR'", max_size=12), max_size=2)
        | VALUES,
        "repeats": st.integers(-1, 3) | VALUES,
        "bass": VALUES,
    },
)


def written(value):
    """Return a value as TOML."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {written(v)}" for key, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case str():
            return json.dumps(value).replace("\x7f", "\\u007f")
        case bool():
            return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def grid_or_line(text):
    """Any text gives a grid or one line."""
    try:
        grid = grid_from_toml(text)
        if prod(map(len, grid.product.values())) * grid.repeats <= 1000:
            found = grid.configurations()
            assert found and all(
                type(v) is type(getattr(Configuration(), n))
                for one in found[:9]
                for n, v in vars(one).items()
            )
    except ValueError as error:
        assert str(error) and "\n" not in str(error) and len(str(error)) < 400


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_any_file_gives_a_grid_or_one_line(content):
    grid_or_line("\n".join(f"{key} = {written(value)}" for key, value in content.items()))


@settings(max_examples=200, deadline=None)
@given(st.text("[]{}=,.\"'#\n 12einfabsepdoruct", max_size=40))
def test_any_text_gives_a_grid_or_one_line(text):
    grid_or_line(text)


NUMBERS = st.sampled_from(["T", "S", "z", "L", "n", "d", "b", "lo", "7", "2.5", "0"])
SUMS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+ - * / // % **".split()), inner).map(
            lambda parts: "(" + " ".join(parts) + ")"
        )
        | inner.map(lambda one: f"(-{one})")
    ),
    max_leaves=5,
)
CONDITIONS = st.recursive(
    st.tuples(
        SUMS, st.sampled_from("< <= > >= == !=".split()), SUMS, st.sampled_from(["", " < T"])
    ).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}{parts[3]}"),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        )
        | inner.map(lambda one: f"not ({one})")
    ),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_filters_mean_what_they_mean_in_python(text):
    rows = Grid(product={"n_circuits": (3, 50), "redundancy": (2, 5), "gate_bias": (0.0, 1.5)})
    everything = rows.configurations()

    def in_python(one):
        n = one.network_width // 4
        names = {"T": one.n_circuits, "S": one.redundancy, "z": one.n_active, "L": one.n_layers}
        names |= {"n": n, "d": 4, "b": one.gate_bias, "lo": one.lower_threshold}
        found = eval(text, {}, {name: float(value) for name, value in names.items()})
        assert isinstance(found, bool)
        return found

    try:
        expected = [one for one in everything if in_python(one)]
    except (ArithmeticError, TypeError):
        # Divisions by zero, overflows, and complex numbers, which have no order. With whole columns
        # one that Python does not come to may be met as well.
        return
    try:
        assert replace(rows, filters=(text,)).configurations() == expected
    except ValueError as error:
        # A filter that names no setting is refused, whatever it says.
        assert not expected or re.search("must have a value|must name a setting", str(error))


def test_right_sides_are_looked_at_where_they_decide():
    grid = {"product": {"n_circuits": (1, 6), "seed": (0, 2)}}
    kept = Grid(**grid, filters=("seed > 0 and T / seed > 2",)).configurations()
    assert [(one.n_circuits, one.seed) for one in kept] == [(6, 2)]
    kept = Grid(**grid, filters=("seed == 0 or T / seed > 2",)).configurations()
    assert [(one.n_circuits, one.seed) for one in kept] == [(1, 0), (6, 0), (6, 2)]


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


SOME = {
    "network_width": [120, 121, 160],
    "n_circuits": [9, 5000],
    "redundancy": [3, 60],
    "n_active": [2, 30],
    "circuit": ["rotation", "rotation3"],
    "construction": ["clipped", "plain", "private"],
    "indicator": ["recomputed", "carried"],
    "allocation": ["prime-steps", "random"],
    "seed": [0, 1, -1],
    "lower_threshold": [0.25, 0.9],
    "gate_bias": [1.0, -1.0, float("nan")],
    "inhibition_factor": [1.0, 2.0],
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
            assert loads[name] == _allocations.largest_load(designs.of(one))
        except ValueError as error:
            assert failures[name] == " ".join(str(error).split())


def test_ids_are_hashes_of_sorted_json():
    for one in (
        Configuration(),
        Configuration(
            gate_bias=1e-7, seed=2**32 - 1, inhibition_factor=1e22, allocation='q"\u00e9'
        ),
        Configuration(gate_bias=float("nan"), lower_threshold=float("-inf")),
    ):
        text = json.dumps(vars(one), sort_keys=True, separators=(",", ":"))
        assert _identity.canonical(one) == text
    # Equal configurations, whichever was asked for first.
    same = [Configuration(gate_bias=0), Configuration(gate_bias=-0.0), Configuration(gate_bias=0.0)]
    assert len({_identity.canonical(one) for one in same}) == 1


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
    started = process_time()
    configurations = grid.configurations()
    plan = sweep.make_plan(configurations, sweep.Allocations(), n_devices=2)
    assert len(plan.configurations) == 40_000 and process_time() - started < 3


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
