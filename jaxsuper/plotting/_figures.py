"""Whole figures, put together from panels."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._settings import IDENTITY
from ..analytics import ExperimentResult
from ..circuits import layout_of
from ._mse import plot_mse
from ._reference import agreement, BY_LAYER, BY_SIZE, LABEL, MARK, POST, PUBLISHED, reference
from ._style import AS_PUBLISHED, handles_of, key_of, legend_below, LINES, panels, style
from ._trajectories import plot_channel, plot_plane, sample_keys


_QUANTITIES = {
    "on": r"on-indicator, $\mathrm{E}(\hat\alpha-\alpha)^2$",
    "x": r"rotated vector, $\mathrm{E}|\hat x-x|^2$",
}


def simulation_figure(result: ExperimentResult) -> Figure:
    """Draw an experiment: errors by layer, active and inactive, and two sample trajectories.

    Args:
        result: the experiment.

    Returns:
        The figure; points are measured, with the bars of `plot_mse`, lines are predicted, diamonds
        what the published code measured where the settings are those of a published figure. The
        samples are of the fewest and of the most active circuits.
    """
    layout = layout_of(result.experiment.configuration.circuit)
    readouts = [name for name, _ in layout.readouts][:3]
    fewest, most = min(result.experiment.n_active), max(result.experiment.n_active)
    published = _published(result)
    with style():
        columns = len(readouts) + 1
        figure, axes = panels(2, columns, 3.4, 2.8)
        for row, kind in enumerate(("active", "inactive")):
            for ax, name in zip(axes[row], readouts, strict=False):
                metric = f"mse_{name}_{kind}"
                title = f"{kind}: {_QUANTITIES.get(name, name)}"
                plot_mse(ax, result.rows, metric, title, published.get(metric))
        for sample, (ax, z) in enumerate(zip(axes[:, -1], (fewest, most), strict=True)):
            _plot_sample(ax, result, z, sample if fewest == most else 0)
        found = handles_of(axes[:, :-1].flat)
        evolved = any("state_evolution" in row for row in result.rows)
        for dashes, label in list(LINES.values())[: 1 + evolved]:
            found[label] = key_of(axes[0, 0], dashes)
        if any(row.get("published") is not None for row in result.rows):
            found[AS_PUBLISHED[1]] = key_of(axes[0, 0], AS_PUBLISHED[0], linewidth=0.7)
        if published:
            found[LABEL] = key_of(axes[0, 0], MARK, markersize=7, linewidth=0)
        n_layers = result.experiment.configuration.n_layers
        found |= sample_keys(axes[0, -1], n_layers if "x" in readouts else None)
        legend_below(figure, found, margin=True)
        figure.suptitle(_caption(result, published), fontsize=9)
    return figure


def _plot_sample(ax: Axes, result: ExperimentResult, z: int, sample: int) -> None:
    layout = layout_of(result.experiment.configuration.circuit)
    estimated, truth = map(np.asarray, result.trajectories[z])
    sample = min(sample, estimated.shape[-1] - 1)  # a batch of one has no second
    title = f"one sample, z = {z}" if sample == 0 else f"another sample, z = {z}"
    drawn, true = estimated[..., sample], truth[..., sample]
    channels = dict(layout.readouts)
    if "x" in channels:
        rows = list(channels["x"])
        plot_plane(ax, drawn[:, rows], true[:, rows], title)
    else:
        name, (first, *_) = layout.readouts[0]
        plot_channel(ax, drawn[:, first], true[:, first], name, title)


def _published(result: ExperimentResult) -> dict[str, dict[int, dict[int, float]]]:
    """Return metric -> z -> layer -> what the reference code measured, at published settings."""
    given = result.experiment.configuration
    if any(getattr(given, name) != value for name, value in PUBLISHED.items()):
        return {}
    found: dict[str, dict[int, dict[int, float]]] = {}
    for metric in {row["metric"] for row in result.rows}:
        for z in result.experiment.n_active:
            layers = reference(given.network_width, given.n_circuits, z, metric)
            if layers:
                known = {layer: layers[layer] for layer in layers if layer <= given.n_layers}
                found.setdefault(metric, {})[z] = known
    return found


def _caption(result: ExperimentResult, published: dict[str, Any]) -> str:
    given, made = result.experiment.configuration, result.environment
    count = result.experiment.n_networks
    networks, bars = f"{count} networks", "95 % over networks, thick: samples alone"
    if count == 1:
        networks, bars = "this network", "95 % over its samples; lines: mean over networks"
    where = ""
    edges = "" if given.edges == IDENTITY else f", edges {given.edges}"
    if published:
        headline = (given.network_width, given.n_circuits) == (1000, 557)
        numbers = BY_LAYER if headline else BY_SIZE
        named = sorted(numbers[z] for z in result.experiment.n_active if z in numbers)
        pairs = [
            (row["value"], published[row["metric"]][row["n_active"]][row["layer"]])
            for row in result.rows
            if row["value"]
            and row["layer"] in published.get(row["metric"], {}).get(row["n_active"], {})
        ]
        figures = "figure" + "s" * (len(named) > 1) + f" {', '.join(map(str, named))}"
        where = f"{figures} of {POST}; {agreement(pairs)}\n"
    return (
        f"{where}{given.construction} {given.circuit}, {given.allocation}{edges}: "
        f"D = {given.network_width}, T = {given.n_circuits}, S = {given.redundancy}, "
        f"{given.batch_size} samples, {networks}, seed {given.seed}; bars: {bars}\n"
        f"closed form: nothing fires because of what fired by mistake; jaxsuper {made['jaxsuper']}, "
        f"jax {made['jax']}, {made['device']}, {made['dtype']} {made['precision']}"
    )
