"""Figures of scaling laws, from made-up points."""

import numpy as np
import pytest
from jaxsuper.analytics.scaling import (
    CriticalLaw,
    CriticalPoint,
    Crossing,
    fit_power,
    OptimumPoint,
    TransitionPoint,
)
from jaxsuper.plotting import critical_figure, optimum_figure, save, transition_figure
from jaxsuper.theory.seizure import Optimum


def point(width, T, S=3, found=True):
    T = float(T)
    draws = T * np.linspace(0.98, 1.02, 50)
    at = (
        Crossing(T, 0.98 * T, 1.02 * T, 0, draws)
        if found
        else Crossing(np.nan, np.nan, np.nan, 1, draws)
    )
    tried = {round(0.9 * T): (1.5, 0.0), round(1.1 * T): (3.0, 0.2)}
    return CriticalPoint(
        "two-links", width, S, at, 0.97 * T, "seizure", 0.5 * T, 0.05, 10**6, tried
    )


def law(found=True):
    points = [point(800, 700), point(1600, 2000), point(3200, 5600, found=found)]
    known = [p for p in points if np.isfinite(p.measured.at)]
    widths, at = [p.network_width for p in known], [p.measured.at for p in known]
    fit = fit_power(widths, at, np.stack([p.measured.draws for p in known], 1))
    return CriticalLaw(1, 5, points, {"two-links": (fit, fit)}, False)


@pytest.mark.parametrize("found", [True, False])
def test_circuits_against_width_with_theory_bounds_and_exponent(tmp_path, found):
    """A width whose crossing was not found has theory's point alone."""
    figure = critical_figure(law(found), {"two-links": "lines, S = 3"})
    (ax,) = figure.axes
    assert ax.get_xscale() == ax.get_yscale() == "log"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any("lines, S = 3: $D^{1.5" in label for label in labels)
    assert any("no superposition" in label for label in labels)
    drawn = [np.asarray(line.get_data()) for line in ax.lines]
    theory = next(data[1] for data in drawn if data.shape[1] == 3)
    assert list(theory) == pytest.approx([679, 1940, 5432])
    save(figure, tmp_path / "x.svg")


def test_the_transition_has_points_and_lines_for_each_width(tmp_path):
    tried = {0.2: (1.1, 0.0, 1.1, 1e-9), 0.3: (30.0, 0.5, 25.0, 0.4)}
    points = [
        TransitionPoint(point(w, 500, S), 0.23, 0.22, 0.24, 0.235, tried)
        for w, S in ((500, 4), (1000, 5))
    ]
    figure = transition_figure(points, 10)
    assert len(figure.axes) == 2
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["D = 500, S = 4", "D = 1000, S = 5"]
    save(figure, tmp_path / "x.svg")


def test_the_optimum_names_its_redundancies(tmp_path):
    best = Optimum(690.0, 3, 0.68, 0.91, "dying")
    points = [
        OptimumPoint(w, best, point(w, T), 0.68, 0.91, []) for w, T in ((800, 700), (1600, 2100))
    ]
    figure = optimum_figure(points)
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.texts] == ["S = 3", "S = 3"]
    save(figure, tmp_path / "x.svg")
