"""Figures of a sweep, and the predictions beside its rows."""

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from jaxsuper import cli, predict
from jaxsuper.analytics import with_predictions
from jaxsuper.plotting import published_figures, save, sweep_figure, sweep_name
from jaxsuper.plotting._reference import reference
from jaxsuper.simulation import Configuration, metric_interval
from jaxsuper.sweep import _rows, read_store, Store

from .test_plotting import marked


def stored(folder, configurations):
    """Write rows of made-up measurements: value 0.01 (layer + seed), error 0.001."""
    names = ("mse_on_active", "mse_on_inactive", "mse_x_active", "mse_x_inactive")
    frames = []
    for one in configurations:
        layers = np.arange(1, one.n_layers + 1)[:, None]
        values = 0.01 * (layers + one.seed) * np.ones((1, len(names)))
        found = _rows.Measurement(
            names, values, 0.1 * values, ("worst_x_active",), values[:, :1], one.batch_size
        )
        frames.append(_rows.rows_of([one], [found], 0.1, {"jax": "0"}))
    store = Store(folder)
    store.append(polars.concat(frames))
    return store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("figures") / "store"
    several = [Configuration(n_active=z, seed=seed) for z in (1, 2) for seed in (0, 1)]
    several += [Configuration(width, 200, n_layers=4, n_active=1) for width in (800, 1000)]
    several += [Configuration(n_circuits=300, construction="split", n_layers=4)]
    stored(out, several)
    return out


def test_predictions_are_joined_to_their_rows(folder):
    table = with_predictions(read_store(folder), state_evolution=False)
    assert len(table) == len(read_store(folder))
    form = predict(Configuration(n_active=2), state_evolution=False).closed_form
    assert form is not None
    for layer in range(1, 6):
        for metric in ("mse_x_active", "mse_on_inactive"):
            rows = table.filter(n_active=2, layer=layer, metric=metric)
            assert len(rows) == 2 and set(rows["closed_form"]) == {form.values[metric][layer - 1]}
    assert table.filter(construction="split")["closed_form"].is_null().all()
    assert table.filter(metric="worst_x_active")["closed_form"].is_null().all()
    assert table["state_evolution"].is_null().all()


def points(ax):
    """Return x, y and half error bars of all that is drawn with error bars."""
    found = []
    for container in ax.containers:
        line, _, (bars,) = container
        if line is None:  # the inner bars
            continue
        low = np.array([segment[0, 1] for segment in bars.get_segments()])
        found.append((*line.get_data(), line.get_ydata() - low))
    return found


def caption(figure):
    return figure._suptitle.get_text()


def test_published_figures_show_the_rows(folder):
    figures = published_figures(with_predictions(read_store(folder), state_evolution=False))
    assert list(figures) == ["figure-5", "figure-6", "figure-8"]
    ((x, y, half),) = points(figures["figure-6"].axes[1])
    np.testing.assert_array_equal(x, np.arange(1, 6))
    np.testing.assert_allclose(y, 0.01 * (x + 0.5))
    # Of two seeds that differ by 0.01: lower bars are cut where they would reach 0.
    values = 0.01 * (np.arange(1, 6) + np.array([[0], [1]]))
    low, _ = metric_interval("mse_on_inactive", values, 500)
    np.testing.assert_allclose(half, np.minimum(y - low, 0.9 * y))
    _, _, (inner,) = figures["figure-6"].axes[1].containers[1]
    segments = np.array([segment[:, 1] for segment in inner.get_segments()])
    alone = 2 * np.hypot(*(0.1 * values)) / 2
    np.testing.assert_allclose(segments, np.stack([y - alone, y + alone], axis=1))
    assert "2 networks" in caption(figures["figure-6"])
    assert "figure 6 of Rotations in Superposition" in caption(figures["figure-6"])
    diamonds, *_ = marked(figures["figure-6"].axes[1], "D")
    theirs = reference(1000, 557, 2, "mse_x_active")
    np.testing.assert_allclose(diamonds.get_ydata(), list(theirs.values()))
    assert "this network" in caption(figures["figure-8"])
    assert len(figures["figure-8"].axes) == 16
    widths = [len(points(ax)) for ax in figures["figure-8"].axes]
    assert set(widths) == {2}
    ((_, y, half), _) = points(figures["figure-8"].axes[-1])
    np.testing.assert_allclose((y, half), ([0.04], [0.004]))


def test_any_axes(folder):
    table = read_store(folder)
    figure = sweep_figure(table.filter(n_circuits=557), "layer", "mse_x_active", "n_active")
    assert len(points(figure.axes[0])) == 2
    figure = sweep_figure(table.filter(n_circuits=200), "density", "worst_x_active", layer=3)
    ((x, y, _),) = points(figure.axes[0])
    np.testing.assert_allclose(x, [200 * 16 / 1e6, 200 * 16 / 64e4])
    np.testing.assert_allclose(y, 0.03)
    assert "layer 3" in figure.axes[0].get_title() and "T = 200" in figure.axes[0].get_title()


