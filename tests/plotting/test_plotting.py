"""Panels show what they are given."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from jaxsuper import Configuration, Experiment, ExperimentResult, plotting
from jaxsuper.design import Frontier
from jaxsuper.design._bisection import Crossing, Evaluated
from jaxsuper.design._problem import Design
from jaxsuper.plotting import _reference
from jaxsuper.plotting._style import colors_of
from jaxsuper.simulation import Trajectories
from matplotlib import pyplot as plt


def row(z, layer, value, stderr, predicted):
    names = ("n_active", "layer", "metric", "value", "stderr", "predicted")
    return dict(zip(names, (z, layer, "mse_x_active", value, stderr, predicted), strict=True))


def marked(ax, mark) -> list[Any]:
    """Return the lines with a mark that have any points."""
    return [line for line in ax.get_lines() if line.get_marker() == mark and len(line.get_xdata())]


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_points_errors_and_lines(ax):
    rows = [row(1, 1, 0.1, 0.01, 0.2), row(1, 2, 0.3, 0.5, 0.4), row(2, 1, 1e-12, 0, None)]
    plotting.plot_mse(ax, rows, "mse_x_active", "title")
    drawn = [np.asarray(line.get_ydata(), float).tolist() for line in ax.get_lines()]
    assert [0.2, 0.4] in drawn
    first = ax.containers[0]
    np.testing.assert_allclose(first[0].get_ydata(), [0.1, 0.3])
    # An error bar larger than the value ends above zero on the logarithmic axis.
    lows = [segment[0][1] for segment in first[2][0].get_segments()]
    np.testing.assert_allclose(lows, [0.09, 0.0003])
    assert ax.get_yscale() == "log" and ax.get_title() == "title"


def test_published_forms_are_thin_and_dashed(ax):
    rows = [row(1, layer, 0.1, 0.01, 0.2) | {"published": 0.02 * layer} for layer in (1, 2)]
    plotting.plot_mse(ax, rows, "mse_x_active")
    styles = {
        tuple(line.get_ydata()): (line.get_linestyle(), line.get_linewidth())
        for line in ax.get_lines()
    }
    assert styles[0.02, 0.04] == ("--", 0.7) and styles[0.2, 0.2] == ("-", 1.2)
    assert ax.get_ylim()[0] < 0.02


def test_bars_say_what_they_are_of(ax):
    """Of several networks the interval and the samples' part, of one a label that says so."""
    several = row(1, 1, 1.0, 0.1, 0.9) | {"low": 0.7, "high": 1.6, "stderr_within": 0.05}
    plotting.plot_mse(ax, [several | {"n_networks": 8}], "mse_x_active")
    outer, inner = (bars[2][0].get_segments()[0][:, 1] for bars in ax.containers)
    np.testing.assert_allclose(outer, [0.7, 1.6])
    np.testing.assert_allclose(inner, [0.9, 1.1])
    assert ax.get_legend_handles_labels()[1] == ["z = 1"]
    ax.clear()
    plotting.plot_mse(ax, [several | {"n_networks": 1}], "mse_x_active")
    assert len(ax.containers) == 1
    assert ax.get_legend_handles_labels()[1] == ["z = 1, this network"]


def test_nothing_above_rounding(ax):
    plotting.plot_mse(ax, [row(1, 1, 1e-14, 0.0, 0.0)], "mse_x_active")
    assert "below" in ax.texts[0].get_text()


def test_references_are_diamonds_beside_the_points(ax):
    plotting.plot_mse(ax, [row(2, 1, 0.1, 0.01, 0.2)], "mse_x_active", "", {2: {1: 0.3, 2: 1e-12}})
    (drawn,) = marked(ax, "D")
    assert drawn.get_ydata() == [0.3]


def test_long_bars_do_not_flatten_the_points(ax):
    """Bars may end outside; points and lines never do."""
    wide = row(1, 1, 1e-2, 0.1, 2e-2) | {"low": 1e-6, "high": 1e6, "n_networks": 3}
    plotting.plot_mse(ax, [wide, row(1, 2, 1e-1, 0.01, 0.2)], "mse_x_active")
    low, high = ax.get_ylim()
    assert 1e-3 <= low < 1e-2 and 0.2 < high <= 2.0


def test_trajectories(ax):
    truth = np.zeros((3, 2, 2))
    plotting.plot_plane(ax, truth + 2, truth)
    assert ax.get_xlim()[1] > 2
    # Layers by shade and circuits by mark: none has the colour of a number of active circuits.
    used = {line.get_color() for line in ax.get_lines()} - {"0.85"}
    assert len(used) == 3 and not used & {plotting.color_of(i) for i in range(6)}
    assert {line.get_marker() for line in ax.get_lines()} >= {"o", "s"}
    plotting.plot_channel(ax, truth[:, 0], truth[:, 0], "on")


def test_save_leaves_nothing_behind(tmp_path, ax):
    with pytest.raises(ValueError):
        plotting.save(ax.figure, tmp_path / "x.doc")
    assert list(tmp_path.iterdir()) == []
    plotting.save(ax.figure, str(tmp_path / "x.png"))
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def changed(name, values, predicted=None):
    one = {"value": values, "stderr": [0.1 * v for v in values], "predicted": predicted}
    return {"name": name, "group": name, "active": {"2": {"mse_x_active": one}}}


