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
