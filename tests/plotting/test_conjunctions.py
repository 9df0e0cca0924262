"""The figure of the universal AND, from the record."""

import json
from pathlib import Path

from jaxsuper.plotting import conjunctions_figure


RECORD = Path(__file__).parents[2] / "benchmarks" / "results" / "uand-cpu.json"


def test_it_shows_every_law_and_both_rates():
    result = json.loads(RECORD.read_text())
    figure = conjunctions_figure(result)
    ax = figure.axes[0]
    labels = ax.get_legend_handles_labels()[1]
    for law in result["laws"]:
        assert any(label.startswith(law["name"]) for label in labels)
    assert sum("constant unknown" in label for label in labels) == 2
    # Every point is inside, at what was measured.
    low, high = ax.get_ylim()
    needed = [point["needed"] for law in result["laws"] for point in law["points"]]
    assert low < min(needed) < max(needed) < high


def test_the_record_says_what_it_shows():
    """Theory within a tenth of every measured width, and exponents where the limit puts them."""
    result = json.loads(RECORD.read_text())
    for law in result["laws"]:
        for point in law["points"]:
            assert 0.9 < point["needed"] / point["predicted"] < 1.1
        found = law["exponents"]["against_theory"]
        assert found["low"] <= found["value"] <= found["high"]
        assert abs(found["value"] - law["exponent"]) < 0.05
