"""Bad grids: all that was tried, and anything else, is refused in one line that says where."""

import json
import os
import subprocess
import sys
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import cli
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import Grid, grid_from_toml, load_grid


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
    "D-1e300": ("[base]\nnetwork_width = 1e300", "`base.network_width` must be at most 2^31-1"),
    "D-digits": (
        "[base]\nnetwork_width = 1" + "0" * 999,
        "`base.network_width` must be at most 2^31-1",
    ),
    "digits": ("[base]\nnetwork_width = 1" + "0" * 5000, "`grid` must be TOML"),
    "nan": ("[base]\ngate_bias = nan", "`base.gate_bias` must be finite in float32, got nan"),
    "inf": ("[product]\ngate_bias = [1, -inf]", "`product.gate_bias[1]` must be finite"),
    "1e39": ("[base]\ngate_bias = 1e39", "must be finite in float32, got 1e+39"),
    "int-nan": ("[base]\nn_circuits = nan", "`base.n_circuits` must be of type int, got nan"),
    "deep": ("base = " + "[" * DEEP + "]" * DEEP, "`grid` must not be nested so deep"),
    "deep-inline": ("base = " + "{a=" * DEEP + "1" + "}" * DEEP, "must not be nested so deep"),
    "deep-keys": ("[base]\n" + "a." * DEEP + "a = 1", "`grid` must not be nested so deep"),
    "deep-quoted": ("[" + " 'a' . \"b\" ." * DEEP + "a]", "`grid` must not be nested so deep"),
    "deep-short": ("[base]\n" + "a." * 99 + "a = 1", "must be one of"),
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
    assert message in refusal(text)
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
