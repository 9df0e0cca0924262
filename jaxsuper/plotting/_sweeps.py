"""Figures from the table of a sweep: the published figures 5-11, and any x, y and hue.

Figures 5-7: D = 1000, T = 557, one figure for each z = 1, 2, 3: errors by layer. Figures 8-11: the
grid of (D, T), one figure for each z = 1..4: errors by T, a colour for each D, a column per layer.
Points are measured, lines are predictions.
"""

from typing import Any, TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._errors import check, lookup, one_of
from ..circuits import kinds, width_of
from ..simulation import metric_interval
from ._style import color_of, style


if TYPE_CHECKING:
    import polars

_PUBLISHED = {
    "circuit": "rotation",
    "construction": "clipped",
    "allocation": "prime-steps",
    "indicator": "recomputed",
    "redundancy": 6,
    "lower_threshold": 0.25,
    "upper_threshold": 0.75,
    "gate_bias": 1.0,
    "inhibition": "scalar",
    "inhibition_factor": 1.0,
}
_ERRORS = {
    "mse_on_active": r"active, $\mathrm{E}(\hat\alpha-1)^2$",
    "mse_x_active": r"active, $\mathrm{E}|\hat x-x|^2$",
    "mse_on_inactive": r"inactive, $\mathrm{E}\hat\alpha^2$",
    "mse_x_inactive": r"inactive, $\mathrm{E}|\hat x|^2$",
}
_LABELS = {
    "network_width": "D",
    "n_circuits": "T",
    "redundancy": "S",
    "n_active": "z",
    "layer": "layer",
    "density": r"$T(d/D)^2$",
}
_LINES = {"closed_form": ("-", "closed form"), "state_evolution": ("--", "state evolution")}
# Below this an error is rounding, not a fact.
_FLOOR = 1e-8


def _averaged(table: "polars.DataFrame", by: list[str]) -> "polars.DataFrame":
    """Average over networks: with several, the bars are of the mean over all of them.

    Adds the reach of the bars, `down` and `up`: with several networks to the ends of the 95 %
    interval, with one its standard error over samples; and `within`, two standard errors of what
    the samples alone make of it.
    """
    import polars

    lines = [name for name in _LINES if name in table.columns]
    several = polars.len() > 1
    samples = (polars.col("stderr") ** 2).sum().sqrt() / polars.len()
    rows = (
        table.group_by(by)
        .agg(
            polars.col("value").mean(),
            polars.col("value").alias("values"),
            polars.col("metric").first().alias("of"),
            polars.col("batch_size").first().alias("samples"),
            polars.col("stderr").first().fill_nan(0.0).fill_null(0.0).alias("down"),
            polars.when(several).then(2 * samples).otherwise(0.0).alias("within"),
            *(polars.col(name).first() for name in lines),
        )
        .sort(by)
    )
    reach = [_reach(*row) for row in rows.select("of", "value", "values", "samples", "down").rows()]
    bars = np.array(reach).reshape(-1, 2)
    return rows.with_columns(down=bars[:, 0], up=bars[:, 1])


def _reach(
    metric: str, mean: float | None, values: list[float | None], samples: int, stderr: float
) -> tuple[float, float]:
    """Return how far the bars of one point go down and up."""
    networks = np.array([value for value in values if value is not None])
    if mean is None or len(networks) < 2:
        return stderr, stderr
    low, high = map(float, metric_interval(metric, networks, samples))
    if not np.isfinite(low):  # seldom seen: the standard error is all there is
        return (float(np.std(networks, ddof=1)) / len(networks) ** 0.5,) * 2
    return mean - low, high - mean


