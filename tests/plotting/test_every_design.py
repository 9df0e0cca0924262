"""The figure of all designs, from made-up points."""

import numpy as np
import pytest
from jaxsuper.analytics.scaling import (
    compare_fits,
    CONTENDERS,
    Crossing,
    DesignFit,
    DesignPoint,
    DesignsLaw,
    Expected,
)
from jaxsuper.plotting import every_design_figure, save


WIDTHS = (800, 1600, 3200)


def point(name, width, T, ends_by="error"):
    spread = 0.02 * (ends_by == "error")
    at = T if ends_by != "budget" else np.nan
    crossing = Crossing(
        at, at * (1 - spread), at * (1 + spread), 0, at * np.linspace(1 - spread, 1 + spread, 50)
    )
    expected = Expected(0.97 * T, "seizure", "state evolution")
    return DesignPoint(name, width, 4, crossing, expected, ends_by, 10**6, {round(T): 0.3})


def law():
    points, fits = [], {}
    for index, name in enumerate(CONTENDERS):
        ends_by = "sets" if name == "private" else "error"
        # All but two designs end within a few per cent of each other.
        scale = {"private": 30.0, "carried": 5.0}.get(name, 1 + 0.01 * index)
        own = [point(name, D, scale * 500.0 * (D / 800) ** 1.5, ends_by) for D in WIDTHS]
        n, at = [p.network_width / 4 for p in own], [p.measured.at for p in own]
        fit = compare_fits(n, at, np.stack([p.measured.draws for p in own], 1), 2)
        fits[name] = DesignFit(fit, fit, (1.5, 0.0), 2.0)
        points += own
    points.append(point("carried", 6400, 90_000.0, "budget"))
    return DesignsLaw(0.3, 1, 5, points, fits, False)


def test_every_line_has_its_name_at_its_end_and_no_two_names_overlap(tmp_path):
    figure = every_design_figure(law())
    save(figure, tmp_path / "x.svg")
    (ax,) = figure.axes
    figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    names = [text for text, _ in boxes]
    assert sum("$D^{1.50}$" in name for name in names) == len(CONTENDERS)
    assert any("no superposition" in name for name in names)
    for i, (_, one) in enumerate(boxes):
        assert not any(one.overlaps(other) for _, other in boxes[i + 1 :])
    # A name stands above another one as its line ends above the other's.
    heights = {name.split(":")[0]: box.y0 for name, box in boxes}
    assert heights["private links*"] > heights["carried indicators*"] > heights["published"]


def test_what_the_sets_ended_is_open_and_what_was_not_simulated_a_line_alone():
    figure = every_design_figure(law())
    (ax,) = figure.axes
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    open_ones = [line for line in marks if line.get_markerfacecolor() == "white"]
    assert len(open_ones) == len(WIDTHS)
    assert len(marks) == len(WIDTHS) * len(CONTENDERS)
    lines = [line for line in ax.lines if 6400 in np.asarray(line.get_xdata())]
    assert any(line.get_linestyle() == "--" for line in lines)


@pytest.mark.parametrize("found", [True, False])
def test_a_single_width_is_drawn_too(tmp_path, found):
    only = [point("tuned", 800, 600.0, "error" if found else "budget")]
    save(every_design_figure(DesignsLaw(0.3, 1, 5, only, {}, True)), tmp_path / "x.png")
