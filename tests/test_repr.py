"""What notebooks print is short, whatever it is of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jaxsuper import Experiment, run_experiment
from jaxsuper._repr import html_table, listed, MOST_COLUMNS, MOST_ROWS
from jaxsuper.simulation import Measurement
from jaxsuper.sweep import make_plan, SweepResult
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
