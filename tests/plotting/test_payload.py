"""Figures of payload, hysteresis and levels, from made-up points."""

import numpy as np
import pytest
from jaxsuper.analytics.scaling import (
    find_crossing,
    fit_power,
    HysteresisLaw,
    LevelPoint,
    PayloadAxis,
    PayloadLaw,
)
from jaxsuper.plotting import hysteresis_figure, levels_figure, payload_figure


def axis(along, sizes, exponent):
    errors = (0.01 * np.array(sizes, float) ** exponent).tolist()
    fit = fit_power(sizes, errors, np.array([errors]))
    quiet = [True] * len(sizes)
    return PayloadAxis(
        "carried", along, sizes, errors, errors, errors, errors, quiet, fit, exponent, exponent, 1.0
    )


def test_the_payload_has_a_panel_for_each_size():
    axes = [
        axis("n_circuits", [100, 200], 1.0),
        axis("n_active", [1, 2], 1.5),
        axis("rotations", [1, 2, 4], 1.0),
        axis("network_width", [400, 800], -2.0),
    ]
    figure = payload_figure(PayloadLaw((800, 200, 1, 5), axes, False))
    assert [ax.get_xlabel()[-1] for ax in figure.axes] == ["T", "z", "1", "D"]
    labels = figure.axes[1].get_legend_handles_labels()[1]
    assert labels == ["carried: 1.50, closed form 1.50"]


def test_hysteresis_is_shaded_between_the_two_loads():
    counts = [100, 200, 300, 400]
    quiet = np.array([[0.01] * 3, [0.01] * 3, [0.02] * 3, [0.2] * 3])
    seized = np.array([[0.0] * 3, [0.1] * 3, [0.15] * 3, [0.2] * 3])
    first = {T: np.column_stack([[0.01] * 3, quiet[i]]) for i, T in enumerate(counts)}
    found = find_crossing(first, lambda means: means[..., 1] / means[..., 0] / 4)
    theory = quiet.mean(1), seized.mean(1)
    law = HysteresisLaw(
        50, 3, (0.6, 0.9), 9, counts, quiet, seized, *theory, found, found, 380.0, 160.0
    )
    (ax,) = hysteresis_figure(law).axes
    assert len(ax.patches) == 1
    assert [text.get_text() for text in ax.texts] == ["way down, theory", "way up, theory"]


def test_levels_that_never_failed_have_theory_alone():
    points = [
        LevelPoint("levels2", 60, 0.03, 60, np.zeros(4), 1e-12),
        LevelPoint("levels2", 90, 0.10, 60, np.zeros(4), 1e-10),
        LevelPoint("rotation", 60, 0.03, 60, np.full(4, 1e-3), float("nan")),
        LevelPoint("rotation", 90, 0.10, 60, np.full(4, 2e-3), float("nan")),
    ]
    assert points[0].lasts == float("inf") and points[2].lasts == pytest.approx(100)
    (ax,) = levels_figure(points).axes
    drawn = [np.asarray(line.get_ydata(), float) for line in ax.lines]
    assert any(len(y) == 2 and y[0] == pytest.approx(1e11) for y in drawn)
    assert any(len(y) == 2 and y[0] == pytest.approx(100) for y in drawn)