def _draw(ax: Axes, rows: "polars.DataFrame", x: str, color: str, label: str) -> None:
    """Draw one series: points with error bars, lines for what is predicted."""
    places, values = rows[x].to_numpy(), rows["value"].to_numpy()
    down, up, within = (np.nan_to_num(rows[name].to_numpy()) for name in ("down", "up", "within"))
    there = np.isfinite(values) & (values > _FLOOR)
    # An error bar that reaches 0 has no place on a logarithmic axis.
    most = 0.9 * np.abs(values)
    bars = np.stack([np.clip(down, 0, most), np.maximum(up, 0)])[:, there]
    if there.any():
        ax.errorbar(
            places[there],
            values[there],
            yerr=bars,
            fmt="o",
            markersize=3,
            capsize=2,
            linewidth=0.8,
            color=color,
            label=label,
        )
    if there.any() and within.any():
        inner = np.stack([np.minimum(within, most), within])[:, there]
        ax.errorbar(
            places[there], values[there], inner, fmt="none", elinewidth=2.4, color=color, alpha=0.5
        )
    for name, (dashes, _) in _LINES.items():
        if name not in rows.columns:
            continue
        line = rows.filter(rows[name].is_not_null() & (rows[name] > _FLOOR))
        if len(line) > 1:
            ax.plot(line[x].to_numpy(), line[name].to_numpy(), dashes, color=color, linewidth=1)
        elif len(line) == 1:
            ax.plot(
                line[x].to_numpy(),
                line[name].to_numpy(),
                "_" if dashes == "-" else "x",
                color=color,
                markersize=6,
            )


def _finish(ax: Axes, x: str, title: str) -> None:
    if ax.lines or ax.containers:
        ax.set_yscale("log")
    else:
        ax.text(0.5, 0.5, f"below {_FLOOR:g}", transform=ax.transAxes, ha="center", va="center")
        ax.set_yticks([])
    ax.set_xlabel(_LABELS.get(x, x))
    ax.set_title(title)


