"""Figures of programs: what was meant and what was, how often, and the price of not being told."""

import numpy as np
from jaxsuper.plotting import accuracy_figure, price_figure, program_figure
from jaxsuper.programs import Program
from jaxsuper.simulation import ProgramSample


def place_of(line) -> list[float]:
    """Return the layers and rows of a mark or a line."""
    found = np.concatenate([np.ravel(line.get_xdata()), np.ravel(line.get_ydata())])
    return found.tolist()


def test_rows_are_of_those_meant_to_be_on():
    """One that is off, one in the wrong layer, and others by the thousand, which are counted."""
    edges = Program(2000).relay(3, to=5, layer=1).relay(3, to=7, layer=2).compile(3)
    indicators = np.zeros((3, 2000))
    indicators[0, 3] = indicators[1, 3] = indicators[2, 5] = 1
    indicators[2, 100:1900] = 0.6
    figure = program_figure(edges, ProgramSample([[3], [5], [5]], indicators), names={5: "five"})
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3", "five", "others"]
    assert [text.get_text() for text in ax.texts] == ["0", "0", "1800"]
    marks = [line for line in ax.lines if np.size(line.get_xdata()) == 1]
    rings = [m for m in marks if m.get_markerfacecolor() == "white"]
    wrong = [m for m in marks if m.get_marker() == "x"]
    assert len(rings) == 3 and [place_of(m) for m in wrong] == [[2, 0]]
    # Those on are 3 in layer 1, and 5 in layer 3: 5 is off in layer 2, where it is meant to be on.
    full = [place_of(m) for m in marks if m not in rings + wrong]
    assert sorted(full) == [[1, 0], [3, 1]]
    lines = [line for line in ax.lines if np.size(line.get_xdata()) == 2]
    dark = [place_of(line)[2:] for line in lines if line.get_color() == "0.25"]
    assert sorted(dark) == [[0, 1], [1, 1]]


def test_the_price_is_that_of_the_best():
    rows = [
        {"design": name, "edges": edges, "known": known, "low": low, "high": high, "assumes": ""}
        for name, edges, known, low, high in (
            ("published", "relay", False, 200, 220),
            ("clipped", "relay", False, 400, 430),
            ("clipped", "branch", False, 100, 110),
            ("private", "identity", True, 8000, None),
        )
    ]
    settings = {"network_width": 1000, "n_active": 2, "n_layers": 6, "error_target": 0.3}
    ax = price_figure({"rows": rows, "settings": settings}).axes[0]
    assert ax.get_title().endswith("told / computed: 20 for relay, 80 for branch")
    widths = [getattr(bar, "get_width")() for bar in ax.patches]  # noqa: B009
    assert widths == [200, 400, 100, 8000]
    assert [text.get_text().strip() for text in ax.texts] == ["200", "400", "100", "> 8000"]


def test_accuracy_has_a_panel_for_every_design():
    runs = [
        {"design": name, "n_circuits": count, "chosen": [1.0, 0.5], "stderr": [0.0, 0.1]}
        for name in ("published", "best")
        for count in (200, 500)
    ]
    figure = accuracy_figure({"runs": runs, "chance": 1 / 6})
    assert [ax.get_title() for ax in figure.axes] == ["published", "best"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["T = 200", "T = 500", "chance"]
