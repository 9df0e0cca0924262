"""A series of a sweep in a panel: points with error bars, and lines for what is predicted."""

from typing import Any, TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..simulation import metric_interval
from ._style import handles_of, key_of, legend_below, LINES, logarithmic, say_nothing_to_see


if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

ERRORS = {
    "mse_on_active": r"active, $\mathrm{E}(\hat\alpha-1)^2$",
    "mse_x_active": r"active, $\mathrm{E}|\hat x-x|^2$",
    "mse_on_inactive": r"inactive, $\mathrm{E}\hat\alpha^2$",
    "mse_x_inactive": r"inactive, $\mathrm{E}|\hat x|^2$",
}
LABELS = {
    "network_width": "D",
    "n_circuits": "T",
    "redundancy": "S",
    "n_active": "z",
    "n_layers": "L",
    "layer": "layer",
    "density": r"$T(d/D)^2$",
}
# Below this an error is rounding, not a fact.
_FLOOR = 1e-8
# Above a point, as a factor: further than any panel shows.
_FARTHEST = 1e6
# Standard errors from 0 of a value of which one can say how large it is.
_KNOWN = 3.0


def averaged(table: "polars.DataFrame", by: list[str]) -> "polars.DataFrame":
    """Average over networks: with several, the bars are of the mean over all of them.

    Adds the reach of the bars, `down` and `up`: with several networks to the ends of the 95 %
    interval, with one its standard error over samples; `within`, two standard errors of what
    the samples alone make of it; and `known`, whether the value is well above 0.
    """
    import polars

    lines = [name for name in LINES if name in table.columns]
    several = polars.len() > 1
    samples = (polars.col("stderr") ** 2).sum().sqrt() / polars.len()
    spread = polars.when(several).then(polars.col("value").std() / polars.len().sqrt())
    rows = (
        table.group_by(by)
        .agg(
            polars.col("value").mean(),
            polars.col("value").alias("values"),
            polars.col("metric").first().alias("of"),
            polars.col("batch_size").first().alias("samples"),
            polars.col("stderr").first().fill_nan(0.0).fill_null(0.0).alias("down"),
            polars.when(several).then(2 * samples).otherwise(0.0).alias("within"),
            spread.otherwise(polars.col("stderr").first()).fill_nan(0.0).alias("error"),
            *(polars.col(name).first() for name in lines),
        )
        .sort(by)
    )
    reach = [_reach(*row) for row in rows.select("of", "value", "values", "samples", "down").rows()]
    bars = np.array(reach).reshape(-1, 2)
    known = polars.col("value") >= _KNOWN * polars.col("error").fill_null(0.0)
    return rows.with_columns(down=bars[:, 0], up=bars[:, 1]).with_columns(known=known)


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


def bottom_of(rows: "polars.DataFrame") -> float:
    """Return the lower end of a panel: half the least value whose size is known.

    A mean of few events may be anywhere over decades, which would flatten all others. Where nothing
    lies below that, there is no such end.
    """
    values = np.nan_to_num(rows["value"].to_numpy().astype(float))
    seen = values > _FLOOR
    known = values[seen & rows["known"].fill_null(False).to_numpy()]
    bottom = float(known.min()) / 2 if len(known) else _FLOOR
    return bottom if (seen & (values < bottom)).any() else _FLOOR


def draw(
    ax: Axes, rows: "polars.DataFrame", x: str, color: str, label: str, bottom: float = _FLOOR
) -> None:
    """Draw one series.

    Args:
        ax: where to draw.
        rows: as `averaged` gives them.
        x: the column of places.
        color: of everything.
        label: of the points.
        bottom: the lower end of the panel; points below are triangles there.
    """
    places, values = rows[x].to_numpy(), rows["value"].to_numpy()
    down, up, within = (np.nan_to_num(rows[name].to_numpy()) for name in ("down", "up", "within"))
    there = np.isfinite(values) & (values > _FLOOR)
    low = there & (values < bottom)
    there &= ~low
    ax.plot(places[low], np.full(low.sum(), bottom), "v", mfc="none", color=color, markersize=4)
    # An error bar that reaches 0 has no place on a logarithmic axis.
    most = 0.9 * np.abs(values)
    # One that leaves the panel is cut there, and may be too long for the axis to be scaled by.
    longest = _FARTHEST * np.abs(values)
    bars = np.stack([np.clip(down, 0, most), np.clip(up, 0, longest)])[:, there]
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
    for name, (dashes, _) in LINES.items():
        if name not in rows.columns:
            continue
        line = rows.filter(rows[name].is_not_null() & (rows[name] > _FLOOR))
        mark = dashes if len(line) > 1 else {"-": "_", ":": "x"}[dashes]
        if len(line):
            ax.plot(
                line[x].to_numpy(),
                line[name].to_numpy(),
                mark,
                color=color,
                linewidth=1,
                markersize=6,
            )


def finish(ax: Axes, rows: "polars.DataFrame", x: str, title: str, bottom: float = _FLOOR) -> None:
    """Scale and name a panel.

    Args:
        ax: with everything drawn.
        rows: all that was drawn.
        x: the column of places.
        title: of the panel.
        bottom: as of `draw`.
    """
    names = [name for name in ("value", *LINES) if name in rows.columns]
    shown = [value for name in names for value in rows[name].drop_nulls() if value > _FLOOR]
    if shown:
        logarithmic(ax, shown)
        if bottom > _FLOOR:
            ax.set_ylim(bottom=bottom / 1.2)
    else:
        say_nothing_to_see(ax, _FLOOR)
    ax.set_xlabel(LABELS.get(x, x))
    ax.set_title(title)


def lines_in(table: "polars.DataFrame") -> list[str]:
    """Return the names of the predictions that a table has."""
    return [n for n in LINES if n in table.columns and table[n].is_not_null().any()]


def keys(axes: Any, lines: list[str], **more: Any) -> dict[str, Any]:
    """Return label -> handle of hues, and of what points and lines are."""
    found = handles_of(axes)
    for name in lines:
        dashes, label = LINES[name]
        found[label] = key_of(axes[0], dashes, linewidth=1)
    return found | more


def legend(figure: "Figure", axes: Any, lines: list[str], **more: Any) -> None:
    """Draw one legend for the whole figure, below it."""
    legend_below(figure, keys(axes, lines, **more))