def _legend(figure: Figure, axes: Any, lines: list[str]) -> None:
    """One legend for the whole figure: hues, and what points and lines are."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    for name in lines:
        dashes, label = _LINES[name]
        (found[label],) = axes[0].plot([], [], dashes, color="0.3", linewidth=1)
    columns = max(3, int(figure.get_figwidth()))
    entries = (list(found.values()), list(found))
    figure.legend(*entries, loc="outside lower center", ncols=columns, fontsize=7)


def _lines_in(table: "polars.DataFrame") -> list[str]:
    return [n for n in _LINES if n in table.columns and table[n].is_not_null().any()]


def published_figures(table: "polars.DataFrame") -> dict[str, Figure]:
    """Draw those of figures 5-11 for which a sweep has the configurations.

    Args:
        table: from `analytics.with_predictions`, or from `sweep.read_store` for points alone.

    Returns:
        "figure-5" to "figure-11" -> figure.

    Raises:
        ValueError: if there is no configuration of the published setting.
    """
    import polars

    same = [polars.col(name) == value for name, value in _PUBLISHED.items()]
    rows = table.filter(*same, polars.col("metric").is_in(list(_ERRORS)))
    headline = rows.filter(network_width=1000, n_circuits=557, n_layers=5)
    grid = rows.filter(n_layers=4)
    figures: dict[str, Figure] = {}
    for number, z in ((5, 1), (6, 2), (7, 3)):
        here = headline.filter(n_active=z)
        if len(here):
            figures[f"figure-{number}"] = _by_layer(here, z)
    for number, z in ((8, 1), (9, 2), (10, 3), (11, 4)):
        here = grid.filter(n_active=z)
        if len(here):
            figures[f"figure-{number}"] = _by_size(here, z)
    rule = "must hold configurations of the published setting"
    check(bool(figures), "store", rule, "none", "give x, y and hue for another figure")
    return figures


def _caption(table: "polars.DataFrame") -> str:
    made = table.row(0, named=True)
    networks = table.select("seed", "network").n_unique()
    unit, bars = f"{networks} networks", "95 % of the mean over networks, thick: samples alone"
    if networks == 1:
        unit, bars = "this network", "± s.e. over its samples; lines: mean over networks"
    return (
        f"{made['batch_size']} samples, {unit} (bars: {bars}; S = {made['redundancy']})\n"
        f"jaxsuper {made['jaxsuper']}, "
        f"jax {made['jax']}, {made['device']}"
    )


def _by_layer(table: "polars.DataFrame", z: int) -> Figure:
    rows = _averaged(table, ["metric", "layer"])
    with style():
        figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
        for index, (ax, (metric, title)) in enumerate(zip(axes, _ERRORS.items(), strict=True)):
            _draw(ax, rows.filter(metric=metric), "layer", color_of(index), "measured")
            _finish(ax, "layer", title)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.set_xlim(0.7, int(table["n_layers"][0]) + 0.3)
        _legend(figure, [axes[1]], _lines_in(table))
        figure.suptitle(f"D = 1000, T = 557, z = {z}: {_caption(table)}", fontsize=8)
    return figure


def _by_size(table: "polars.DataFrame", z: int) -> Figure:
    rows = _averaged(table, ["metric", "layer", "network_width", "n_circuits"])
    layers = sorted(table["layer"].unique())
    widths = sorted(table["network_width"].unique())
    with style():
        size = (2.8 * len(layers), 2.1 * len(_ERRORS) + 0.6)
        figure, axes = plt.subplots(
            len(_ERRORS),
            len(layers),
            figsize=size,
            layout="constrained",
            sharex=True,
            squeeze=False,
        )
        for line, (metric, title) in zip(axes, _ERRORS.items(), strict=True):
            for ax, layer in zip(line, layers, strict=True):
                here = rows.filter(metric=metric, layer=layer)
                for index, width in enumerate(widths):
                    series = here.filter(network_width=width)
                    _draw(ax, series, "n_circuits", color_of(index), f"D = {width}")
                _finish(ax, "n_circuits", f"layer {layer}")
                if metric != list(_ERRORS)[-1]:
                    ax.set_xlabel("")
            line[0].set_ylabel(title)
        _legend(figure, list(axes.flat), _lines_in(table))
        figure.suptitle(f"z = {z}: {_caption(table)}", fontsize=8)
    return figure


def _check_alike(rows: "polars.DataFrame", by: list[str]) -> None:
    """Raise a `ValueError` if rows of one point are of different settings."""
    import polars

    settings = [name for name in rows.columns[1 : rows.columns.index("layer") + 1]]
    others = [name for name in settings if name not in ("seed", "network", *by)]
    counts = rows.group_by(by).agg(polars.col(others).n_unique()).drop(by).max()
    mixed = [name for name in others if counts[name][0] > 1]
    remedy = "name one as `hue`, or choose a value by `where`"
    check(not mixed, "x", "and `hue` must tell points apart", f"several {', '.join(mixed)}", remedy)


def sweep_figure(
    table: "polars.DataFrame", x: str, y: str, hue: str | None = None, layer: int | None = None
) -> Figure:
    """Draw one metric of a sweep against a setting, a colour for each value of another.

    Args:
        table: as of `published_figures`; seeds are averaged over, and nothing else.
        x: a numeric setting, "layer" or "density" (T (d/D)^2 with d of the circuit).
        y: a metric.
        hue: a setting, "layer" or none.
        layer: which layer; the last of every configuration if left out, all if x or hue is "layer".

    Returns:
        The figure.

    Raises:
        ValueError: for unknown names or layers, or if configurations that differ in more than x, hue
            and seed would fall on one point.
    """
    import polars

    metrics = sorted(table["metric"].drop_nulls().unique())
    one_of(metrics, y, "y")
    widths = {kind: width_of(kind) for kind in kinds()}
    d = polars.col("circuit").replace_strict(widths, return_dtype=polars.Float64)
    density = polars.col("n_circuits") * (d / polars.col("network_width")) ** 2
    rows = table.filter(polars.col("metric") == y).with_columns(density.alias("density"))
    columns = {name: kind for name, kind in rows.schema.items() if name not in ("value", "stderr")}
    lookup({name: kind for name, kind in columns.items() if kind.is_numeric()}, x, "x")
    if hue is not None:
        lookup(columns, hue, "hue")
    if layer is not None:
        rows = rows.filter(layer=layer)
        check(len(rows) > 0, "layer", "must be one that was run", layer)
    elif "layer" not in (x, hue):
        rows = rows.filter(polars.col("layer") == polars.col("n_layers"))
    _check_alike(rows, [x] if hue is None else [x, hue])
    groups = [None] if hue is None else sorted(rows[hue].unique())
    with style():
        figure, ax = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
        for index, group in enumerate(groups):
            series = rows if hue is None else rows.filter(polars.col(hue) == group)
            label = "measured" if hue is None else f"{_LABELS.get(hue, hue)} = {group}"
            label += ", this network" * (series.select("seed", "network").n_unique() == 1)
            _draw(ax, _averaged(series, [x]), x, color_of(index), label)
        _finish(ax, x, _ERRORS.get(y, y))
        _legend(figure, [ax], _lines_in(rows))
    return figure