def test_many_hues(tmp_path):
    """Short labels, each with a colour of its own, all of them on the paper."""
    thresholds = np.linspace(0.6, 0.9, 10)
    some = [
        Configuration(800, t, n_layers=2, upper_threshold=h) for t in (100, 200) for h in thresholds
    ]
    table = read_store(stored(tmp_path / "store", some).folder)
    figure = sweep_figure(table, "n_circuits", "mse_x_active", "upper_threshold")
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:2] == ["upper_threshold = 0.6", "upper_threshold = 0.6333"]
    colors = {bars[0].get_color() for bars in figure.axes[0].containers}
    assert len(colors) == 10
    save(figure, tmp_path / "hues.png")
    box = legend.get_window_extent()
    inside = figure.bbox
    assert 0 <= box.x0 and box.x1 <= inside.width and 0 <= box.y0 and box.y1 <= inside.height
    title = figure.axes[0].title.get_window_extent()
    assert title.x1 <= box.x0 or title.y0 >= box.y1


def test_a_mean_of_few_events_does_not_set_the_axis(tmp_path):
    """What is not three standard errors above 0 is a triangle at the lower end."""
    table = read_store(stored(tmp_path / "store", [Configuration(1000, 200, n_layers=3)]).folder)
    rare = polars.col("layer") == 1
    table = table.with_columns(
        value=polars.when(rare).then(1e-7).otherwise("value"),
        stderr=polars.when(rare).then(0.9e-7).otherwise("stderr"),
    )
    ax = sweep_figure(table, "layer", "mse_x_active").axes[0]
    assert ax.get_ylim()[0] > 5e-3
    (low,) = marked(ax, "v")
    assert low.get_xdata().tolist() == [1]
    sure = table.with_columns(stderr=polars.when(rare).then(1e-8).otherwise("stderr"))
    assert sweep_figure(sure, "layer", "mse_x_active").axes[0].get_ylim()[0] < 1e-7


def test_bars_longer_than_any_number_are_cut(tmp_path):
    """Two networks far apart have an interval whose end has no place on a logarithmic axis."""
    store = stored(tmp_path / "store", [Configuration(network=i, seed=10**i) for i in (0, 7)])
    figure = sweep_figure(store.table(), "n_circuits", "mse_x_active", None, 1)
    save(figure, tmp_path / "x.png")
    low, high = figure.axes[0].get_ylim()
    assert 0 < low < high < 1e8


def test_other_figures_have_other_names():
    given: list[Any] = [
        ("n_circuits", "mse_x_active"),
        ("n_circuits", "mse_x_active", "redundancy"),
        ("n_circuits", "mse_x_active", None, 2),
        ("n_circuits", "mse_x_active", None, None, ("n_active == 2",)),
        ("n_circuits", "mse_x_active", None, None, ("n_active >= 2",)),
        ("n_circuits", "mse_x_active", None, None, ("n_active > 2", "T < 9")),
    ]
    names = [sweep_name(*one) for one in given]
    assert len(set(names)) == len(given)
    assert names[0] == "mse_x_active-by-n_circuits"
    assert names[3] == "mse_x_active-by-n_circuits-n_active-2"
    assert all(name == Path(name).name and " " not in name for name in names)


@pytest.mark.parametrize(
    "change, message",
    [
        (["--x", "n_active"], "`x` must be given together with `y`"),
        (["--x", "n_active", "--y", "mse_y_active"], "did you mean 'mse_x_active'"),
        (["--x", "construction", "--y", "mse_x_active"], "`x` must be one of"),
        (["--x", "n_active", "--y", "mse_x_active", "--layer", "9"], "`layer` must be one"),
        (["--x", "layer", "--y", "mse_x_active"], "got several"),
        (["--where", "T > 9999"], "`where` must leave something"),
        (["--where", "T == 300"], "must hold configurations of the published setting"),
        (["--format", "doc"], "`format` must be one of png, pdf, svg"),
    ],
)
def test_bad_input(change, message, folder, tmp_path, capsys):
    line = ["figures", str(folder), "--out", str(tmp_path), "--no-state-evolution", *change]
    assert cli.main(line) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_command_draws(folder, tmp_path, capsys):
    line = ["figures", str(folder), "--out", str(tmp_path), "--no-state-evolution"]
    assert cli.main(line) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["figure-5.png", "figure-6.png", "figure-8.png"]
    more = ["--x", "layer", "--y", "mse_x_active", "--hue", "n_active", "--where", "T == 557"]
    assert cli.main([*line, *more, "--format", "svg"]) == 0
    assert (
        (tmp_path / "mse_x_active-by-layer-and-n_active-T-557.svg").read_text().startswith("<?xml")
    )
    assert cli.main(["figures", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "must be a results store" in capsys.readouterr().err
