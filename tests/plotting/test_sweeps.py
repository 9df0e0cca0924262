"""Figures of a sweep, and the predictions beside its rows."""

import numpy as np
import polars
import pytest
from jaxsuper import cli, predict
from jaxsuper.analytics import with_predictions
from jaxsuper.plotting import published_figures, sweep_figure
from jaxsuper.simulation import Configuration, metric_interval
from jaxsuper.sweep import _rows, read_store, Store
from matplotlib import pyplot as plt


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
    assert "this network" in caption(figures["figure-8"])
    assert len(figures["figure-8"].axes) == 16
    widths = [len(points(ax)) for ax in figures["figure-8"].axes]
    assert set(widths) == {2}
    ((_, y, half), _) = points(figures["figure-8"].axes[-1])
    np.testing.assert_allclose((y, half), ([0.04], [0.004]))
    plt.close("all")


def test_any_axes(folder):
    table = read_store(folder)
    figure = sweep_figure(table.filter(n_circuits=557), "layer", "mse_x_active", "n_active")
    assert len(points(figure.axes[0])) == 2
    figure = sweep_figure(table.filter(n_circuits=200), "density", "worst_x_active", layer=3)
    ((x, y, _),) = points(figure.axes[0])
    np.testing.assert_allclose(x, [200 * 16 / 1e6, 200 * 16 / 64e4])
    np.testing.assert_allclose(y, 0.03)
    plt.close("all")


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
        (["--format", "doc"], "`format` must be png, pdf or svg"),
        (["--out", "/no/such/folder"], "`out` must be an existing folder"),
    ],
)
def test_bad_input(change, message, folder, tmp_path, capsys):
    line = ["figures", str(folder), "--out", str(tmp_path), "--no-state-evolution", *change]
    assert cli.main(line) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not list(tmp_path.iterdir())
    plt.close("all")


def test_the_command_draws(folder, tmp_path, capsys):
    line = ["figures", str(folder), "--out", str(tmp_path), "--no-state-evolution"]
    assert cli.main(line) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["figure-5.png", "figure-6.png", "figure-8.png"]
    more = ["--x", "layer", "--y", "mse_x_active", "--hue", "n_active", "--where", "T == 557"]
    assert cli.main([*line, *more, "--format", "svg"]) == 0
    assert (tmp_path / "mse_x_active-by-layer.svg").read_text().startswith("<?xml")
    assert cli.main(["figures", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "must be a results store" in capsys.readouterr().err
    plt.close("all")
