"""Filters: they mean what they mean in Python, for all configurations at once."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import allocation
from jaxsuper.simulation import Configuration
from jaxsuper.sweep import _columns, Grid
from jaxsuper.sweep._filters import compile_filter


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


def sizes_of(configuration, name):
    """Return what a filter sees under a name."""
    columns = {key: _columns.column(key, [value]) for key, value in vars(configuration).items()}
    seen = []
    for number in range(-1, 4000):
        if compile_filter(f"{name} == {number}").passes(columns)[0]:
            seen.append(number)
    (found,) = seen
    return found


@pytest.mark.slow
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
