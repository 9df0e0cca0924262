"""The figure of an exported network's card: its errors by layer beside the naive baseline."""

from typing import Any

from matplotlib.figure import Figure

from ..testbed import Config
from ._style import color_of, legend_below, logarithmic, style, subplots


# What is exact but for rounding is left out.
_FLOOR = 1e-8


def _seen(value: float | None) -> float:
    return float("nan") if value is None or value < _FLOOR else value


def export_figure(config: Config) -> Figure:
    """Draw errors by layer for every z of the card, and those of the naive baseline.

    Args:
        config: of an export.

    Returns:
        The figure: left per active circuit, right summed over all circuits of a sample, each read only
        where its own indicator is above 1/2; dashed the naive baseline.
    """
    shown = [name for name in config.readouts if name != "on"] or list(config.readouts)
    rows = [row for row in config.baseline if row["readout"] == shown[0]]
    panels = (
        ("active", "naive", "squared error per active circuit"),
        ("gated", "naive_every", f"summed over all {config.n_circuits} circuits, gated"),
    )
    with style():
        figure, axes = subplots(1, 2, figsize=(8, 3.6))
        found: dict[str, Any] = {}
        loads = list(dict.fromkeys(row["n_active"] for row in rows))
        for ax, (own, naive, label) in zip(axes, panels, strict=True):
            drawn = []
            for index, z in enumerate(loads):
                mine = [row for row in rows if row["n_active"] == z]
                layers = [row["layer"] for row in mine]
                values, base = ([_seen(row[name]) for row in mine] for name in (own, naive))
                bars = [row["active_stderr"] or 0.0 for row in mine] if own == "active" else None
                color = color_of(index)
                line = ax.errorbar(layers, values, bars, fmt="o-", color=color, markersize=4)
                dashed = ax.plot(layers, base, "--", color=color, linewidth=1)[0]
                found |= {f"z = {z}": line, f"naive, z = {z}": dashed}
                drawn += values + base
            logarithmic(ax, drawn)
            ax.set(xlabel="layer", title=label)
            ax.set_xticks(range(1, config.n_layers + 1))
        at = config.position.get("distance")
        where = f", T/T_c = {at:.3g} at z = {config.position['n_active']}" if at else ""
        sizes = f"{config.construction}: T = {config.n_circuits} circuits in D = {config.n_neurons}"
        figure.suptitle(f"{sizes} neurons{where}", fontsize=10)
        legend_below(figure, found)
    return figure
