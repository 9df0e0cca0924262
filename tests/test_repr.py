"""What notebooks print is short, whatever it is of."""

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import jaxsuper
import numpy as np
import pytest
from jaxsuper import Experiment, ProgressBar, run_experiment
from jaxsuper._repr import html_table, listed, MOST_COLUMNS, MOST_ROWS
from jaxsuper.simulation import Measurement
from jaxsuper.sweep import Grid, load_grid, make_plan, Progress, Store, SweepResult
from jaxsuper.sweep._allocations import Allocations


@pytest.fixture(scope="module")
def result():
    return run_experiment(
        Experiment.of(
            network_width=96,
            n_circuits=20,
            redundancy=3,
            n_active=(1, 2),
            batch_size=8,
            n_networks=2,
        )
    )


def measured(n_layers, n_metrics=16):
    names = tuple(f"metric_{i}" for i in range(n_metrics))
    values = np.arange(n_layers * n_metrics, dtype=float).reshape(n_layers, n_metrics)
    return Measurement(names, values, 0.1 * values, ("worst",), values[:, :1], 100, 8)


def test_measurements():
    text = repr(measured(5))
    assert text.startswith("Measurement(8 networks of 100 samples, 5 layers; metric_0, ")
    assert "11 more" in text and len(text) < 200
    html = measured(2)._repr_html_()
    assert "<td>metric_3</td><td>3 ± 0.3</td><td>19 ± 1.9</td>" in html
    assert "<td>worst</td><td>0</td>" in html
    # Neither layers nor metrics make it grow without end.
    assert len(repr(measured(500, 500))) < 250
    assert len(measured(500, 500)._repr_html_()) < 2 * len(measured(50, 60)._repr_html_())


def test_measurements_are_tables():
    table = measured(3, 4).to_frame()
    assert table.columns == ["layer", "metric", "value", "stderr"]
    assert table.height == 3 * 5
    (row,) = table.filter(layer=2, metric="metric_3").to_dicts()
    assert row["value"] == 7 and row["stderr"] == pytest.approx(0.7)
    (worst,) = table.filter(layer=3, metric="worst").to_dicts()
    assert worst["value"] == 8 and worst["stderr"] is None


def test_parts_of_networks_show_sizes():
    """No entry of an array stands in a notebook; numbers do."""
    small = jaxsuper.Rotation.random(5000, key=jax.random.key(0))
    html = small._repr_html_()  # pyrefly: ignore
    assert "<td>angles</td><td>float32 (1, 5000)</td>" in html
    assert "<td>lower_threshold</td><td>0.25</td>" in html
    sets = jaxsuper.allocate(40, 3, 50)
    assert "<td>sets</td><td>int32 (50, 3)</td>" in sets._repr_html_()  # pyrefly: ignore
    for shown in (small, sets):
        assert len(repr(shown)) < 300 and len(shown._repr_html_()) < 1000  # pyrefly: ignore
    kept = jax.jit(lambda module: (len(module._repr_html_()), module)[1])(small)
    assert kept.n_circuits == 5000  # traced, it has no numbers to show
    networks = (jaxsuper.network.AbstractNetwork, jaxsuper.DenseNetwork, jaxsuper.programs.Edges)
    assert all(hasattr(each, "_repr_html_") for each in networks)


def test_grids_and_stores(tmp_path):
    assert repr(load_grid("published")) == (
        "Grid(n_active (4), network_width (41), n_circuits (41); 1 seed; 3 settings shared)"
    )
    many = Grid(product={"seed": tuple(range(5000))}, filters=("n_circuits < 5",), repeats=2)
    assert repr(many) == "Grid(seed (5000); 2 seeds; 0 settings shared; n_circuits < 5)"
    store = Store(tmp_path / "a")
    assert repr(store) == f"Store('{tmp_path / 'a'}', 0 parts)"
    assert "<td>0</td>" in store._repr_html_()


class TestProgressBar:
    def test_lines(self, capsys):
        """Drawn in its place, not at every call, and always at the end."""
        bar = ProgressBar("networks")
        for done in range(1001):
            bar(done, 1000)
        said = capsys.readouterr().err
        assert said.endswith(" s\n") and said.count("\n") == 1 and said.count("\r") < 50
        assert "#" * 30 + " networks 1000 of 1000 in" in said

    def test_of_a_sweep(self, capsys):
        bar = ProgressBar()
        bar(Progress(1, 4, 1, 1))
        bar._drawn = -1.0
        bar(Progress(3, 4, 1, 1))
        assert "1 of 4 " in (said := capsys.readouterr().err).replace("\r", " ")
        assert " s left" in said and "4 of 4" not in said

    def test_in_a_notebook(self, monkeypatch):
        """One place, updated; what is shown is escaped."""
        shown: list[str] = []
        place = SimpleNamespace(update=shown.append)
        display = lambda picture, display_id: (shown.append(picture), place)[1]
        module: Any = SimpleNamespace(display=display, HTML=str)
        shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
        monkeypatch.setitem(sys.modules, "IPython", shell)
        monkeypatch.setitem(sys.modules, "IPython.display", module)
        bar = ProgressBar("a < b")
        for done in (0, 1, 2):
            bar(done, 2)
        assert shown[0] == '<progress max="1" value="0.0000"></progress> a &lt; b 0 of 2'
        assert len(shown) == 2 and 'value="1.0000"' in shown[1]


def test_results(result):
    text = repr(result)
    assert "D = 96, T = 20, S = 3" in text and "z = 1, 2; 2 networks of 8 samples" in text
    assert len(text) < 250
    html = result._repr_html_()
    row = next(row for row in result.rows if row["metric"] == "mse_on_inactive")
    assert f"{row['value']:.3g} ({row['predicted']:.3g})" in html
    rows: Any = [row | {"n_active": z} for z in range(500) for row in result.rows]
    many = replace(result, rows=rows)
    assert len(repr(many)) < 250 and len(many._repr_html_()) < 20_000


def test_results_are_tables(result):
    table = result.to_polars()
    assert table.height == len(result.rows)
    rows = table.filter(metric="mse_x_active", n_active=2)
    np.testing.assert_array_equal(rows["value"], result.measurements[2]["mse_x_active"])


def test_sweeps():
    """They hold the plan of all configurations, and do not print it."""
    plan = make_plan([Experiment.of(seed=seed).configuration for seed in range(300)], Allocations())
    done = SweepResult(plan, 300, 100, 200, 3, 2, 1.234, 5.678, 0.914, False)
    assert repr(done) == (
        "SweepResult(100 of 300 configurations were there, 200 done, 3 failed; "
        "2 programs in 1.23 s, run 5.68 s, devices busy 91%)"
    )
    assert repr(plan).startswith("Plan(300 configurations, 0 of which cannot be run; 1 buckets, ")
    assert len(repr(plan)) < 200 and len(repr(plan.buckets)) < 1500


def test_tables_are_bounded_and_escaped():
    rows = [[f"<{i}>", *map(str, range(50))] for i in range(1000)]
    html = html_table("a & b", ["name", *map(str, range(50))], rows)
    assert html.count("<tr>") == MOST_ROWS + 2 and "&lt;999&gt;" in html and "a &amp; b" in html
    assert html.count("<th>") == MOST_COLUMNS + 1
    assert listed(range(3)) == "0, 1, 2" and listed(range(9), 2) == "0, 1, ... 7 more"
