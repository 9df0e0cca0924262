"""Any metric of a sweep against any setting, a colour for each value of another."""

import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any, TYPE_CHECKING

from matplotlib.figure import Figure

from .._errors import check, lookup, one_of
from .._limits import check_index
from ..circuits import kinds, width_of
from ._series import averaged, bottom_of, draw, ERRORS, finish, keys, LABELS, lines_in
from ._style import colors_of, style, subplots


if TYPE_CHECKING:
    import polars

# Settings that the title names if all that is drawn has the same.
_TITLED = ("network_width", "n_circuits", "redundancy", "n_active", "n_layers")
_KIND = ("construction", "circuit", "allocation")


def sweep_name(
    x: str, y: str, hue: str | None = None, layer: int | None = None, where: Sequence[str] = ()
) -> str:
    """Return a file's name for `sweep_figure`, without ending: another figure has another name.

    Args:
        x: as of `sweep_figure`.
        y: as of it.
        hue: as of it.
        layer: as of it.
        where: conditions on what is drawn.
    """
    parts = [f"{y}-by-{x}"]
    parts += [f"and-{hue}"] if hue else []
    parts += [f"layer-{layer}"] if layer is not None else []
    signs = {"<=": "-to-", ">=": "-from-", "==": "-", "!=": "-not-", "<": "-below-", ">": "-above-"}
    for condition in where:
        for sign, word in signs.items():
            condition = condition.replace(sign, word)
        parts.append(re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9_.]+", "-", condition)).strip("-"))
    return "-".join(parts)


def _named(setting: str, value: Any) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{LABELS.get(setting, setting)} = {shown}"


def _title(rows: "polars.DataFrame", x: str, hue: str | None, layer: int | None) -> str:
    """Return what all points have in common."""
    same = {name: rows[name][0] for name in (*_KIND, *_TITLED) if rows[name].n_unique() == 1}
    parts = [" ".join(str(same[name]) for name in _KIND if name in same)]
    parts += [_named(name, same[name]) for name in _TITLED if name in same]
    if layer is not None or "layer" not in (x, hue):
        parts.append("last layer" if layer is None else f"layer {layer}")
    networks = rows.select("seed", "network").n_unique()
    parts.append("one network" if networks == 1 else f"{networks} networks")
    # As wide as the panel, in letters of the size of a title, and broken between parts only.
    glued = (part.replace(" ", "\xa0") for part in parts if part)
    return fill(", ".join(glued), 64).replace("\xa0", " ")


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
        check_index("layer", layer)
        rows = rows.filter(layer=layer)
        check(len(rows) > 0, "layer", "must be one that was run", layer)
    elif "layer" not in (x, hue):
        rows = rows.filter(polars.col("layer") == polars.col("n_layers"))
    _check_alike(rows, [x] if hue is None else [x, hue])
    groups = [None] if hue is None else sorted(rows[hue].unique())
    drawn = averaged(rows, [x] if hue is None else [x, hue])
    bottom = bottom_of(drawn)
    with style():
        figure, ax = subplots(figsize=(7.4, 4.2))
        for color, group in zip(colors_of(len(groups)), groups, strict=True):
            series = drawn if hue is None else drawn.filter(polars.col(hue) == group)
            label = "measured" if hue is None else _named(hue, group)
            draw(ax, series, x, color, label, bottom)
        finish(ax, drawn, x, _title(rows, x, hue, layer), bottom)
        ax.set_ylabel(ERRORS.get(y, y))
        found = keys([ax], lines_in(rows))
        figure.legend(list(found.values()), list(found), loc="outside right upper", fontsize=8)
    return figure