def test_changes_show_measured_predicted_and_what_does_not_fit(ax):
    rows = [changed("base", [0.1, 2.0]), changed("better", [0.1, 0.5], [0.1, 0.4])]
    rows += [changed("exact", [0.0, 1e-12]), {"name": "lost", "group": "lost", "active": {}}]
    plotting.plot_changes(ax, rows, 2)
    dots = [bars[0].get_xdata()[0] for bars in ax.containers]
    assert dots == [2.0, 0.5]
    lines = [np.asarray(line.get_xdata(), float).tolist() for line in ax.get_lines()]
    assert [0.4] in lines and [2.0, 2.0] in lines
    assert [text.get_text() for text in ax.texts] == ["0 to rounding", "does not fit"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "base",
        "better",
        "exact",
        "lost",
    ]
    with pytest.raises(ValueError, match="`rows`"):
        plotting.plot_changes(ax, [], 2)


def test_changes_have_a_panel_for_every_z():
    figure = plotting.changes_figure([changed("base", [0.1, 2.0])], layer=1)
    assert [one.get_title() for one in figure.axes] == ["z = 2"]


def test_figures_are_shown_once_and_kept_by_nobody(ax):
    """They say themselves what they look like, and pyplot knows of none of them."""
    known = plt.get_fignums()
    figure: Any = plotting.changes_figure([changed("base", [0.1, 2.0])], layer=1)
    assert plt.get_fignums() == known
    assert figure._repr_png_().startswith(b"\x89PNG")
    gone = weakref.ref(figure)
    del figure
    gc.collect()
    assert gone() is None


def test_series_are_told_apart():
    for count in (1, 7, 8, 30):
        assert len(set(colors_of(count))) == count


def points(kind, values, low=None, high=None):
    found = [Evaluated(at, tuple(of), "under") for at, of in values.items()]
    design = Design("published", Configuration(n_active=2))
    return Frontier(kind, Crossing(low, high, found), 500, "noise", dict.fromkeys(values, design))


def test_capacity_shows_what_is_there():
    """The axis ends where the data do, points are geometric means, an exact 0 is at the lower end."""
    some = points("published", {100: (0.1, 0.4), 200: (0.9, 1.1)}, 100, 200)
    ax = plotting.capacity_figure([some], 0.5).axes[0]
    low, high = ax.get_ylim()
    assert low > 0.05 and high < 2 and ax.get_yscale() == "log"
    np.testing.assert_allclose(ax.containers[0][0].get_ydata(), [0.2, np.sqrt(0.99)])
    assert not marked(ax, "v")
    exact = points("private", {100: (0.0, 0.0)})
    ax = plotting.capacity_figure([some, exact], 0.5).axes[0]
    (drawn,) = marked(ax, "v")
    assert ax.get_ylim()[0] < drawn.get_ydata()[0] < 0.2
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()][0] == "target 0.5"


def experiment(**settings):
    rows: Any = [row(z, layer, 0.1 * z, 0.01, 0.2) for z in (1, 2) for layer in (1, 2)]
    rows += [one | {"metric": "mse_on_inactive"} for one in rows]
    made = {
        "jaxsuper": "0",
        "jax": "0",
        "device": "cpu",
        "dtype": "float32",
        "precision": "highest",
    }
    look = {z: Trajectories(np.full((2, 3, z, 2), 0.5), np.ones((2, 3, z, 2))) for z in (1, 2)}
    wanted = Experiment.of(n_active=(1, 2), n_layers=2, n_networks=3, **settings)
    return ExperimentResult(wanted, rows, {}, {}, look, made, {})


def test_simulation_names_the_published_figure():
    figure: Any = plotting.simulation_figure(experiment())
    text = figure._suptitle.get_text()
    assert "figures 5, 6 of Rotations in Superposition" in text and "within a factor" in text
    assert [ax.get_title() for ax in figure.axes[2::3]] == [
        "one sample, z = 1",
        "one sample, z = 2",
    ]
    labels = [label.get_text() for label in figure.legends[0].get_texts()]
    assert "z = 2" in labels and "reference code, 2 networks" in labels and "layer 2" in labels
    grid: Any = plotting.simulation_figure(experiment(n_circuits=400))
    assert "figures 8, 9 of" in grid._suptitle.get_text()
    other: Any = plotting.simulation_figure(experiment(gate_bias=0.5))
    assert "figure" not in other._suptitle.get_text()
    assert "reference" not in str([text.get_text() for text in other.legends[0].get_texts()])


def test_shipped_reference_is_the_average_of_the_recorded_one():
    from benchmarks.pack_reference import averages

    recorded = averages()
    assert len(recorded) > 1000
    for (width, count, z, layer, metric), value in recorded.items():
        shipped = _reference.reference(int(width), int(count), int(z), metric)[int(layer)]
        assert shipped == pytest.approx(value, rel=1e-4)
    assert _reference.reference(1000, 558, 1, "mse_x_active") == {}


def test_agreement_is_of_what_can_be_compared():
    assert _reference.agreement([(1.0, 1e-7), (0.0, 1.0)]) == ""
    said = _reference.agreement([(2.0, 1.0), (1.0, 2.0), (3.0, 1e-9)])
    assert said == "measured / reference: median 1.00, 95 % of 2 within a factor 2.00"
