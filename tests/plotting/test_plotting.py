"""Panels show what they are given."""

import numpy as np
import pytest
from jaxsuper import plotting
from matplotlib import pyplot as plt


def row(z, layer, value, stderr, predicted):
    names = ("n_active", "layer", "metric", "value", "stderr", "predicted")
    return dict(zip(names, (z, layer, "mse_x_active", value, stderr, predicted), strict=True))


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


def test_trajectories(ax):
    truth = np.zeros((3, 2, 2))
    plotting.plot_plane(ax, truth + 2, truth)
    assert ax.get_xlim()[1] > 2
    plotting.plot_channel(ax, truth[:, 0], truth[:, 0], "on")


def test_save_leaves_nothing_behind(tmp_path, ax):
    with pytest.raises(ValueError):
        plotting.save(ax.figure, tmp_path / "x.doc")
    assert list(tmp_path.iterdir()) == []
    plotting.save(ax.figure, tmp_path / "x.png")
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
    plt.close(figure)
